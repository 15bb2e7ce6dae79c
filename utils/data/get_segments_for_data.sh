#!/usr/bin/env bash
# Prints a segments file for a data folder.
set -euo pipefail
# shellcheck source=utils/lib/data_dir.sh
. "$(dirname "$0")/../lib/data_dir.sh"

help_message="Usage: $0 <data-dir> > segments
Print the segments file of a data folder; for one that has none, each utterance is its whole recording."
# shellcheck source=utils/parse_options.sh
. "$(dirname "$0")/../parse_options.sh"
check_usage $# -eq 1
if [ -f "$1/segments" ]; then
    cat "$1/segments"
else
    "${utils}/data/get_utt2dur.sh" "$1" >&2
    awk '{ print $1, $1, 0, $2 }' "$1/utt2dur"
fi
