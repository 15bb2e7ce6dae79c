#!/usr/bin/env bash
# Features of a data folder as Kaldi makes them, without Kaldi, in parallel jobs of espnet2.bin.make_fbank_pitch.
# shellcheck disable=SC2034,SC2154  # opt declares the options; utils/*.sh read them
set -euo pipefail
for library in recipe jobs audio; do
    # shellcheck disable=SC1090
    . "utils/${library}.sh"
done

usage "Writes feats.scp, feats_shape, feats_dim, utt2num_frames and utt2num_samples into <data-dir>. Audio of another rate
is resampled. <log-dir> is <data-dir>/log, <feats-dir> is <data-dir>/data." "<data-dir> [<log-dir> [<feats-dir>]]"
opt cmd           utils/run.pl "Runner of the jobs"
opt nj            4       "Jobs"
opt python        python3 "Python interpreter"
opt fs            16k     "Sampling rate"
opt fbank_config  conf/fbank.conf "Kaldi's options of the filterbank; without such a file 80 bands"
opt pitch_config  conf/pitch.conf "Kaldi's options of the pitch; without such a file Kaldi's defaults"
opt add_pitch     true    "Three features of the pitch behind the filterbank"
opt ref_channels  ""      "Channel to take of audio that has several, e.g. 0"
parse_options "$@"
if [ "${#positional[@]}" -lt 1 ] || [ "${#positional[@]}" -gt 3 ]; then
    print_help >&2
    exit 1
fi
data=${positional[0]} segments="" options=(--fs "${fs}" --add_pitch "${add_pitch}")
logdir=${positional[1]:-${data}/log} parts=${positional[2]:-${data}/data}/feats
for name in fbank_config pitch_config; do
    if [ -f "${!name}" ]; then
        options+=("--${name}" "${!name}")
    elif [ "${!name}" != "${_default[${name}]}" ]; then
        die "--${name} ${!name}: no such file"
    fi
done
[ ! -e "${data}/reco2speed" ] || options+=(--reco2speed "${data}/reco2speed")
[ -z "${ref_channels}" ] || options+=(--ref_channels "${ref_channels}")
[ ! -e "${data}/segments" ] || segments=${data}/segments

deal_audio make_fbank_pitch "${data}/wav.scp" "${parts}" "${options[@]}"
for name in feats.scp feats_shape utt2num_frames utt2num_samples; do
    join_parts "${parts}" "${name}" > "${data}/${name}"
done
awk -F, 'NR == 1 { print $2 }' "${data}/feats_shape" > "${data}/feats_dim"
log "Successfully finished. [elapsed=${SECONDS}s]"
