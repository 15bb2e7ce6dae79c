#!/usr/bin/env bash
# Splits a data folder for parallel jobs.
set -euo pipefail
# shellcheck source=utils/lib/data_dir.sh
. "$(dirname "$0")/lib/data_dir.sh"

help_message="Usage: $0 [--per-utt] <data-dir> <num>
Make <data-dir>/split<num>/1 ... /<num>, data folders of about the same size. Speakers are kept whole; with --per-utt they are
not, and the folders are <data-dir>/split<num>utt/1 ... A split that is newer than the files of <data-dir> is left as it is."

is_per_utt=false
while [[ ${1-} == -* ]]; do
    case ${1//_/-} in
        --per-utt) is_per_utt=true ;;
        --help | -h) printf '%s\n' "${help_message}"; exit 0 ;;
        *) check_usage -z "$1" ;;
    esac
    shift
done
check_usage $# -eq 2
dir=${1%/} number=$2
[[ ${number} =~ ^[1-9][0-9]*$ ]] || fail "'${number}' is no number of parts"
need_file "${dir}/utt2spk"
split=${dir}/split${number} options=(--utt2spk="${dir}/utt2spk")
if [ "${is_per_utt}" = true ]; then
    split+=utt options=()
fi
if [ -d "${split}" ] && [ -z "$(find "${dir}" -maxdepth 1 -type f -newer "${split}")" ]; then
    exit 0
fi

begin_folder "${split}"
outputs=()
for ((job = 1; job <= number; job++)); do
    mkdir "${new}/${job}"
    outputs+=("${new}/${job}/utt2spk")
done
"${utils}/split_scp.pl" "${options[@]}" "${dir}/utt2spk" "${outputs[@]}" \
    || fail "${dir} cannot be split in ${number}; try --per-utt"
filter_folders "${number}" "${dir}" "${new}/JOB"
rm -rf "${split}"
mv "${new}" "${split}"
