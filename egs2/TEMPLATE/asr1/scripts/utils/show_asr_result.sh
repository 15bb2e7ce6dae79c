#!/usr/bin/env bash
# Print the result tables of an experiment as markdown: show_asr_result.sh [--mindepth 0] [--maxdepth 10] <exp-dir>
set -euo pipefail
. ./path.sh
exec python3 -m espnet2.bin.show_asr_result "$@"
