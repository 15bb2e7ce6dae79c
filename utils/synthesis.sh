#!/usr/bin/env bash
# Speakers, languages and what belongs to synthesis, for task scripts. Stands on the other libraries.
# shellcheck disable=SC2034,SC2154  # the task script declares the options

# number_names MAP LIST FOLDER...: numbers for the second column of MAP (utt2spk). LIST (<training folder>/spk2sid) numbers the
# names of its own folder from 1 on, unless skip_train; others are 0. Each folder gets utt2<id> (utt2sid).
number_names() {
    local folder map=$1 list=$2
    if [ "${skip_train}" = false ]; then
        need_file "${list%/*}/${map}" "local/data.sh has to make it"
        { echo "<unk>"; cut -d " " -f 2 "${list%/*}/${map}" | sort -u; } | awk '{ print $1, NR - 1 }' > "${list}"
    fi
    need_file "${list}" "the training's stage 2 (format) makes it"
    for folder in "${@:3}"; do
        need_file "${folder}/${map}" "local/data.sh has to make it"
        awk 'NR == FNR { number[$1] = $2; next } { print $1, ($2 in number) ? number[$2] : 0 }' \
            "${list}" "${folder}/${map}" > "${folder}/utt2${list##*2}"
    done
    log "${list}: $(($(num_lines "${list}") - 1)) names"
}

# embed_speakers DATA_DIR DIR TAG: DIR/TAG.scp with a vector per utterance, unless it is there (made by a tool of yours).
# Reads spk_embed_tool, spk_embed_gpu_inference, train_cmd, cuda_cmd, python.
embed_speakers() {
    local cmd=${train_cmd} gpus=0
    if [ -e "$2/$3.scp" ]; then
        log "$2/$3.scp is there already; remove it to make it anew"
        return
    fi
    [ "${spk_embed_tool}" != none ] || die "--spk_embed_tool none, and $2/$3.scp is not there: <utterance> <archive:offset or .npy file> lines"
    [ "${spk_embed_gpu_inference}" = false ] || cmd=${cuda_cmd} gpus=1
    mkdir -p "$2"
    log "Speaker embeddings of $1 by ${spk_embed_tool}, see $2/spk_embed_extract.log"
    run_jobs "${cmd}" --gpu "${gpus}" "$2/spk_embed_extract.log" \
        "${python}" -m espnet2.bin.spk_embed_extract --tool "${spk_embed_tool}" --ngpu "${gpus}" \
        --data_dir "$1" --output_dir "$2" --name "$3"
}

# ctc_durations DATA_DIR DIR: DIR/durations, by the CTC of a recogniser, unless it is there.
# Reads durations_asr, fs, n_shift, token_type, cleaner, g2p, nlsyms_txt, gpu_inference, train_cmd, cuda_cmd, python.
ctc_durations() {
    local cmd=${train_cmd} gpus=0
    if [ -e "$2/durations" ]; then
        log "$2/durations is there already; remove it to make it anew"
        return
    fi
    [ "${gpu_inference}" = false ] || cmd=${cuda_cmd} gpus=1
    mkdir -p "$2"
    log "Durations of $1 by the CTC of ${durations_asr}, see $2/ctc_durations.log"
    run_jobs "${cmd}" --gpu "${gpus}" "$2/ctc_durations.log" \
        "${python}" -m espnet2.bin.ctc_durations --asr "${durations_asr}" --ngpu "${gpus}" \
        --wav_scp "$1/wav.scp" --text "$1/text" --output "$2/durations" --fs "${fs}" --n_shift "${n_shift}" \
        --token_type "${token_type}" --cleaner "${cleaner}" --g2p "${g2p}" --non_linguistic_symbols "${nlsyms_txt}"
}

# embedding_type SCP: how its vectors are read.
embedding_type() {
    local id path
    read -r id path < "$1" || die "$1 is empty"
    case ${path} in
        *.npy) printf npy ;;
        *) printf kaldi_ark ;;
    esac
}

# add_triples OPTION [FOLDER]: append --OPTION with each of the caller's ${data[@]}; their files lie in FOLDER, if one is given.
add_triples() {
    local triple path
    for triple in "${data[@]}"; do
        path=${triple%%,*}
        [ -z "${2:-}" ] || path=$2/${path##*/}
        opts+=("--$1" "${path},${triple#*,}")
    done
}

# synthesise_set DATA_DIR DIR OPTION...: speech for each line of DATA_DIR/text in parallel jobs; DIR gets what they made:
# norm, denorm, wav, att_ws, probs, speech_shape, durations, focus_rates, feats_type. Reads what infer_in_jobs reads.
synthesise_set() {
    local data=$1 dir=$2 log_dir=$2/log name made total
    infer_in_jobs tts "${data}" "${data}/text" "${log_dir}" "s of speech in" "${@:3}"
    rm -rf "${dir}"/{norm,denorm,wav,att_ws,probs,speech_shape,durations,focus_rates}       # of an earlier decoding
    for name in norm denorm; do
        merge_parts "${dir}/${name}/feats.scp" "${log_dir}"/output.*/"${name}"/feats.scp
    done
    for name in speech_shape durations focus_rates; do
        merge_parts "${dir}/${name}" "${log_dir}"/output.*/"${name}/${name}"
    done
    for name in wav att_ws probs; do
        if compgen -G "${log_dir}/output.*/${name}" > /dev/null; then
            mkdir -p "${dir}/${name}"
            find "${log_dir}"/output.*/"${name}" -type f -exec mv -t "${dir}/${name}" {} +
        fi
    done
    cp "${data}/feats_type" "${dir}/feats_type"
    name=${dir}/wav/wav.scp
    if [ -d "${dir}/wav" ]; then
        find "${dir}/wav" -name "*.wav" | sort | sed 's:^.*/\(.*\)\.wav$:\1 &:' > "${name}"
    else
        name=${dir}/speech_shape
        log "${dir}: features only. --vocoder_file names what makes speech of them; Griffin-Lim does not know them"
    fi
    made=$([ ! -e "${name}" ] || num_lines "${name}") total=$(num_lines "${data}/text")
    [ "${made:=0}" -eq "${total}" ] || die "${made} of ${total} utterances of ${data} were synthesised; see ${log_dir}"
}
