#!/usr/bin/env bash
# Names of experiments, collected statistics and training, for task scripts. Stands on recipe.sh and jobs.sh.
#
# The add_* functions append to the caller's array `opts`:
#   local -a opts=(--token_list "${token_list}")
#   add_data   train "${data_feats}/${train_set}" wav.scp,speech,sound text,text,text
#   add_shapes train "${stats_dir}" speech_shape text_shape.char
#   add_words  "${asr_args}"
#   train_task asr "${asr_exp}" "${opts[@]}"
# shellcheck disable=SC2034,SC2154  # the task script declares the options

# ---- names ----

# tag_of CONFIG FALLBACK PART...: the stem of the YAML file, or the fallback, and each non-empty part after a "_".
tag_of() {
    local part tag=$2
    if [ -n "$1" ]; then
        tag=${1##*/}
        tag=${tag%.yaml}
    fi
    for part in "${@:3}"; do
        tag+=${part:+_${part}}
    done
    printf '%s' "${tag}"
}

# mangle ARGS [keep-slash]: a string of flags as a part of a file name: "--optim_conf lr=0.1" -> "_optim_conflr0.1".
# What means something to a shell goes too.
mangle() {
    local name=${1//--/_}
    name=${name//[ |=\'\"\\\`\$\&\;\(\)\{\}\<\>*?!~#]/}
    name=${name//[][]/}
    [ "${2:-}" = keep-slash ] || name=${name//\//}
    printf '%s' "${name}"
}

# check_name OPTION PATH: stop when the last part of a path is too long for a folder's name; OPTION gives it another one.
check_name() {
    local name=${2##*/}
    ((${#name} <= 255)) || die "${name} has ${#name} characters, and a folder's name at most 255: give it a shorter one by --$1," \
        "or put flags into a YAML file"
}

# The name of a model or n-gram file as a part of a tag: "valid.acc.ave.pth" -> "valid.acc.ave".
file_tag() {
    local name=${1//\//_}
    printf '%s' "${name%.*}"
}

# ---- arguments ----

# add_data train|valid|"" DIR FILE,NAME,TYPE...
add_data() {
    local triple
    for triple in "${@:3}"; do
        opts+=("--${1:+$1_}data_path_and_name_and_type" "$2/${triple}")
    done
}

# add_shapes train|valid STATS_DIR FILE...
add_shapes() {
    local file
    for file in "${@:3}"; do
        opts+=("--$1_shape_file" "$2/$1/${file}")
    done
}

# add_words STRING: its words, where quotes keep a word together; nothing in it is expanded.
add_words() {
    local -a words=()
    mapfile -d '' -t words < <(xargs -r printf '%s\0' <<< "$1" && printf 'end\0')    # "wait" may come too late for its status
    [ "${words[*]: -1}" = end ] || die "cannot split into words (is a quote missing?): $1"
    opts+=("${words[@]:0:${#words[@]} - 1}")
}

# add_config FILE: --config FILE when there is one.
add_config() {
    [ -z "$1" ] || opts+=(--config "$1")
}

# ---- statistics and training ----

# write_resume DIR: DIR/run.sh, which repeats this command from the stage under way.
write_resume() {
    mkdir -p "$1"
    printf '%s --stage %s "$@"; exit $?\n' "${run_args}" "${_running%% *}" > "$1/run.sh"
    chmod +x "$1/run.sh"
    log "$1/run.sh repeats this stage"
}

# collect_stats TASK DIR TRAIN_LIST VALID_LIST VALID_NAME OPTION...: lengths and feature statistics in parallel jobs.
# Reads nj, train_cmd, python; and sum_stats: false leaves out the sums of the features.
collect_stats() {
    local task=$1 dir=$2 valid_name=$5 logdir=$2/logdir jobs job
    local -a options=("${@:6}") inputs=()
    write_resume "${dir}"
    mkdir -p "${logdir}"
    jobs=$(least "${nj}" "$(num_lines "$3")" "$(num_lines "$4")")
    ((jobs > 0)) || die "nothing to collect statistics from: $3 or $4 is empty"
    split_list "$3" "${jobs}" "${logdir}/train.JOB.scp"
    split_list "$4" "${jobs}" "${logdir}/${valid_name}.JOB.scp"
    rm -rf "${logdir}"/stats.*/             # what an earlier run kept
    log "${task}: $(num_lines "$3") + $(num_lines "$4") utterances in ${jobs} jobs, see ${logdir}/stats.*.log"
    run_jobs "${train_cmd}" "JOB=1:${jobs}" "${logdir}/stats.JOB.log" \
        "${python}" -m "espnet2.bin.${task}_train" --collect_stats true --use_preprocessor true \
        --train_shape_file "${logdir}/train.JOB.scp" --valid_shape_file "${logdir}/${valid_name}.JOB.scp" \
        --output_dir "${logdir}/stats.JOB" "${options[@]}" --dist_world_size 1      # each job is alone
    end_dry_run "${logdir}/stats.1"
    for ((job = 1; job <= jobs; job++)); do
        inputs+=(--input_dir "${logdir}/stats.${job}")
    done
    [ "${sum_stats:-true}" = true ] || inputs+=(--skip_sum_stats)
    rm -rf "${dir}/train" "${dir}/valid"
    tell_left_out "${logdir}"
    door aggregate_stats_dirs "${inputs[@]}" --output_dir "${dir}"
}

# end_dry_run DIR: end well where the job that wrote DIR/config.yaml was a dry run, which makes nothing for later stages.
end_dry_run() {
    grep -qsx "dry_run: true" "$1/config.yaml" || return 0
    log "Dry run: options and model are well, see $1/config.yaml. Nothing was collected or trained; without --dry_run it goes on."
    exit 0
}

# tell_left_out LOGDIR: one warning about the utterances that the jobs of statistics could not use, if there are any.
tell_left_out() {
    local message="Left out a damaged utterance" shown=5 line
    local -a found=()
    mapfile -t found < <(grep -hs "${message}" "$1"/stats.*.log)
    [ "${#found[@]}" -gt 0 ] || return 0
    log "WARNING: ${#found[@]} utterances cannot be used, and are left out of statistics and training:"
    for line in "${found[@]:0:shown}"; do
        printf '    %s\n' "${line#*"${message} ("*): }"
    done
    [ "${#found[@]}" -le "${shown}" ] || printf '    ... all of them: grep "%s" %s/stats.*.log\n' "${message}" "$1"
}

# append_vocab_size STATS_DIR TYPE TOKEN_LIST: text_shape.TYPE, where the size of the vocabulary follows each length.
append_vocab_size() {
    local part
    for part in train valid; do
        awk -v size="$(num_lines "$3")" '{ print $0 "," size }' "$1/${part}/text_shape" > "$1/${part}/text_shape.$2"
    done
}

# split_inputs N STATS_DIR FILE...: with N > 1, deal the files out into STATS_DIR/splits<N>, once, and point the
# caller's `dir` (of the data) and `shapes` (of the shape files) there.
split_inputs() {
    [ "$1" -gt 1 ] || return 0
    dir=$2/splits$1 shapes=$2/splits$1
    opts+=(--multiple_iterator true)
    if [ -e "${dir}/.done" ]; then
        log "${dir} is there already; remove it to split the data anew"
        return
    fi
    door split_scps --num_splits "$1" --output_dir "${dir}" --scps "${@:3}"
    touch "${dir}/.done"
}

# Processes of a training on CPU: the number after --dist_world_size, or one.
_num_processes() {
    while [ $# -gt 1 ]; do
        if [[ $1 == --dist[_-]world[_-]size && $2 =~ ^[1-9][0-9]*$ ]]; then
            printf '%s' "$2"
            return
        fi
        shift
    done
    printf 1
}

# train_task TASK DIR OPTION...: train with espnet2.bin.launch, one line per epoch here and the rest in DIR/train.log.
# Reads cuda_cmd, ngpu, num_nodes, python.
train_task() {
    local task=$1 dir=$2 name=$2/train.log threads=${OMP_NUM_THREADS:-1}
    local -a safe_words
    write_resume "${dir}"
    [[ ${cuda_cmd} != *queue*.pl* ]] || name=${dir##*/}
    [ "${ngpu}" -ne 0 ] || threads=$(threads_for "$(_num_processes "${@:3}")")
    protect_words "${python}" -m "espnet2.bin.${task}_train" --use_preprocessor true --resume true \
        --output_dir "${dir}" "${@:3}"
    log "${task}: training in ${dir}, see ${dir}/train.log"
    OMP_NUM_THREADS=${threads} with_watch 10 watch_training "${dir}/train.log" -- \
        door launch --cmd "${cuda_cmd} --name ${name}" --log "${dir}/train.log" \
        --ngpu "${ngpu}" --num_nodes "${num_nodes}" --init_file_prefix "${dir}/.dist_init_" \
        --multiprocessing_distributed true -- "${safe_words[@]}"
    end_dry_run "${dir}"
}
