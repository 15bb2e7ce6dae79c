#!/usr/bin/env bash
# The audio of a wav.scp through a door, in parallel jobs. Stands on recipe.sh and jobs.sh.
# shellcheck disable=SC2034,SC2154  # the script declares the options

# deal_audio DOOR SCP PARTS OPTION...: espnet2.bin.DOOR over the recordings of SCP, or over ${segments} of them; job N
# writes into PARTS.N. Sets jobs. Reads nj, cmd, python, segments, logdir.
deal_audio() {
    local scp=$2 list=${segments:-$2} part=${logdir}/wav.JOB.scp input
    local -a options=(--part_of "${list}" "${@:4}")
    for input in "${scp}" "${list}"; do
        [ -f "${input}" ] || die "${input}: no such file"
    done
    jobs=$(least "${nj}" "$(num_lines "${list}")")
    ((jobs > 0)) || die "${list} is empty"
    mkdir -p "${logdir}" "${3%/*}"
    input=${part}
    if [ -n "${segments}" ]; then
        part=${logdir}/segments.JOB input=${scp}
        options+=(--segments "${part}")
    fi
    split_list "${list}" "${jobs}" "${part}"
    log "${scp}: $(num_lines "${list}") utterances in ${jobs} jobs, see ${logdir}/$1.*.log"
    run_jobs "${cmd}" "JOB=1:${jobs}" "${logdir}/$1.JOB.log" \
        "${python}" -m "espnet2.bin.$1" "${options[@]}" "${input}" "$3.JOB"
}

# join_parts PARTS FILE: the jobs' FILE, in their order.
join_parts() {
    local job
    for ((job = 1; job <= jobs; job++)); do
        cat "$1.${job}/$2"
    done
}
