#!/usr/bin/env bash
# Self-supervised front ends (frontend: s3prl), from the maintained distribution.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck disable=SC1091
[ ! -f activate_python.sh ] || . ./activate_python.sh
python3 -m pip install -c ../constraints.txt espnet-s3prl
python3 -c "import s3prl; print('s3prl is ready')"
