#!/usr/bin/env bash
# What `make demo` runs after the installation: the mini_an4 recipe from data to score, then a guide to what lies where.
# Arguments go to the recipe's run.sh.
set -euo pipefail
cd "$(dirname "$0")/../egs2/mini_an4/asr1"
recipe=egs2/mini_an4/asr1

SECONDS=0
./run.sh "$@"
elapsed=${SECONDS}

# The newest experiment with results is the one just made.
results=$(find exp -maxdepth 2 -name RESULTS.md -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2-)
[ -n "${results}" ] || { echo "demo: no exp/*/RESULTS.md was written; see the log lines above" >&2; exit 1; }
exp=$(dirname "${results}")
wav=$(awk 'NR == 1 { $1 = ""; sub(/^ /, ""); print }' dump/raw/test/wav.scp)

cat <<TXT

------------------------------------------------------------------------------
Trained and scored in $((elapsed / 60)) min $((elapsed % 60)) s: the tables and the real-time factor stand above.
  model         ${recipe}/${exp}/valid.acc.ave.pth  (config.yaml beside it)
  log           ${recipe}/${exp}/train.log
  plots         ${recipe}/${exp}/images/*.png, ${recipe}/${exp}/att_ws/
  curves        . tools/activate_python.sh && tensorboard --logdir ${recipe}/${exp}/tensorboard
  results       ${recipe}/${results}
Transcribe a file:
  cd ${recipe} && . ./path.sh && python3 -m espnet2.bin.asr_transcribe --exp ${exp} ${wav}
------------------------------------------------------------------------------
TXT
