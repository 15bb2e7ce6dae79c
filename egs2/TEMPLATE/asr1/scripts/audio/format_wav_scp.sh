#!/usr/bin/env bash
# Bring the audio of a wav.scp to one format and rate, in parallel jobs of espnet2.bin.format_wav_scp.
# shellcheck disable=SC2154  # opt declares the options
set -euo pipefail
. utils/recipe.sh
. utils/jobs.sh
. utils/audio.sh

usage "Writes wav.scp and utt2num_samples into <out-dir>. <log-dir> is <out-dir>/logs, <audio-dir> is <out-dir>/data." \
    "<wav.scp> <out-dir> [<log-dir> [<audio-dir>]]"
opt out_filename  wav.scp "Name of the list written"
opt cmd           utils/run.pl "Runner of the jobs"
opt nj            30      "Jobs"
opt python        python3 "Python interpreter"
opt fs            none    "Sampling rate, e.g. 16k; none keeps each file's"
opt segments      ""      "File of segments to cut out"
opt reco2speed    ""      "File of speed factors of the recordings"
opt suffix        ""      "Part of the job folders' names"
opt ref_channels  ""      "Channels to keep, e.g. 0,1"
opt utt2ref_channels ""   "File of channels to keep of each utterance"
opt num_channels  ""      "Refuse audio that has another number of channels"
opt audio_format  wav     "Format of the audio" "wav flac wav.ark flac.ark"
opt audio_subtype ""      "Sample format, e.g. PCM_16"
opt vad_based_trim ""     "File of voiced parts to trim to"
opt write_utt2num_samples true "Write utt2num_samples"
opt multi_columns_input  false "The list has a file per channel"
opt multi_columns_output false "Write a file per channel"
parse_options "$@"
if [ "${#positional[@]}" -lt 2 ] || [ "${#positional[@]}" -gt 4 ]; then
    print_help >&2
    exit 1
fi
scp=${positional[0]} out=${positional[1]}
logdir=${positional[2]:-${out}/logs} audiodir=${positional[3]:-${out}/data}
[ -z "${reco2speed}" ] || [ -f "${reco2speed}" ] || die "${reco2speed}: no such file"

options=(--fs "${fs}" --audio-format "${audio_format}"
    --multi-columns-input "${multi_columns_input}" --multi-columns-output "${multi_columns_output}")
[ -z "${reco2speed}" ] || options+=(--reco2speed "${reco2speed}")
[ -z "${ref_channels}" ] || options+=(--ref-channels "${ref_channels}")
[ -z "${utt2ref_channels}" ] || options+=(--utt2ref-channels "${utt2ref_channels}")
[ -z "${num_channels}" ] || options+=(--num_channels "${num_channels}")
[ -z "${audio_subtype}" ] || options+=(--audio-subtype "${audio_subtype}")
[ -z "${vad_based_trim}" ] || options+=(--vad_based_trim "${vad_based_trim}")

deal_audio format_wav_scp "${scp}" "${audiodir}/format${suffix}" "${options[@]}"
join_parts "${audiodir}/format${suffix}" wav.scp > "${out}/${out_filename}"
[ "${write_utt2num_samples}" = false ] \
    || join_parts "${audiodir}/format${suffix}" utt2num_samples > "${out}/utt2num_samples"
log "Successfully finished. [elapsed=${SECONDS}s]"
