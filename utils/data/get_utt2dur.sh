#!/usr/bin/env bash
# Writes the durations of a data folder's utterances.
set -euo pipefail
# shellcheck source=utils/lib/data_dir.sh
. "$(dirname "$0")/../lib/data_dir.sh"

nj=4
fs=
frame_shift=0.01
python=python3
help_message="Usage: $0 [options] <data-dir>
Write <data-dir>/utt2dur, seconds per utterance, unless it is there for all utterances. The durations come from the first of
segments, utt2num_samples (with --fs), utt2num_frames, and the headers of the recordings in wav.scp (a pipe has to be run).
  --fs 16000             sampling rate that utt2num_samples is in
  --frame-shift 0.01     seconds between the frames of utt2num_frames
  --nj 4                 recordings that are looked at together
  --python python3       interpreter with the toolkit's packages"
# shellcheck source=utils/parse_options.sh
. "$(dirname "$0")/../parse_options.sh"
check_usage $# -eq 1
dir=${1%/}
need_file "${dir}/utt2spk"
[[ ! ${fs} =~ ^([0-9]+)[kK]$ ]] || fs=${BASH_REMATCH[1]}000
if [ -f "${dir}/utt2dur" ] && cmp -s <(first_column "${dir}/utt2dur") <(first_column "${dir}/utt2spk"); then
    say "${dir}/utt2dur is there already"
    exit 0
fi

new=${dir}/.utt2dur.$$
trap 'rm -f "${new}"' EXIT
if [ -f "${dir}/segments" ] && ! awk '$4 <= $3 { exit 1 }' "${dir}/segments"; then
    fail "${dir}/segments: an end does not lie behind its start; see utils/validate_data_dir.sh ${dir}"
elif [ -f "${dir}/segments" ]; then
    awk '{ printf "%s %.6g\n", $1, $4 - $3 }' "${dir}/segments" > "${new}"
elif [ -n "${fs}" ] && [ -f "${dir}/utt2num_samples" ]; then
    awk -v fs="${fs}" '{ printf "%s %.6g\n", $1, $2 / fs }' "${dir}/utt2num_samples" > "${new}"
elif [ -f "${dir}/utt2num_frames" ]; then
    awk -v shift="${frame_shift}" '{ printf "%s %.6g\n", $1, $2 * shift }' "${dir}/utt2num_frames" > "${new}"
else
    need_file "${dir}/wav.scp"
    options=()
    [ ! -f "${dir}/reco2speed" ] || options+=(--reco2speed "${dir}/reco2speed")
    PYTHONPATH=${utils}/..${PYTHONPATH:+:${PYTHONPATH}} \
        "${python}" -m espnet2.bin.get_utt2dur --num_threads "${nj}" "${options[@]}" "${dir}/wav.scp" "${new}"
fi
mv "${new}" "${dir}/utt2dur"
say "wrote ${dir}/utt2dur: $(count_lines "${dir}/utt2dur") utterances"
