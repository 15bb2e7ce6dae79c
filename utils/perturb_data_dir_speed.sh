#!/usr/bin/env bash
# Makes a data folder whose speech is to be played faster or slower.
# shellcheck disable=SC2016  # programs for awk
set -euo pipefail
# shellcheck source=utils/lib/data_dir.sh
. "$(dirname "$0")/lib/data_dir.sh"

utt_extra_files=
help_message="Usage: $0 [options] <factor> <src-dir> <dst-dir>
Copy a data folder with ids that begin with sp<factor>-, times divided by the factor, and a file reco2speed that says how fast
to play each recording. The audio itself is left alone: scripts/audio/format_wav_scp.sh resamples it, once for speed and rate.
  --utt-extra-files \"f1 f2\"   further files by utterance to copy
Example: $0 0.9 data/train data/train_sp0.9"
# shellcheck source=utils/parse_options.sh
. "$(dirname "$0")/parse_options.sh"
check_usage $# -eq 3
factor=$1 src=${2%/} dst=${3%/}
awk -v f="${factor}" 'BEGIN { exit !(f ~ /^[0-9]*\.?[0-9]+$/ && f > 0) }' \
    || fail "'${factor}' is no speed; 0.9 is slower, 1.1 faster"
need_file "${src}/utt2spk"
need_file "${src}/wav.scp"
read -ra extra <<< "${utt_extra_files}"

begin_folder "${dst}"
utt_files=(text utt2lang utt2category utt2dur utt2uniq)
spk_files=(spk2gender)
reco_files=(wav.scp reco2dur reco2speed)
other_files=()
prefix=sp${factor}-
rename_folder "${src}" "${new}" "${prefix}" "" "${prefix}" "" "${prefix}" "" "${extra[@]}"

# rewrite FILE AWK-PROGRAM: through awk, with f the factor.
rewrite() {
    awk -v f="${factor}" "$2" "${new}/$1" > "${new}/.part"
    mv "${new}/.part" "${new}/$1"
}
for file in utt2dur reco2dur; do
    [ ! -f "${new}/${file}" ] || rewrite "${file}" '{ printf "%s %.6g\n", $1, $2 / f }'
done
if [ -f "${new}/segments" ]; then
    rewrite segments '($4 - $3) / f > 0.01 { printf "%s %s %.4f %.4f\n", $1, $2, $3 / f, $4 / f }'
fi
if [ -f "${new}/reco2speed" ]; then
    rewrite reco2speed '{ printf "%s %.6g\n", $1, $2 * f }'
else
    awk -v f="${factor}" '{ print $1, f }' "${new}/wav.scp" > "${new}/reco2speed"
fi
if [ ! -f "${new}/utt2uniq" ]; then
    awk -v start="$((${#prefix} + 1))" '{ print $1, substr($1, start) }' "${new}/utt2spk" > "${new}/utt2uniq"
fi
fix_new "${dst}" --utt-extra-files "${utt_extra_files}"
validate_new "${dst}" --no-feats --no-text
install_folder "${dst}" "${extra[@]}"
say "${dst} is ${src} at ${factor} of its speed"
