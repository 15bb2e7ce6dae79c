#!/usr/bin/env bash
# Networks and tokenizers of Hugging Face (post-encoder and decoder hugging_face_transformers, lm transformer_opt, token_type hugging_face).
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck disable=SC1091
[ ! -f activate_python.sh ] || . ./activate_python.sh
python3 -m pip install -c ../constraints.txt "transformers>=5"
python3 -c "import transformers; print('transformers is ready')"
