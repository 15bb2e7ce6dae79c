#!/usr/bin/env bash
# Stage 1 of run.sh: make data/{train_nodev,train_dev,test} of AN4.
# shellcheck disable=SC2154  # opt declares the options
set -euo pipefail
. utils/recipe.sh
url=http://www.speech.cs.cmu.edu/databases/an4/an4_sphere.tar.gz
mirror=https://dldata-public.s3.us-east-2.amazonaws.com/an4_sphere.tar.gz

usage "Make data/{train_nodev,train_dev,test} from AN4 in NIST sphere files."
opt stage      1     "First stage"
opt stop_stage 10000 "Last stage"
opt an4_root   ""    "Folder an4 of the unpacked archive (default: AN4, from the environment or db.sh)"
opt num_dev    100   "Utterances of the training list that become train_dev"
stage 1 download "Fetch and unpack the archive (64 MB), when AN4=downloads"
stage 2 prepare  "Write data/train and data/test"
stage 3 split    "Part data/train into train_dev and train_nodev"
parse_options "$@"
. ./path.sh
. ./db.sh

if [ -z "${an4_root}" ]; then
    an4_root=${AN4}
    [ "${an4_root}" != downloads ] || an4_root=downloads/an4
fi

stage_download() {
    [ "${an4_root}" = downloads/an4 ] || return 0
    python3 local/download_and_untar.py "${url}" downloads || python3 local/download_and_untar.py "${mirror}" downloads
}

stage_prepare() {
    local name
    python3 local/data_prep.py "${an4_root}" data
    for name in train test; do
        utils/utt2spk_to_spk2utt.pl "data/${name}/utt2spk" > "data/${name}/spk2utt"
        utils/validate_data_dir.sh --no-feats "data/${name}"
    done
}

stage_split() {
    local num_train
    num_train=$(($(wc -l < data/train/text) - num_dev))
    utils/subset_data_dir.sh --first data/train "${num_dev}" data/train_dev
    utils/subset_data_dir.sh --last data/train "${num_train}" data/train_nodev
}

run_stages
