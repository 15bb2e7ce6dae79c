#!/usr/bin/env bash
# What this machine carries, and running jobs on it with a word on how far they are. Stands on recipe.sh.
# shellcheck disable=SC2034,SC2154  # the task script declares the options

_threads_asked=${OMP_NUM_THREADS:-}      # before path.sh gives it a value

# ---- the machine ----

# Processors this process may use: affinity (nproc) and the quota of its control group.
num_cores() {
    local cores quota period
    cores=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)     # nproc would take these for processors
    if read -r quota period 2> /dev/null < /sys/fs/cgroup/cpu.max && [ "${quota}" != max ]; then
        quota=$(((quota + period - 1) / period))
        ((quota < cores)) && cores=${quota}
    fi
    printf '%s' "${cores}"
}

# Free memory in MiB: what the kernel would give, within the limit of the control group.
free_memory_mib() {
    local key value limit used free=1024
    while read -r key value _; do
        [ "${key}" != MemAvailable: ] || free=$((value / 1024))
    done < /proc/meminfo
    if read -r limit 2> /dev/null < /sys/fs/cgroup/memory.max && [ "${limit}" != max ]; then
        read -r used < /sys/fs/cgroup/memory.current
        while read -r key value; do
            [ "${key}" != inactive_file ] || used=$((used - value))
        done < /sys/fs/cgroup/memory.stat
        limit=$(((limit - used) / 1048576))
        ((limit < free)) && free=${limit}
    fi
    printf '%s' "${free}"
}

# Jobs of $1 MiB each that cores and free memory carry; at least one.
jobs_that_fit() {
    local jobs cores
    jobs=$(($(free_memory_mib) / $1))
    cores=$(num_cores)
    ((jobs < cores)) || jobs=${cores}
    ((jobs > 0)) || jobs=1
    printf '%s' "${jobs}"
}

# GPUs that this process sees.
num_gpus() {
    if [ -n "${CUDA_VISIBLE_DEVICES+set}" ]; then
        tr ',' '\n' <<< "${CUDA_VISIBLE_DEVICES}" | grep -c '[0-9]' || true
    elif command -v nvidia-smi > /dev/null; then
        nvidia-smi -L 2> /dev/null | grep -c '^GPU' || true
    else
        printf 0
    fi
}

# Threads for each of $1 processes that run at the same time here: what the user asked for, else a share of the cores.
threads_for() {
    local threads
    if [ -n "${_threads_asked}" ]; then
        printf '%s' "${_threads_asked}"
        return
    fi
    threads=$(($(num_cores) / $1))
    ((threads > 0)) || threads=1
    printf '%s' "${threads}"
}

# suit_machine: values for nj, inference_nj and ngpu where the user gave none. Reads cuda_cmd.
suit_machine() {
    local name
    for name in nj inference_nj ngpu; do
        [[ ${!name} =~ ^([1-9][0-9]*)?$ || ${name}${!name} = ngpu0 ]] \
            || die "--${name} must be a number, not '${!name}'"
    done
    : "${nj:=$(jobs_that_fit 1000)}" "${inference_nj:=$(jobs_that_fit 1500)}"
    if [ -z "${ngpu}" ]; then
        ngpu=$(num_gpus)
    elif [[ ${cuda_cmd} =~ (^|/)(run|stdout)\.pl && ${ngpu} -gt $(num_gpus) ]]; then
        die "--ngpu ${ngpu}, but this machine shows $(num_gpus) GPUs; --ngpu 0 runs on the CPU"
    fi
}

# ---- jobs ----

num_lines() { wc -l < "$1"; }

# The least of some numbers: how many jobs when each needs a line of every file.
least() {
    local number least=$1
    for number in "$@"; do
        ((number < least)) && least=${number}
    done
    printf '%s' "${least}"
}

# split_list FILE N PART: FILE in N parts of consecutive lines, named PART with 1..N for JOB.
split_list() {
    local job
    local -a names=()
    for ((job = 1; job <= $2; job++)); do
        names+=("${3//JOB/${job}}")
    done
    utils/split_scp.pl "$1" "${names[@]}"
}

# run.pl and its like join their arguments and hand them to a shell. Sets ${safe_words[@]}: each argument written so,
# without a blank, that it comes out of that shell as it went in.
protect_words() {
    local word
    safe_words=()
    for word in "$@"; do
        if [[ ! ${word} =~ ^[A-Za-z0-9_./=:,@%+-]+$ ]]; then
            printf -v word '%q' "${word}"
            word=${word//'\ '/"\$'\\x20'"}
        fi
        safe_words+=("${word}")
    done
}

# run_jobs CMD [OPTION...] [JOB=1:N] LOG COMMAND...: CMD is train_cmd, cuda_cmd or decode_cmd, a runner and its options.
run_jobs() {
    local -a runner safe_words
    read -ra runner <<< "$1"
    protect_words "${@:2}"
    "${runner[@]}" "${safe_words[@]}"
}

# door NAME ARGUMENT...: espnet2.bin.NAME here and now, without its echo of the command line. Reads python.
door() {
    local status=0 echoed='^[^ ]*python[^ ]* [^ ]*/espnet2/bin/'
    "${python}" -m "espnet2.bin.$1" "${@:2}" 2> >(grep --line-buffered -v "${echoed}" >&2) || status=$?
    wait $! || true
    return "${status}"
}

# ---- progress ----

# One line that stays. On a terminal it takes the place of the fleeting one.
say() { if [ -t 1 ]; then printf '\r\033[K%s\n' "$*"; else printf '%s\n' "$*"; fi; }

# One line that the next one overwrites; nothing when the output is not a terminal.
say_fleeting() { if [ -t 1 ]; then printf '\r\033[K%s' "$*"; fi; }

# watch_count TOTAL WHAT PATTERN STEM: how many lines of STEM.*.log match, until it is killed.
watch_count() {
    local total=$1 what=$2 pattern=$3 stem=$4 count tenth=0
    while sleep 2 > /dev/null 2>&1; do      # (a sleep left behind must not hold our output open)
        count=$(cat "${stem}".*.log 2> /dev/null | grep -c -- "${pattern}") || true
        say_fleeting "${what}: ${count}/${total}"
        if ((count * 10 / total > tenth)); then
            tenth=$((count * 10 / total))
            say "${what}: ${count}/${total}"
        fi
    done
}

_seconds_as_words() {
    local seconds=$1
    if ((seconds >= 3600)); then
        printf '%dh%02dm' $((seconds / 3600)) $((seconds % 3600 / 60))
    else
        printf '%dm%02ds' $((seconds / 60)) $((seconds % 60))
    fi
}

# The values of some keys in a part of a log line: _values "loss=1.2, acc=0.5, ..." loss acc -> " loss 1.2 acc 0.5"
_values() {
    local key
    for key in "${@:2}"; do
        [[ ", $1" =~ [,\ ]${key}=([^,\ ]+) ]] && printf ' %s %s' "${key}" "${BASH_REMATCH[1]}"
    done
    return 0
}

# watch_training LOG: one line per epoch, read from the trainer's log while it grows, until the log's job has ended.
watch_training() {
    local line epoch batch max="" first=-1 began=${SECONDS} left train valid me=${BASHPID}
    while IFS= read -r line; do
        case ${line} in
            *epoch\ started*)
                [[ ${line} =~ ([0-9]+)/([0-9]+)epoch\ started ]] || continue
                max=${BASH_REMATCH[2]}
                if ((first < 0)); then
                    first=${BASH_REMATCH[1]} began=${SECONDS}
                fi ;;
            *epoch:train:*)
                [[ ${line} =~ ([0-9]+)epoch:train:[0-9]+-([0-9]+)batch:\ (.*) ]] || continue
                epoch=${BASH_REMATCH[1]} batch=${BASH_REMATCH[2]} train=${BASH_REMATCH[3]}
                say_fleeting "epoch ${epoch}/${max}, batch ${batch}:$(_values "${train}" loss acc)" ;;
            *epoch\ results:*)
                [[ ${line} =~ ([0-9]+)epoch\ results:\ \[train\]\ (.*)\[valid\](.*) ]] || continue
                epoch=${BASH_REMATCH[1]} train=${BASH_REMATCH[2]} valid=${BASH_REMATCH[3]}
                left=$(((SECONDS - began) * (max - epoch) / (epoch - first + 1)))
                say "epoch ${epoch}/${max}: train$(_values "${train}" loss acc)," \
                    "valid$(_values "${valid}" loss acc cer wer), $(_seconds_as_words ${left}) left" ;;
            "# Ended "* | "# Finished at "*) break ;;
        esac
    done < <(tail -n 0 -F -s 0.3 --pid="${me}" "$1" 2> /dev/null)
}

# with_watch GRACE WATCHER ARGUMENT... -- COMMAND...: a command with a watcher beside it; gives the command's exit code.
# The watcher has GRACE tenths of a second after the end for a last line.
with_watch() {
    local -a watcher=()
    local grace=$1 status=0 pid
    shift
    while [ "$1" != -- ]; do
        watcher+=("$1")
        shift
    done
    "${watcher[@]}" &
    pid=$!
    _background=("${pid}")
    "${@:2}" || status=$?
    while ((grace-- > 0)) && kill -0 "${pid}" 2> /dev/null; do
        sleep 0.1
    done
    kill "${pid}" 2> /dev/null || true
    wait "${pid}" 2> /dev/null || true
    _background=()
    say_fleeting ""
    return "${status}"
}
