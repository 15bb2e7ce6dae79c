#!/usr/bin/env bash
# Divides a data folder by speakers.
set -euo pipefail
# shellcheck source=utils/lib/data_dir.sh
. "$(dirname "$0")/lib/data_dir.sh"

cv_spk_percent=10
cv_spk_list=
seed=777
help_message="Usage: $0 [options] <src-dir> <training-dir> <validation-dir>
Divide a data folder in two that share no speaker.
  --cv-spk-percent 10   so many percent of the speakers, one at least, go to the validation set
  --cv-spk-list file    these speakers go there instead
  --seed 777            decides which ones"
# shellcheck source=utils/parse_options.sh
. "$(dirname "$0")/parse_options.sh"
check_usage $# -eq 3
src=${1%/} training=${2%/} validation=${3%/}
need_file "${src}/utt2spk"
[ -z "${cv_spk_list}" ] || need_file "${cv_spk_list}"
[[ ${cv_spk_percent} =~ ^[0-9]+(\.[0-9]+)?$ ]] || fail "--cv-spk-percent ${cv_spk_percent}: expected a number"

work=$(mktemp -d)
trap 'rm -rf "${work}"' EXIT
awk '{ print $2 }' "${src}/utt2spk" | sort -u > "${work}/speakers"
total=$(count_lines "${work}/speakers")
if [ -n "${cv_spk_list}" ]; then
    first_column "${cv_spk_list}" | sort -u | comm -12 - "${work}/speakers" > "${work}/validation"
else
    count=$(awk -v n="${total}" -v percent="${cv_spk_percent}" 'BEGIN { n = int(n * percent / 100 + 0.5); print n < 1 ? 1 : n }')
    "${utils}/shuffle_list.pl" --srand "${seed}" "${work}/speakers" > "${work}/shuffled"
    head -n "${count}" "${work}/shuffled" | sort > "${work}/validation"
fi
comm -23 "${work}/speakers" "${work}/validation" > "${work}/training"
if [ ! -s "${work}/validation" ] || [ ! -s "${work}/training" ]; then
    fail "$(count_lines "${work}/validation") of the ${total} speakers of ${src} would go to validation: neither set may be empty"
fi
"${utils}/subset_data_dir.sh" --spk-list "${work}/training" "${src}" "${training}"
"${utils}/subset_data_dir.sh" --spk-list "${work}/validation" "${src}" "${validation}"
