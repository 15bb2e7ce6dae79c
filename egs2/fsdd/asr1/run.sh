#!/usr/bin/env bash
# Connected digits from real speech (FSDD, 8 kHz), with two speakers whom training never hears.
# Where the corpus lies: FSDD=<folder> ./run.sh
set -euo pipefail

./asr.sh \
    --lang en \
    --fs 8k \
    --audio_format wav \
    --speed_perturb_factors "0.85 0.925 1.0 1.075 1.15" \
    --token_type word \
    --use_lm false \
    --feats_normalize utterance_mvn \
    --inference_asr_model valid.loss.ave.pth \
    --asr_config conf/train_asr_conformer.yaml \
    --inference_config conf/decode_asr.yaml \
    --train_set train \
    --valid_set dev \
    --test_sets "test test_unseen" \
    --lm_train_text data/train/text \
    "$@"
