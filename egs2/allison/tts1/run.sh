#!/usr/bin/env bash
# Allison: 518 studio prompts of the Asterisk telephone system by one US speaker, 16 minutes.
set -euo pipefail

./tts.sh \
    --lang en \
    --audio_format flac \
    --fs 16000 \
    --token_type phn \
    --cleaner tacotron \
    --g2p espeak_ng_english_us_vits \
    --train_config conf/train_fastspeech2.yaml \
    --inference_config conf/decode.yaml \
    --inference_model valid.loss.ave.pth \
    --write_collected_feats true \
    --train_set train \
    --valid_set dev \
    --test_sets test \
    "$@"
