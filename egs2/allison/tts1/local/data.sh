#!/usr/bin/env bash
# Stage 1 of run.sh: make data/train, data/dev and data/test.
# shellcheck disable=SC2154  # opt declares the options
set -euo pipefail
. utils/recipe.sh
package=asterisk-core-sounds-en

usage "Make data/{train,dev,test} of Asterisk's prompts: 16 minutes of one voice."
opt stage      1     "First stage"
opt stop_stage 10000 "Last stage"
opt allison    ""    "Folder of the corpus, with train, test and wav (default: ALLISON, from the environment or db.sh)"
opt num_dev    22    "Prompts of train that become dev"
stage 1 download "Fetch Debian's packages ${package} and ${package}-g722, when ALLISON=downloads"
stage 2 prepare  "Write wav.scp, text and utt2spk"
stage 3 split    "Part dev from train"
parse_options "$@"
. ./path.sh
. ./db.sh

allison=${allison:-${ALLISON}}
[ "${allison}" != downloads ] || allison=downloads/allison

stage_download() {
    local file how="fetch ${package} and ${package}-g722 into downloads on a machine with apt-get"
    [ "${allison}" = downloads/allison ] && [ ! -d "${allison}/wav" ] || return 0
    mkdir -p downloads/root
    compgen -G "downloads/${package}-g722_*.deb" > /dev/null \
        || (cd downloads && apt-get download "${package}" "${package}-g722") || die "cannot download: ${how}"
    for file in downloads/"${package}"_*.deb downloads/"${package}"-g722_*.deb; do
        dpkg -x "${file}" downloads/root
    done
    python3 local/unpack_prompts.py downloads/root "${allison}" local/test.list
}

stage_prepare() {
    local name
    [ -d "${allison}/wav" ] || die "${allison} is not the corpus: it has no folder wav. See README.md"
    for name in train test; do
        mkdir -p "data/${name}_all"
        cp "${allison}/${name}"/{text,utt2spk} "data/${name}_all"
        # its paths begin with the name of the corpus' folder
        awk -v root="${allison}" '{ sub(/^[^\/]*\//, "", $2); print $1, root "/" $2 }' \
            "${allison}/${name}/wav.scp" > "data/${name}_all/wav.scp"
        utils/utt2spk_to_spk2utt.pl "data/${name}_all/utt2spk" > "data/${name}_all/spk2utt"
        utils/validate_data_dir.sh --no-feats "data/${name}_all"
    done
    utils/copy_data_dir.sh data/test_all data/test
}

# Every so many prompts one goes to dev, so that all kinds of prompts are there.
stage_split() {
    local total
    total=$(wc -l < data/train_all/text)
    awk -v every=$((total / num_dev)) -v most="${num_dev}" 'NR % every == 0 && n++ < most { print $1 }' \
        data/train_all/text > data/dev.list
    utils/subset_data_dir.sh --utt-list data/dev.list data/train_all data/dev
    utils/filter_scp.pl --exclude data/dev.list data/train_all/text | cut -d " " -f 1 > data/train.list
    utils/subset_data_dir.sh --utt-list data/train.list data/train_all data/train
}

run_stages
