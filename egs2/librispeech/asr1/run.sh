#!/usr/bin/env bash
# LibriSpeech, 960 hours. Where the corpus lies: LIBRISPEECH=<folder> ./run.sh, or in db.sh.
set -euo pipefail

./asr.sh \
    --lang en \
    --nbpe 5000 \
    --max_wav_duration 30 \
    --speed_perturb_factors "0.9 1.0 1.1" \
    --audio_format flac.ark \
    --asr_config conf/train_asr_conformer.yaml \
    --lm_config conf/train_lm_transformer.yaml \
    --inference_config conf/decode_asr.yaml \
    --train_set train_960 \
    --valid_set dev \
    --test_sets "test_clean test_other dev_clean dev_other" \
    --bpe_train_text data/train_960/text \
    --lm_train_text "data/train_960/text data/local/other_text/text" \
    "$@"
