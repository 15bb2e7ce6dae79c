#!/usr/bin/env bash
# Stage 1 of run.sh: make data/train, data/dev and data/test.
# shellcheck disable=SC2154  # opt declares the options
set -euo pipefail
. utils/recipe.sh
. utils/jobs.sh

usage "Let one synthetic voice speak the sentences of mini_tts and write the data folders. Every run makes the same bytes."
opt stage      1     "First stage"
opt stop_stage 10000 "Last stage"
opt nj         ""    "Processes of the synthesis (default: one per core)"
opt num_train  540   "Sentences of train"
opt num_dev    20    "Sentences of dev"
opt num_test   40    "Sentences of test"
stage 1 synthesise "Speak all sentences, write wav.scp, text and utt2spk"
stage 2 validate   "Complete and check the data folders"
parse_options "$@"
. ./path.sh
. ./db.sh

stage_synthesise() {
    python3 local/synthesise.py --audio_dir "${MINI_TTS}/wav" --data_dir data --nj "${nj:-$(num_cores)}" \
        --num_train "${num_train}" --num_dev "${num_dev}" --num_test "${num_test}"
}

stage_validate() {
    local name
    for name in train dev test; do
        utils/utt2spk_to_spk2utt.pl "data/${name}/utt2spk" > "data/${name}/spk2utt"
        utils/validate_data_dir.sh --no-feats "data/${name}"
    done
}

run_stages
