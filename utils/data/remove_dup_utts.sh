#!/usr/bin/env bash
# Thins out utterances that say the same.
set -euo pipefail
# shellcheck source=utils/lib/data_dir.sh
. "$(dirname "$0")/../lib/data_dir.sh"

help_message="Usage: $0 <max-count> <src-dir> <dst-dir>
Copy a data folder with <max-count> utterances at most of each transcript, the first ones.
Example: $0 300 data/train data/train_nodup"
# shellcheck source=utils/parse_options.sh
. "$(dirname "$0")/../parse_options.sh"
check_usage $# -eq 3
[[ $1 =~ ^[1-9][0-9]*$ ]] || fail "'$1' is no count"
need_file "$2/text"
kept=$(mktemp)
trap 'rm -f "${kept}"' EXIT
awk -v max="$1" '{ id = $1; $1 = "" } ++count[$0] <= max { print id }' "$2/text" > "${kept}"
"${utils}/subset_data_dir.sh" --utt-list "${kept}" "$2" "$3"
