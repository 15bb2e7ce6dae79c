# Which files a data folder has, and how a tool writes one: whole or not at all. Sourced by the *_data_dir.sh tools.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # the scripts use these, and give help_message

export LC_ALL=C
utils=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

utt_files=(text feats.scp feats_shape vad.scp utt2lang utt2uniq utt2warp utt2dur utt2num_frames utt2num_samples utt2category)
spk_files=(cmvn.scp spk2gender spk2warp)
reco_files=(wav.scp reco2dur reco2file_and_channel reco2speed)      # without segments, recordings are utterances
other_files=(frame_shift stm glm ctm feats_type feats_dim audio_format)
all_files=(utt2spk spk2utt segments "${utt_files[@]}" "${spk_files[@]}" "${reco_files[@]}" "${other_files[@]}")

say() { echo "${0##*/}: $*"; }

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# check_usage CONDITION...: unless the test holds, show ${help_message} and stop.
check_usage() {
    if ! test "$@"; then
        printf '%s\n' "${help_message}" >&2
        exit 1
    fi
}

need_file() { [ -s "$1" ] || fail "$1 does not exist or is empty"; }
count_lines() { wc -l < "$1"; }
first_column() { awk '{ print $1 }' "$@"; }

# affix COLUMN PREFIX SUFFIX [FILE]: put them around the words of a column; everything else stays as it is.
affix() {
    perl -pe 'BEGIN { ($n, $p, $s) = splice @ARGV, 0, 3; $n-- } s/^(\s*(?:\S+\s+){$n})(\S+)/$1$p$2$s/' -- "$@"
}

# The ids of the recordings that the utterances of a folder come from.
recordings_of() {
    if [ -f "$1/segments" ]; then
        awk '{ print $2 }' "$1/segments" | sort -u
    else
        first_column "$1/utt2spk"
    fi
}

# filter_folders N SRC DST [FILE...]: fill N folders (JOB in DST stands for 1 to N) with the lines of SRC that belong to the
# utterances in each folder's utt2spk. FILEs are further files by utterance.
filter_folders() {
    local number=$1 src=$2 dst=$3 file folder job
    for file in segments "${utt_files[@]}" "${@:4}"; do
        _filter_file "${number}" "${src}" "${dst}" "${file}" utt2spk
    done
    for ((job = 1; job <= number; job++)); do
        folder=${dst//JOB/${job}}
        "${utils}/utt2spk_to_spk2utt.pl" "${folder}/utt2spk" > "${folder}/spk2utt"
        recordings_of "${folder}" > "${folder}/.recordings"
        for file in "${other_files[@]}"; do
            [ ! -f "${src}/${file}" ] || cp "${src}/${file}" "${folder}/${file}"
        done
    done
    for file in "${reco_files[@]}"; do
        _filter_file "${number}" "${src}" "${dst}" "${file}" .recordings
    done
    for file in "${spk_files[@]}"; do
        _filter_file "${number}" "${src}" "${dst}" "${file}" spk2utt
    done
    for ((job = 1; job <= number; job++)); do
        rm "${dst//JOB/${job}}/.recordings"
    done
}

# _filter_file N SRC DST FILE LIST: the lines of FILE, if SRC has it, whose ids are in each folder's LIST.
_filter_file() {
    [ -f "$2/$4" ] || return 0
    "${utils}/filter_scps.pl" --no-warn "JOB=1:$1" "$3/$5" "$2/$4" "$3/$4"
}

# begin_folder DST: make ${new}, a folder beside DST that goes away with this script unless it takes DST's place.
begin_folder() {
    mkdir -p "$(dirname "$1")"
    new=$(dirname "$1")/.$(basename "$1").$$.tmp
    trap 'rm -rf "${new}"' EXIT
    rm -rf "${new}"
    mkdir "${new}"
}

# as_called DST COMMAND...: run a command on ${new}; its messages call it DST, which is what the user knows.
as_called() {
    local output status=0
    output=$("${@:2}" "${new}" 2>&1) || status=$?
    if [ "${status}" -eq 0 ]; then
        printf '%s\n' "${output//"${new}"/"$1"}"
    else
        printf '%s\n' "${output//"${new}"/"$1"}" >&2
        fail "$1 would not be a valid data folder and is not written"
    fi
}

validate_new() { as_called "$1" "${utils}/validate_data_dir.sh" "${@:2}"; }

fix_new() {
    as_called "$1" "${utils}/fix_data_dir.sh" "${@:2}"
    rm -rf "${new}/.backup"
}

# install_folder DST [FILE...]: give ${new} the name DST. If DST exists, its files are replaced one by one; what they were,
# and data files (those known here, and FILEs) that are no longer there, go to DST/.backup.
install_folder() {
    local dst=$1 file
    if [ ! -d "${dst}" ]; then
        mv "${new}" "${dst}"
        return
    fi
    mkdir -p "${dst}/.backup"
    for file in "${all_files[@]}" "${@:2}"; do
        if [ -f "${new}/${file}" ]; then
            [ ! -f "${dst}/${file}" ] || cp -p "${dst}/${file}" "${dst}/.backup/${file}"
            mv -f "${new}/${file}" "${dst}/${file}"
        elif [ -f "${dst}/${file}" ]; then
            mv -f "${dst}/${file}" "${dst}/.backup/${file}"
        fi
    done
}

# The line that breaks the rule of speakers, if any; see explain_speaker_order.
first_line_out_of_order() {
    awk '$2 "" < last { print FNR ": speaker \"" $2 "\" comes after \"" last "\""; exit } { last = $2 "" }' "$1"
}

explain_speaker_order() {
    cat << TEXT
    rule: the order of utterance ids must be the order of their speakers too, so that both can be walked through together.
    It holds when every utterance id begins with its speaker id and a "-": "-" sorts before digits and letters (LC_ALL=C),
    "_" sorts behind digits and capitals, so that speakers "a" and "a1" fall out of order in "a1_x", "a_x".
    mend: rename the utterances to <speaker>-<utterance>; or give each utterance itself as its speaker
TEXT
}

# rename_folder SRC DST UTT_PREFIX UTT_SUFFIX SPK_PREFIX SPK_SUFFIX RECO_PREFIX RECO_SUFFIX [FILE...]: copy the tables of a
# folder with other ids, sorted. FILEs are further files by utterance. Reads the lists of files above.
rename_folder() {
    local src=$1 dst=$2 file
    local -a utt=("${@:3:2}") spk=("${@:5:2}") reco=("${@:7:2}")
    affix 1 "${utt[@]}" "${src}/utt2spk" | affix 2 "${spk[@]}" | sort -s -k1,1 > "${dst}/utt2spk"
    "${utils}/utt2spk_to_spk2utt.pl" "${dst}/utt2spk" > "${dst}/spk2utt"
    if [ -f "${src}/segments" ]; then
        affix 1 "${utt[@]}" "${src}/segments" | affix 2 "${reco[@]}" | sort -s -k1,1 > "${dst}/segments"
    fi
    for file in "${utt_files[@]}" "${@:9}"; do
        [ ! -f "${src}/${file}" ] || affix 1 "${utt[@]}" "${src}/${file}" | sort -s -k1,1 > "${dst}/${file}"
    done
    for file in "${spk_files[@]}"; do
        [ ! -f "${src}/${file}" ] || affix 1 "${spk[@]}" "${src}/${file}" | sort -s -k1,1 > "${dst}/${file}"
    done
    for file in "${reco_files[@]}"; do
        [ ! -f "${src}/${file}" ] || affix 1 "${reco[@]}" "${src}/${file}" | sort -s -k1,1 > "${dst}/${file}"
    done
    for file in "${other_files[@]}"; do
        [ ! -f "${src}/${file}" ] || cp "${src}/${file}" "${dst}/${file}"
    done
}

# options_for DIR: what validate_data_dir.sh must be told about the files that a folder lacks.
options_for() {
    [ -f "$1/feats.scp" ] || echo --no-feats
    [ -f "$1/text" ] || echo --no-text
    [ -f "$1/wav.scp" ] || echo --no-wav
}
