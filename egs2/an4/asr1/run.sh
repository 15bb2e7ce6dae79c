#!/usr/bin/env bash
# AN4 (CMU, 1991): spelled names, numbers and dates, 50 minutes of speech.
set -euo pipefail

./asr.sh \
    --lang en \
    --nbpe 30 \
    --asr_config conf/train_asr_transformer.yaml \
    --lm_config conf/train_lm.yaml \
    --inference_config conf/decode_asr.yaml \
    --speed_perturb_factors "0.9 1.0 1.1" \
    --train_set train_nodev \
    --valid_set train_dev \
    --test_sets "train_dev test" \
    --bpe_train_text dump/raw/train_nodev_sp/text \
    --lm_train_text data/train_nodev_sp/text \
    "$@"
