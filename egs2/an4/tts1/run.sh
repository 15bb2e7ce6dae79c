#!/usr/bin/env bash
# AN4 as a corpus for synthesis: 50 minutes of 74 speakers, so the model is told the speaker. A try of the tools, not of quality.
set -euo pipefail
[ ! -d ../asr1/downloads/an4 ] || export AN4=${AN4:-../asr1/downloads/an4}      # fetched by the recogniser's recipe

./tts.sh \
    --lang en \
    --audio_format flac \
    --fs 16000 \
    --token_type char \
    --cleaner none \
    --use_sid true \
    --train_config conf/train_fastspeech2.yaml \
    --inference_config conf/decode.yaml \
    --inference_model valid.loss.ave.pth \
    --train_set train_nodev \
    --valid_set train_dev \
    --test_sets "train_dev test" \
    "$@"
