#!/usr/bin/env bash
# Stage 1 of run.sh: make data/{train,dev,test,test_unseen} from a clone of free-spoken-digit-dataset.
# shellcheck disable=SC2154  # opt declares the options
set -euo pipefail
. utils/recipe.sh
url=https://github.com/Jakobovski/free-spoken-digit-dataset

usage "Compose connected-digit strings from recordings of single digits. Every run makes the same bytes."
opt stage      1     "First stage"
opt stop_stage 10000 "Last stage"
opt fsdd       ""    "Folder of the corpus (default: FSDD, from the environment or db.sh)"
opt unseen     "theo yweweler" "Speakers whom training never hears: test_unseen"
opt num_train  2000  "Strings of train"
stage 1 download "Clone the corpus, when FSDD=downloads"
stage 2 compose  "Compose the strings, write wav.scp, text and utt2spk"
stage 3 validate "Complete and check the data folders"
parse_options "$@"
. ./path.sh
. ./db.sh

if [ -z "${fsdd}" ]; then
    fsdd=${FSDD}
    [ "${fsdd}" != downloads ] || fsdd=downloads/free-spoken-digit-dataset
fi

stage_download() {
    [ ! -d "${fsdd}" ] || return 0
    [ "${fsdd}" = downloads/free-spoken-digit-dataset ] \
        || die "the folder ${fsdd} does not exist. Get the corpus:  git clone ${url}  and set FSDD=<its folder>"
    git clone --depth 1 "${url}" "${fsdd}" \
        || die "cannot clone ${url}. Get it on another machine and set FSDD=<its folder>, in the environment or in db.sh"
}

stage_compose() {
    # shellcheck disable=SC2086  # names of speakers, one word each
    python3 local/compose.py --fsdd "${fsdd}" --audio_dir downloads/strings --data_dir data \
        --unseen ${unseen} --num_train "${num_train}"
}

stage_validate() {
    local name
    for name in train dev test test_unseen; do
        utils/utt2spk_to_spk2utt.pl "data/${name}/utt2spk" > "data/${name}/spk2utt"
        utils/validate_data_dir.sh --no-feats "data/${name}"
    done
}

run_stages
