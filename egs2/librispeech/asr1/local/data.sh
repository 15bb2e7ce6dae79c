#!/usr/bin/env bash
# Stage 1 of run.sh: make the data folders of LibriSpeech, 960 hours of training.
# shellcheck disable=SC2154  # opt declares the options
set -euo pipefail
. utils/recipe.sh
url=https://www.openslr.org/resources

usage "Make data/{train_960,dev,dev_clean,dev_other,test_clean,test_other}, and data/local/other_text for the LM."
opt stage       1     "First stage"
opt stop_stage  10000 "Last stage"
opt librispeech ""    "Folder that holds LibriSpeech/ (default: LIBRISPEECH, from the environment or db.sh)"
opt train_parts "train-clean-100 train-clean-360 train-other-500" "Parts that make the training set"
opt train_set   train_960 "Its name"
opt use_other_text true "Fetch the text of 14,500 books for the language model"
stage 1 download "Fetch and unpack the parts that are not there"
stage 2 prepare  "Write a data folder per part"
stage 3 combine  "Join the training parts, and the development parts"
stage 4 text     "Prepare the text for the language model"
parse_options "$@"
. ./path.sh
. ./db.sh

librispeech=${librispeech:-${LIBRISPEECH}}
[ -n "${librispeech}" ] || die "set LIBRISPEECH in db.sh: 'downloads', or the folder that holds LibriSpeech/"
eval_parts="dev-clean dev-other test-clean test-other"

# The folder of a part: <librispeech>/LibriSpeech/<part> as the archives unpack, or <librispeech>/<part>.
part_dir() {
    local tree=${librispeech}/LibriSpeech
    [ -d "${tree}/$1" ] || [ ! -d "${librispeech}/$1" ] || tree=${librispeech}
    echo "${tree}/$1"
}

stage_download() {
    local part
    for part in ${train_parts} ${eval_parts}; do
        if [ "${librispeech}" = downloads ]; then
            python3 local/download_and_untar.py "${url}/12/${part}.tar.gz" downloads
        elif [ ! -d "$(part_dir "${part}")" ]; then
            die "$(part_dir "${part}") is not there (LIBRISPEECH=downloads fetches it)"
        fi
    done
}

stage_prepare() {
    local part dir
    for part in ${train_parts} ${eval_parts}; do
        dir=data/${part//-/_}
        python3 local/data_prep.py "$(part_dir "${part}")" "${dir}"
        utils/utt2spk_to_spk2utt.pl "${dir}/utt2spk" > "${dir}/spk2utt"
        utils/validate_data_dir.sh --no-feats "${dir}"
    done
}

stage_combine() {
    local part
    local -a dirs=()
    for part in ${train_parts}; do
        dirs+=("data/${part//-/_}")
    done
    if [ "${dirs[*]}" != "data/${train_set}" ]; then
        utils/combine_data.sh "data/${train_set}" "${dirs[@]}"
    fi
    utils/combine_data.sh data/dev data/dev_clean data/dev_other
}

stage_text() {
    local dir=data/local/other_text file=librispeech-lm-norm.txt.gz
    "${use_other_text}" || return 0
    mkdir -p "${dir}"
    if [ ! -e "${librispeech}/${file}" ]; then
        log "downloading ${url}/11/${file}"
        python3 -c 'import sys, urllib.request; urllib.request.urlretrieve(*sys.argv[1:])' \
            "${url}/11/${file}" "${librispeech}/${file}.part"
        mv "${librispeech}/${file}.part" "${librispeech}/${file}"
    fi
    gzip -cd "${librispeech}/${file}" | awk 'NF { printf "librispeech_lng_%08d %s\n", NR, $0 }' > "${dir}/text.tmp"
    mv "${dir}/text.tmp" "${dir}/text"
}

run_stages
