#!/usr/bin/env bash
# LJSpeech: 24 hours of one US speaker, read from seven books.
set -euo pipefail

./tts.sh \
    --lang en \
    --audio_format wav \
    --fs 22050 \
    --token_type phn \
    --cleaner tacotron \
    --g2p espeak_ng_english_us_vits \
    --train_config conf/train_fastspeech2.yaml \
    --inference_config conf/decode.yaml \
    --inference_model valid.loss.ave.pth \
    --train_set tr_no_dev \
    --valid_set dev \
    --test_sets "dev eval1" \
    "$@"
