#!/usr/bin/env bash
# Decoding and scoring, for task scripts. Stands on recipe.sh, jobs.sh, data.sh and train.sh.
# shellcheck disable=SC2034,SC2154  # the task script declares the options

# decode_set TASK DATA_DIR DIR OPTION...: decode a data folder in parallel jobs; DIR gets text, token, token_int, score.
# Reads inference_kind (what the door's name ends with), inference_nj, gpu_inference, cuda_cmd, decode_cmd, python, fs.
decode_set() {
    local task=$1 data=$2 dir=$3 logdir=$3/logdir cmd=${decode_cmd} gpus=0 total jobs name list
    [ "${gpu_inference}" = false ] || cmd=${cuda_cmd} gpus=1
    mkdir -p "${logdir}"
    list=${data}/$(speech_table "${data}")
    total=$(num_lines "${list}")
    jobs=$(least "${inference_nj}" "${total}")
    ((jobs > 0)) || die "${list} is empty"
    rm -rf "${logdir}"/output.* "${logdir}"/*_inference.*.log "${logdir}"/keys.*.scp    # of another number of jobs
    split_list "${list}" "${jobs}" "${logdir}/keys.JOB.scp"
    log "Decoding ${total} utterances of ${data} in ${jobs} jobs, see ${logdir}/${task}_inference.*.log"
    OMP_NUM_THREADS=$(threads_for "${jobs}") \
        with_watch 0 watch_count "${total}" "decoded ${data##*/}" "best hypo" "${logdir}/${task}_inference" -- \
        run_jobs "${cmd}" --gpu "${gpus}" "JOB=1:${jobs}" "${logdir}/${task}_inference.JOB.log" \
        "${python}" -m "espnet2.bin.${task}_inference${inference_kind:-}" --ngpu "${gpus}" --key_file "${logdir}/keys.JOB.scp" \
        --output_dir "${logdir}/output.JOB" "${@:4}"
    for name in text token token_int score; do
        if compgen -G "${logdir}/output.*/1best_recog/${name}" > /dev/null; then
            sort -k1,1 "${logdir}"/output.*/1best_recog/"${name}" > "${dir}/${name}"
        fi
    done
    [ "$(num_lines "${dir}/score")" -eq "${total}" ] \
        || die "$(num_lines "${dir}/score") of ${total} utterances have a hypothesis in ${dir}/score; see ${logdir}"
    run_jobs "${decode_cmd}" "${logdir}/calculate_rtf.log" "${python}" -m espnet2.bin.calculate_rtf \
        --log-dir "${logdir}" --log_name "${task}_inference" --input_shift "$(input_shift "${data}")"
}

# kept_model DIR: the averaged model that a training has kept; which ones there are, its best_model_criterion says.
# First as in PREFERRED_WEIGHTS of espnet2/inference/models.py.
kept_model() {
    local pattern found
    for pattern in valid.acc 'valid.cer*' valid.loss 'valid.*' '*'; do
        found=$(compgen -G "$1/${pattern}.ave.pth" | sort | tail -n 1) || true
        [ -z "${found}" ] || break
    done
    printf '%s' "${found##*/}"
}

# write_trn TEXT UTT2SPK OUT OPTION...: "<tokens>\t(<speaker>-<utterance>)" lines; the options are tokenize_text's.
write_trn() {
    cmp -s <(awk '{ print $1 }' "$1") <(awk '{ print $1 }' "$2") \
        || die "$1 and $2 do not list the same utterances in the same order"
    door tokenize_text --field 2- --input "$1" --output - "${@:4}" > "$3.tokens"
    paste "$3.tokens" <(awk '{ print "(" $2 "-" $1 ")" }' "$2") > "$3"
    rm "$3.tokens"
}

# score_set UNIT DATA_DIR DIR SCORE: DIR/score_<SCORE>/{ref.trn,hyp.trn,result.txt} over UNIT = char, word or bpe.
# Reads nlsyms_txt, cleaner, hyp_cleaner, bpemodel, score_opts, python.
score_set() {
    local unit=$1 data=$2 dir=$3 out=$3/score_$4
    local -a opts=(--token_type "${unit}")
    mkdir -p "${out}"
    if [ "${unit}" = bpe ]; then
        opts+=(--bpemodel "${bpemodel}")
    else
        opts+=(--non_linguistic_symbols "${nlsyms_txt}" --remove_non_linguistic_symbols true)
    fi
    write_trn "${data}/text" "${data}/utt2spk" "${out}/ref.trn" "${opts[@]}" --cleaner "${cleaner}"
    write_trn "${dir}/text" "${data}/utt2spk" "${out}/hyp.trn" "${opts[@]}" --cleaner "${hyp_cleaner}"
    opts=()
    [ -z "${score_opts}" ] || opts+=("--sclite_opts=${score_opts}")
    door score_trn --ref "${out}/ref.trn" --hyp "${out}/hyp.trn" --out "${out}/result.txt" "${opts[@]}"
    log "${4^^} in ${out}/result.txt"
    grep -e Avg -e SPKR -m 2 "${out}/result.txt"
}

# write_results TASK DIR: DIR/RESULTS.md, the tables of all its decodings.
write_results() {
    door "show_$1_result" "$2" > "$2/RESULTS.md"
}

# show_outcome DIR: the tables and the speed of decoding.
show_outcome() {
    local dir=$1 file
    sed -n '/^### /,$p' "${dir}/RESULTS.md"
    while IFS= read -r file; do
        echo "${file}: $(grep -E '^(RTF|Latency):' "${file}" | paste -s -d ' ')"
    done < <(find "${dir}" -name calculate_rtf.log)
    log "Results: ${dir}/RESULTS.md"
}
