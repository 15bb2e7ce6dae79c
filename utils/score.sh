#!/usr/bin/env bash
# Decoding and scoring, for task scripts. Stands on recipe.sh, jobs.sh, data.sh and train.sh.
# shellcheck disable=SC2034,SC2154  # the task script declares the options

# infer_in_jobs TASK WHAT LIST LOGDIR PATTERN OPTION...: the inference of a task over parts of a table, in parallel jobs that
# write LOGDIR/output.N; a line of their logs that matches the pattern means an utterance is done.
# Reads inference_kind (what the door's name ends with), inference_nj, gpu_inference, cuda_cmd, decode_cmd, python.
infer_in_jobs() {
    local task=$1 what=$2 list=$3 logdir=$4 cmd=${decode_cmd} gpus=0 total jobs
    [ "${gpu_inference}" = false ] || cmd=${cuda_cmd} gpus=1
    mkdir -p "${logdir}"
    total=$(num_lines "${list}")
    jobs=$(least "${inference_nj}" "${total}")
    ((jobs > 0)) || die "${list} is empty"
    rm -rf "${logdir}"/output.* "${logdir}"/*_inference.*.log "${logdir}"/keys.*.scp    # of another number of jobs
    split_list "${list}" "${jobs}" "${logdir}/keys.JOB.scp"
    log "Decoding ${total} utterances of ${what} in ${jobs} jobs, see ${logdir}/${task}_inference.*.log"
    OMP_NUM_THREADS=$(threads_for "${jobs}") \
        with_watch 0 watch_count "${total}" "decoded ${what##*/}" "$5" "${logdir}/${task}_inference" -- \
        run_jobs "${cmd}" --gpu "${gpus}" "JOB=1:${jobs}" "${logdir}/${task}_inference.JOB.log" \
        "${python}" -m "espnet2.bin.${task}_inference${inference_kind:-}" --ngpu "${gpus}" --key_file "${logdir}/keys.JOB.scp" \
        --output_dir "${logdir}/output.JOB" "${@:6}"
}

# merge_parts FILE PART...: a table out of those of the jobs, sorted by id; nothing where they made none.
merge_parts() {
    [ -e "$2" ] || return 0
    mkdir -p "${1%/*}"
    sort -k1,1 "${@:2}" > "$1"
}

# decode_set TASK DATA_DIR DIR OPTION...: decode a data folder in parallel jobs; DIR gets text, token, token_int, score.
# Reads what infer_in_jobs reads, and fs.
decode_set() {
    local task=$1 data=$2 dir=$3 logdir=$3/logdir total name list
    list=${data}/$(speech_table "${data}")
    infer_in_jobs "${task}" "${data}" "${list}" "${logdir}" "best hypo" "${@:4}"
    for name in text token token_int score; do
        merge_parts "${dir}/${name}" "${logdir}"/output.*/1best_recog/"${name}"
    done
    total=$(num_lines "${list}")
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

# choose_kept_model OPTION DIR: where the model that OPTION names by default is not in DIR, take another one that the
# training has kept, in inference_tag too.
choose_kept_model() {
    local missing=${!1} kept
    if was_given "$1" || [ -e "$2/${missing}" ]; then return; fi
    kept=$(kept_model "$2")
    [ -n "${kept}" ] || return 0
    log "There is no $2/${missing}: taking ${kept}"
    inference_tag=${inference_tag/%_$(file_tag "${missing}")/_$(file_tag "${kept}")}
    printf -v "$1" '%s' "${kept}"
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
