#!/usr/bin/env bash
# Copies a data folder, under other ids if asked.
set -euo pipefail
# shellcheck source=utils/lib/data_dir.sh
. "$(dirname "$0")/lib/data_dir.sh"

spk_prefix=
utt_prefix=
spk_suffix=
utt_suffix=
utt_extra_files=
validate_opts=
help_message="Usage: $0 [options] <src-dir> <dst-dir>
Copy the files of a data folder, and validate the copy. If <dst-dir> exists, data files that it has and <src-dir> lacks go to
<dst-dir>/.backup; other things in it stay.
  --utt-prefix p  --utt-suffix s     put these around the utterance ids (and those of recordings, when there is no segments)
  --spk-prefix p  --spk-suffix s     put these around the speaker ids
  --utt-extra-files \"f1 f2\"          further files by utterance to copy
  --validate-opts \"o1 o2\"            options for utils/validate_data_dir.sh; it knows by itself what <src-dir> lacks"
# shellcheck source=utils/parse_options.sh
. "$(dirname "$0")/parse_options.sh"
check_usage $# -eq 2
src=${1%/} dst=${2%/}
read -ra extra <<< "${utt_extra_files}"
read -ra options <<< "${validate_opts}"
need_file "${src}/utt2spk"
[ "$(readlink -m "${src}")" != "$(readlink -m "${dst}")" ] || fail "source and destination are the same folder ${src}"

begin_folder "${dst}"
if [ -f "${src}/segments" ]; then
    recording=("" "")
else
    recording=("${utt_prefix}" "${utt_suffix}")
fi
rename_folder "${src}" "${new}" "${utt_prefix}" "${utt_suffix}" "${spk_prefix}" "${spk_suffix}" "${recording[@]}" "${extra[@]}"
mapfile -t -O ${#options[@]} options < <(options_for "${src}")
validate_new "${dst}" "${options[@]}"
install_folder "${dst}" "${extra[@]}"
say "copied ${src} to ${dst}"
