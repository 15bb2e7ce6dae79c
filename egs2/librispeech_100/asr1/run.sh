#!/usr/bin/env bash
# LibriSpeech, the 100 clean hours. Where the corpus lies: LIBRISPEECH=<folder> ./run.sh, or in db.sh.
set -euo pipefail

./asr.sh \
    --lang en \
    --nbpe 5000 \
    --max_wav_duration 30 \
    --speed_perturb_factors "0.9 1.0 1.1" \
    --audio_format flac.ark \
    --local_data_opts "--train_parts train-clean-100 --train_set train_clean_100 --use_other_text false" \
    --asr_config conf/train_asr_conformer.yaml \
    --lm_config conf/train_lm_transformer.yaml \
    --inference_config conf/decode_asr.yaml \
    --train_set train_clean_100 \
    --valid_set dev \
    --test_sets "test_clean test_other dev_clean dev_other" \
    --bpe_train_text data/train_clean_100/text \
    --lm_train_text data/train_clean_100/text \
    "$@"
