#!/usr/bin/env bash
# Joins data folders.
set -euo pipefail
# shellcheck source=utils/lib/data_dir.sh
. "$(dirname "$0")/lib/data_dir.sh"

extra_files=
skip_fix=false
help_message="Usage: $0 [options] <dst-dir> <src-dir1> <src-dir2> ...
Make one data folder of several. A file is joined when all of them have it; utt2uniq, segments and reco2speed also when only
some have it. An id that two folders use for different things is refused.
  --extra-files \"f1 f2\"   further files to join
  --skip-fix true         do not run fix_data_dir.sh on the result"
# shellcheck source=utils/parse_options.sh
. "$(dirname "$0")/parse_options.sh"
check_usage $# -ge 2
dst=${1%/}
shift
read -ra extra <<< "${extra_files}"
for dir in "$@"; do
    need_file "${dir}/utt2spk"
    [ "$(readlink -m "${dir}")" != "$(readlink -m "${dst}")" ] || fail "${dir} is a source and the destination"
done

# num_with FILE DIR...: how many of the folders have it.
num_with() {
    local dir count=0
    for dir in "${@:2}"; do
        [ ! -f "${dir}/$1" ] || count=$((count + 1))
    done
    echo "${count}"
}

# What a folder without the file would say in it.
synthesised() {
    case $1 in
        utt2uniq) awk '{ print $1, $1 }' "$2/utt2spk" ;;
        segments) "${utils}/data/get_segments_for_data.sh" "$2" ;;
        reco2speed) awk '{ print $1, "1.0" }' "$2/wav.scp" ;;
    esac
}

# join FILE DIR...: lines that several folders share are taken once.
join() {
    local file=$1 dir repeated
    for dir in "${@:2}"; do
        if [ -f "${dir}/${file}" ]; then
            awk 1 "${dir}/${file}"
        else
            synthesised "${file}" "${dir}"
        fi
    done | sort -u | sort -s -k1,1 > "${new}/${file}"
    repeated=$(awk '$1 == last { print $1; exit } { last = $1 }' "${new}/${file}")
    if [ -n "${repeated}" ]; then
        fail "${file}: '${repeated}' has different lines in ${*:2}
    mend: give one of them other ids with utils/copy_data_dir.sh --utt-prefix"
    fi
}

begin_folder "${dst}"
join utt2spk "$@"
"${utils}/utt2spk_to_spk2utt.pl" "${new}/utt2spk" > "${new}/spk2utt"
for file in segments "${utt_files[@]}" "${spk_files[@]}" "${reco_files[@]}" "${extra[@]}"; do
    count=$(num_with "${file}" "$@")
    if [ "${count}" -eq $# ] || { [ "${count}" -gt 0 ] && [[ ${file} =~ ^(utt2uniq|segments|reco2speed)$ ]]; }; then
        join "${file}" "$@"
    elif [ "${count}" -gt 0 ]; then
        say "${file} is left out: only ${count} of $# folders have it"
    fi
done
for file in feats_type audio_format frame_shift; do
    if [ "$(num_with "${file}" "$@")" -eq $# ] && [ "$(sort -u "${@/%//${file}}" | wc -l)" -eq 1 ]; then
        cp "$1/${file}" "${new}/${file}"
    fi
done
if [ "${skip_fix}" = false ]; then
    fix_new "${dst}" --utt-extra-files "${extra_files}"
fi
install_folder "${dst}" "${extra[@]}"
say "joined $* in ${dst}: $(count_lines "${dst}/utt2spk") utterances"
