#!/usr/bin/env bash
# Checks a data folder and tells every problem at once.
set -euo pipefail
# shellcheck source=utils/lib/data_dir.sh
. "$(dirname "$0")/lib/data_dir.sh"

help_message="Usage: $0 [--no-feats] [--no-text] [--no-wav] [--no-spk-sort] [--non-print] <data-dir>
Check a data folder: files there, sorted, of the right columns and values, and in agreement with one another.
All problems go to stderr with file, line and what mends them; the exit code is 1 if there are any.
  --no-feats      feats.scp may be absent
  --no-text       text may be absent
  --no-wav        wav.scp may be absent
  --no-spk-sort   the order of the utterances need not be that of their speakers
  --non-print     text may have characters that cannot be printed"

is_needed_feats=true is_needed_text=true is_needed_wav=true is_sorted_by_spk=true
text_options=()
while [[ ${1-} == -* ]]; do
    case ${1//_/-} in
        --no-feats) is_needed_feats=false ;;
        --no-text) is_needed_text=false ;;
        --no-wav) is_needed_wav=false ;;
        --no-spk-sort) is_sorted_by_spk=false ;;
        --non-print) text_options=(--non-print) ;;
        --help | -h) printf '%s\n' "${help_message}"; exit 0 ;;
        *) check_usage -z "$1" ;;
    esac
    shift
done
check_usage $# -eq 1
dir=${1%/}

num_problems=0
problem() {
    echo "${dir}$1" >&2
    num_problems=$((num_problems + 1))
}

# check FILE [OPTION...]: by the rules of its name.
check() {
    "${utils}/lib/check_table.pl" "${@:2}" "${dir}/$1" || num_problems=$((num_problems + 1))
}

check_speakers() {
    local out_of_order before=${num_problems} mend="utils/utt2spk_to_spk2utt.pl ${dir}/utt2spk > ${dir}/spk2utt"
    check utt2spk
    if [ ! -f "${dir}/spk2utt" ]; then
        problem "/spk2utt: does not exist
    mend: ${mend}"
    else
        check spk2utt
    fi
    ((num_problems == before)) || return 0
    if [ "$(count_lines "${dir}/spk2utt")" -eq 1 ]; then
        say "warning: ${dir} has only one speaker; a speaker per utterance is right if you do not know them"
    fi
    if ! cmp -s <("${utils}/spk2utt_to_utt2spk.pl" "${dir}/spk2utt" | sort) <(awk '{ print $1, $2 }' "${dir}/utt2spk" | sort); then
        problem "/spk2utt: does not say the same as utt2spk
    mend: ${mend}"
    fi
    out_of_order=$(first_line_out_of_order "${dir}/utt2spk")
    if [ "${is_sorted_by_spk}" = true ] && [ -n "${out_of_order}" ]; then
        problem "/utt2spk:${out_of_order}
$(explain_speaker_order)
          (utils/validate_data_dir.sh --no-spk-sort leaves this rule out)"
    fi
}

check_recordings() {
    local file
    if [ -f "${dir}/segments" ]; then
        [ -f "${dir}/wav.scp" ] || problem "/segments: is there, but wav.scp is not"
        check segments --keys "${dir}/utt2spk"
    fi
    for file in "${reco_files[@]}"; do
        if [ -f "${dir}/${file}" ]; then
            if [ -f "${dir}/segments" ]; then
                check "${file}" --keys <(recordings_of "${dir}") --keys-name "the recordings of segments"
            else
                check "${file}" --keys "${dir}/utt2spk"
            fi
        fi
    done
}

[ -d "${dir}" ] || fail "${dir} is no folder"
[ -f "${dir}/utt2spk" ] || fail "${dir}/utt2spk: does not exist; write lines of <utterance> <speaker>, or of the utterance twice"

check_speakers
if [ -f "${dir}/text" ]; then
    check text --keys "${dir}/utt2spk"
    "${utils}/validate_text.pl" "${text_options[@]}" "${dir}/text" || num_problems=$((num_problems + 1))
elif [ "${is_needed_text}" = true ]; then
    problem "/text: does not exist (--no-text if it need not)"
fi
[ -f "${dir}/wav.scp" ] || [ "${is_needed_wav}" = false ] || problem "/wav.scp: does not exist (--no-wav if it need not)"
[ -f "${dir}/feats.scp" ] || [ "${is_needed_feats}" = false ] || problem "/feats.scp: does not exist (--no-feats if it need not)"
check_recordings
for file in "${utt_files[@]}"; do
    [ "${file}" = text ] || [ ! -f "${dir}/${file}" ] || check "${file}" --keys "${dir}/utt2spk"
done
for file in "${spk_files[@]}"; do
    [ ! -f "${dir}/${file}" ] || check "${file}" --keys "${dir}/spk2utt"
done

((num_problems == 0)) || fail "${dir} is not a valid data folder, see above"
say "Successfully validated data-directory ${dir}"
