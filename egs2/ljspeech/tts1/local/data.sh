#!/usr/bin/env bash
# Stage 1 of run.sh: make data/{tr_no_dev,dev,eval1} of LJSpeech.
# shellcheck disable=SC2154  # opt declares the options
set -euo pipefail
. utils/recipe.sh
url=https://data.keithito.com/data/speech/LJSpeech-1.1.tar.bz2

usage "Make data/{tr_no_dev,dev,eval1} of LJSpeech 1.1."
opt stage         1     "First stage"
opt stop_stage    10000 "Last stage"
opt ljspeech_root ""    "Folder LJSpeech-1.1 of the unpacked archive (default: LJSPEECH, from the environment or db.sh)"
opt num_dev       250   "Sentences of dev"
opt num_eval1     250   "Sentences of eval1, the last ones"
stage 1 download "Fetch and unpack the archive (2.7 GB), when LJSPEECH=downloads"
stage 2 prepare  "Write data/all"
stage 3 split    "Part data/all"
parse_options "$@"
. ./path.sh
. ./db.sh

ljspeech_root=${ljspeech_root:-${LJSPEECH}}
[ "${ljspeech_root}" != downloads ] || ljspeech_root=downloads/LJSpeech-1.1

stage_download() {
    [ "${ljspeech_root}" = downloads/LJSpeech-1.1 ] || return 0
    python3 local/download_and_untar.py "${url}" downloads
}

# metadata.csv: <id>|<as it is written>|<numbers in words>
stage_prepare() {
    local table=${ljspeech_root}/metadata.csv
    need_file "${table}" "give the folder of the unpacked archive by --ljspeech_root or LJSPEECH"
    mkdir -p data/all
    LC_ALL=C sort "${table}" | awk -F '|' -v root="${ljspeech_root}" '{
        print $1, $3 > "data/all/text"
        print $1, root "/wavs/" $1 ".wav" > "data/all/wav.scp"
        print $1, "LJ" > "data/all/utt2spk"
    }'
    utils/utt2spk_to_spk2utt.pl data/all/utt2spk > data/all/spk2utt
    utils/validate_data_dir.sh --no-feats --non-print data/all
}

stage_split() {
    local total
    total=$(wc -l < data/all/text)
    utils/subset_data_dir.sh --last data/all "${num_eval1}" data/eval1
    utils/subset_data_dir.sh --first data/all $((total - num_eval1)) data/tr_and_dev
    utils/subset_data_dir.sh --last data/tr_and_dev "${num_dev}" data/dev
    utils/subset_data_dir.sh --first data/tr_and_dev $((total - num_eval1 - num_dev)) data/tr_no_dev
}

run_stages
