#!/usr/bin/env bash
# Brings the files of a data folder into agreement.
set -euo pipefail
# shellcheck source=utils/lib/data_dir.sh
. "$(dirname "$0")/lib/data_dir.sh"

utt_extra_files=
spk_extra_files=
help_message="Usage: $0 [options] <data-dir>
Sort the files, drop lines that are repeated or broken, and keep the utterances that all files share. What was there before
goes to <data-dir>/.backup. Tells how many utterances went, and for which file.
  --utt-extra-files \"f1 f2\"   further files by utterance to sort and filter (they decide nothing)
  --spk-extra-files \"f1 f2\"   further files by speaker"
# shellcheck source=utils/parse_options.sh
. "$(dirname "$0")/parse_options.sh"
check_usage $# -eq 1
dir=${1%/}
read -ra utt_extra <<< "${utt_extra_files}"
read -ra spk_extra <<< "${spk_extra_files}"
[ -d "${dir}" ] || fail "${dir} is no folder"
need_file "${dir}/utt2spk"

# tidy FILE: into ${tidied}, sorted, without repeated ids, carriage returns and lines that lack a column.
tidy() {
    local least=2 num_kept num_sound
    case $1 in
        text) least=1 ;;
        segments) least=4 ;;
    esac
    awk -v least="${least}" '{ sub(/\r$/, ""); sub(/^[ \t]+/, "") } NF >= least' "${dir}/$1" > "${tidied}/.sound"
    sort -s -u -k1,1 "${tidied}/.sound" > "${tidied}/$1"
    num_sound=$(count_lines "${tidied}/.sound") num_kept=$(count_lines "${tidied}/$1")
    rm "${tidied}/.sound"
    tell_lines "$1" "$(($(awk 'END { print NR }' "${dir}/$1") - num_sound))" "that are empty or lack a column"
    tell_lines "$1" "$((num_sound - num_kept))" "with an id that an earlier line has"
}

tell_lines() { [ "$2" -eq 0 ] || say "${dir}/$1: dropped $2 lines $3"; }

# keep_ids LIST FILE WHAT: take away from LIST the ids that FILE (its first column, sorted) lacks.
keep_ids() {
    local lost
    comm -23 "$1" <(first_column "$2" | sort -u) > "$1.lost"
    lost=$(count_lines "$1.lost")
    [ "${lost}" -eq 0 ] || say "${dir}: ${lost} $3 are not in ${2##*/}, the first is '$(head -n 1 "$1.lost")'"
    comm -12 "$1" <(first_column "$2" | sort -u) > "$1.kept"
    mv "$1.kept" "$1"
    rm "$1.lost"
}

# Segments whose times run backwards, or whose recording wav.scp lacks.
fix_segments() {
    local before
    before=$(count_lines "${tidied}/segments")
    awk '$4 + 0 > $3 + 0' "${tidied}/segments" > "${tidied}/.part"
    tell_lines segments "$((before - $(count_lines "${tidied}/.part")))" "whose end does not lie behind the start"
    mv "${tidied}/.part" "${tidied}/segments"
    [ -f "${tidied}/wav.scp" ] || return 0
    before=$(count_lines "${tidied}/segments")
    "${utils}/filter_scp.pl" -f 2 "${tidied}/wav.scp" "${tidied}/segments" > "${tidied}/.part"
    tell_lines segments "$((before - $(count_lines "${tidied}/.part")))" "whose recording is not in wav.scp"
    mv "${tidied}/.part" "${tidied}/segments"
}

begin_folder "${dir}"
tidied=${new}/.tidied utterances=${new}/.utterances speakers=${new}/.speakers
mkdir "${tidied}"
for file in utt2spk segments "${utt_files[@]}" "${spk_files[@]}" "${reco_files[@]}" "${utt_extra[@]}" "${spk_extra[@]}"; do
    [ ! -f "${dir}/${file}" ] || tidy "${file}"
done
for file in "${other_files[@]}"; do
    [ ! -f "${dir}/${file}" ] || cp "${dir}/${file}" "${tidied}/${file}"
done
[ ! -f "${tidied}/segments" ] || fix_segments

first_column "${tidied}/utt2spk" > "${utterances}"
num_before=$(count_lines "${utterances}")
awk '{ print $2 }' "${tidied}/utt2spk" | sort -u > "${speakers}"
for file in cmvn.scp spk2gender; do
    [ ! -f "${tidied}/${file}" ] || keep_ids "${speakers}" "${tidied}/${file}" speakers
done
"${utils}/filter_scp.pl" -f 2 "${speakers}" "${tidied}/utt2spk" | first_column > "${utterances}"
deciding=(feats.scp text segments utt2lang utt2dur utt2num_frames)
[ -f "${tidied}/segments" ] || deciding+=(wav.scp)
for file in "${deciding[@]}"; do
    if [ -f "${tidied}/${file}" ]; then
        num_unknown=$(comm -13 <(first_column "${tidied}/utt2spk") <(first_column "${tidied}/${file}") | wc -l)
        tell_lines "${file}" "${num_unknown}" "of utterances that are not in utt2spk"
        keep_ids "${utterances}" "${tidied}/${file}" utterances
    fi
done
num_after=$(count_lines "${utterances}")
[ "${num_after}" -gt 0 ] \
    || fail "${dir}: no utterance would remain of ${num_before}; nothing is changed. Do the files use the same ids?"

"${utils}/filter_scp.pl" "${utterances}" "${tidied}/utt2spk" > "${new}/utt2spk"
out_of_order=$(first_line_out_of_order "${new}/utt2spk")
[ -z "${out_of_order}" ] || fail "${dir}/utt2spk: line ${out_of_order}; nothing is changed
$(explain_speaker_order)"
filter_folders 1 "${tidied}" "${new}" "${utt_extra[@]}"
for file in "${spk_extra[@]}"; do
    [ ! -f "${tidied}/${file}" ] || "${utils}/filter_scp.pl" "${new}/spk2utt" "${tidied}/${file}" > "${new}/${file}"
done
install_folder "${dir}" "${utt_extra[@]}" "${spk_extra[@]}"
if [ "${num_after}" -eq "${num_before}" ]; then
    say "kept all ${num_after} utterances."
else
    say "kept ${num_after} utterances out of ${num_before}"
fi
