#!/usr/bin/env bash
# Makes a data folder of some of another's utterances.
set -euo pipefail
# shellcheck source=utils/lib/data_dir.sh
. "$(dirname "$0")/lib/data_dir.sh"

help_message="Usage: $0 [--first|--last|--shortest|--per-spk|--speakers] [--seed <n>] <src-dir> <num-utterances> <dst-dir>
   or: $0 --utt-list <file> | --spk-list <file> <src-dir> <dst-dir>
Choose utterances (by default evenly spread over the folder, not by chance):
  --first | --last   the first or last ones
  --shortest         the shortest ones (by utt2dur, which is made if needed)
  --per-spk          so many of each speaker, or all that there are
  --speakers         whole speakers, taken in an order given by --seed (default 0), until there are so many
  --utt-list file    those whose ids the file has in its first column
  --spk-list file    those of the speakers that it has there"

mode=spread list="" seed=0
while [[ ${1-} == -* ]]; do
    case ${1//_/-} in
        --first | --last | --shortest | --per-spk | --speakers) mode=${1#--}; mode=${mode//_/-} ;;
        --utt-list | --spk-list) mode=${1#--}; mode=${mode//_/-}; list=${2-}; shift ;;
        --seed) seed=${2-}; shift ;;
        --help | -h) printf '%s\n' "${help_message}"; exit 0 ;;
        *) check_usage -z "$1" ;;
    esac
    shift
done
src=${1-} dst=${*: -1} number=0
src=${src%/} dst=${dst%/}
if [ -n "${list}" ]; then
    check_usage $# -eq 2
    need_file "${list}"
else
    check_usage $# -eq 3
    number=$2
    [[ ${number} =~ ^[1-9][0-9]*$ ]] || fail "'${number}' is no number of utterances"
fi
need_file "${src}/utt2spk"
total=$(count_lines "${src}/utt2spk")
if [ "${mode}" != per-spk ] && [ "${number}" -gt "${total}" ]; then
    fail "cannot choose ${number} utterances, ${src} has ${total}"
fi

choose() {
    case ${mode} in
        spread) awk -v n="${number}" -v total="${total}" 'int(NR * n / total) > int((NR - 1) * n / total)' "${src}/utt2spk" ;;
        first) head -n "${number}" "${src}/utt2spk" ;;
        last) tail -n "${number}" "${src}/utt2spk" ;;
        shortest)
            "${utils}/data/get_utt2dur.sh" "${src}" >&2
            sort -s -g -k2,2 "${src}/utt2dur" | awk -v n="${number}" 'NR <= n' ;;
        per-spk) choose_per_speaker ;;
        speakers) choose_speakers ;;
        utt-list) cat "${list}" ;;
        spk-list) "${utils}/filter_scp.pl" -f 2 "${list}" "${src}/utt2spk" ;;
    esac
}

# Of each speaker as many as asked for, evenly spread.
choose_per_speaker() {
    awk -v n="${number}" '
        NR == FNR { count[$2]++; next }
        { seen = ++number_of[$2]; total = count[$2] }
        total <= n || int(seen * n / total) > int((seen - 1) * n / total)' "${src}/utt2spk" "${src}/utt2spk"
}

choose_speakers() {
    awk '{ print $2 }' "${src}/utt2spk" | sort -u | "${utils}/shuffle_list.pl" --srand "${seed}" > "${new}/.speakers"
    awk -v n="${number}" 'NR == FNR { count[$2]++; next } sum < n { print; sum += count[$1] }' \
        "${src}/utt2spk" "${new}/.speakers" > "${new}/.chosen"
    "${utils}/filter_scp.pl" -f 2 "${new}/.chosen" "${src}/utt2spk"
    rm "${new}/.speakers" "${new}/.chosen"
}

begin_folder "${dst}"
choose > "${new}/.ids"
"${utils}/filter_scp.pl" "${new}/.ids" "${src}/utt2spk" > "${new}/utt2spk"
rm "${new}/.ids"
[ -s "${new}/utt2spk" ] || fail "no utterance of ${src} is chosen${list:+ by ${list}}"
filter_folders 1 "${src}" "${new}"
install_folder "${dst}"
say "kept $(count_lines "${dst}/utt2spk") of ${total} utterances of ${src} in ${dst}"
