#!/usr/bin/env bash
# Options, stages and log lines of a task script. Source it in a script, declare, parse, run:
#
#   . utils/recipe.sh
#   usage "Train and score a recogniser."
#   section "Recogniser"
#   opt asr_config "" "YAML file of the training"            # opt NAME DEFAULT HELP [CHOICES]
#   later "Decode with k2" use_k2=false k2_config=k2.yaml    # options whose feature does not exist yet
#   stage 11 asr_train "Train the recogniser" train          # stage NUMBER NAME TITLE [SKIP-FLAG...]: stage_asr_train
#   parse_options "$@"                                       # sets the variables, and ${positional[@]}
#   run_stages                                               # ${stage}..${stop_stage}, by number or by name
#
# --help is made from the declarations. An option whose default is true or false takes nothing else. A stage is skipped
# when skip_<SKIP-FLAG> is true, when ${skip_stages} names it, or after: skip_stage NAME REASON.

_option_names=()            # in the order of their declaration
_help_lines=()              # "# Title" of a section, or an option's name
_stage_numbers=()
declare -A _default=() _help=() _choices=() _later=() _stage_name=() _stage_title=() _stage_flags=() _skip_reason=() _given=()
_usage=""
_arguments=""
_running=""                 # the stage under way, for the message when it fails
_background=()              # processes to end with the script
positional=()

log() {
    printf '%(%Y-%m-%dT%H:%M:%S)T (%s:%s:%s) %s\n' \
        -1 "${BASH_SOURCE[1]##*/}" "${BASH_LINENO[0]}" "${FUNCNAME[1]}" "$*"
}

die() {
    printf '%(%Y-%m-%dT%H:%M:%S)T (%s:%s:%s) ERROR: %s\n' \
        -1 "${BASH_SOURCE[1]##*/}" "${BASH_LINENO[0]}" "${FUNCNAME[1]}" "$*" >&2
    exit 1
}

# need_file FILE HOW-TO-GET-IT
need_file() {
    [ -e "$1" ] || die "$1 does not exist: $2"
}

# ---- declarations ----

usage() { _usage=$1 _arguments=${2:-}; }     # TEXT [POSITIONAL-ARGUMENTS]
section() { _help_lines+=("# $1"); }

opt() {
    printf -v "$1" '%s' "$2"
    _option_names+=("$1")
    _help_lines+=("$1")
    _default[$1]=$2 _help[$1]=$3 _choices[$1]=${4:-}
}

later() {
    local pair
    for pair in "${@:2}"; do
        opt "${pair%%=*}" "${pair#*=}" "$1 (not available yet)"
        _later[${pair%%=*}]=$1
    done
}

stage() {
    _stage_numbers+=("$1")
    _stage_name[$1]=$2 _stage_title[$1]=$3 _stage_flags[$1]="${*:4}"
}

print_help() {
    local line value
    printf 'Usage: %s [--config file-of-assignments] [--option value]... %s\n%s\n' "$0" "${_arguments}" "${_usage}"
    if [ "${#_stage_numbers[@]}" -gt 0 ]; then
        printf '\nStages (--stage and --stop_stage take the number or the name)\n'
        for line in "${_stage_numbers[@]}"; do
            printf '  %3s  %-14s %s\n' "${line}" "${_stage_name[${line}]}" "${_stage_title[${line}]}"
        done
    fi
    for line in "${_help_lines[@]}"; do
        if [[ ${line} == "# "* ]]; then
            printf '\n%s\n' "${line#\# }:"
        else
            value=${_default[${line}]}
            printf '  --%-31s %s%s%s\n' "${line}" "${_help[${line}]}" \
                "${_choices[${line}]:+; one of: ${_choices[${line}]}}" "${value:+ [${value}]}"
        fi
    done
}

# ---- parsing ----

# The name among $2... that takes the fewest edits to reach from $1; nothing when all are far.
nearest_name() {
    local word=$1 name i j cost up diagonal distance best="" best_distance=$((${#1} / 2 + 1))
    local -a row
    for name in "${@:2}"; do
        for ((j = 0; j <= ${#name}; j++)); do row[j]=${j}; done
        for ((i = 1; i <= ${#word}; i++)); do
            diagonal=${row[0]} row[0]=${i}
            for ((j = 1; j <= ${#name}; j++)); do
                up=${row[j]}
                [ "${word:i-1:1}" = "${name:j-1:1}" ] && cost=${diagonal} || cost=$((diagonal + 1))
                ((up + 1 < cost)) && cost=$((up + 1))
                ((row[j - 1] + 1 < cost)) && cost=$((row[j - 1] + 1))
                diagonal=${up} row[j]=${cost}
            done
        done
        distance=${row[${#name}]}
        if ((distance < best_distance)); then
            best=${name} best_distance=${distance}
        fi
    done
    printf '%s' "${best}"
}

_did_you_mean() {
    local near
    near=$(nearest_name "$@")
    [ -z "${near}" ] || printf " Did you mean '%s'?" "${near}"
}

_refuse() {
    echo "$0: $1 (see $0 --help)" >&2
    exit 1
}

_assign() {
    local name=$1 value=$2 origin=$3
    if [[ -v "_default[${name}]" ]]; then
        case ${_default[${name}]} in
            true | false) [[ ${value} =~ ^(true|false)$ ]] \
                || _refuse "${origin} must be true or false, not '${value}'" ;;
        esac
        # shellcheck disable=SC2086  # the choices are words
        if [ -n "${_choices[${name}]}" ] && [[ " ${_choices[${name}]} " != *" ${value} "* ]]; then
            _refuse "${origin} must be one of: ${_choices[${name}]}; not '${value}'.$(
                _did_you_mean "${value}" ${_choices[${name}]})"
        fi
        printf -v "${name}" '%s' "${value}"
        _given[${name}]=true
    else
        _refuse "unknown option ${origin}.$(_did_you_mean "${name}" "${_option_names[@]}")"
    fi
}

# A shell file of assignments; weaker than the command line. What it sets goes through the same checks.
_read_config() {
    local file=$1 name before after
    [ -r "${file}" ] || _refuse "--config ${file}: cannot read this file"
    before=$'\n'$(compgen -v)$'\n'
    # shellcheck disable=SC1090
    . "${file}"
    after=$(compgen -v)
    for name in ${after}; do
        [[ ${before} == *$'\n'"${name}"$'\n'* ]] \
            || echo "$0: Warning: ${file} sets ${name}, which is no option.$(
                _did_you_mean "${name}" "${_option_names[@]}")" >&2
    done
    for name in "${_option_names[@]}"; do
        [ "${!name}" = "${_default[${name}]}" ] || _assign "${name}" "${!name}" "${name} in ${file}"
    done
}

parse_options() {
    local argument name i refused=""
    # shellcheck disable=SC2034  # read by the scripts
    run_args=$(quote_words "$0" "$@")     # for the run.sh that repeats this command
    for ((i = 1; i <= $#; i++)); do
        argument=${!i}
        case ${argument} in
            --config) ((i < $#)) && i=$((i + 1)) && _read_config "${!i}" ;;
            --config=*) _read_config "${argument#*=}" ;;
        esac
    done
    while [ $# -gt 0 ]; do
        case $1 in
            -h | --help) print_help; exit 0 ;;
            --?*=*) name=${1%%=*} argument=${1#*=}; shift ;;
            --?*) [ $# -ge 2 ] || _refuse "option $1 needs a value"
                  name=$1 argument=$2; shift 2 ;;
            *) break ;;
        esac
        [ "${name}" = --config ] && continue
        name=${name#--}
        _assign "${name//-/_}" "${argument}" "--${name}"
    done
    # shellcheck disable=SC2034  # read by the scripts
    positional=("$@")
    for name in "${!_later[@]}"; do
        [ "${!name}" = "${_default[${name}]}" ] \
            || refused+=$'\n'"  --${name} ${!name}: ${_later[${name}]}"
    done
    [ -z "${refused}" ] || _refuse "this version does not have yet:${refused}"$'\n'
    if [ "${#_stage_numbers[@]}" -gt 0 ]; then
        stage=$(_number_of "${stage}")
        stop_stage=$(_number_of "${stop_stage}")
        for name in ${skip_stages:-}; do
            skip_stage "${name}" "--skip_stages"
        done
    fi
}

# True when option NAME was asked for, be it as it is by default.
was_given() { [ -n "${_given[$1]:-}" ]; }

check_no_positional() {
    [ "${#positional[@]}" -eq 0 ] && return
    print_help >&2
    echo "$0: takes options only, not: ${positional[*]}" >&2
    exit 2
}

# Print words so that a shell reads the same words again.
quote_words() {
    local word out=""
    for word in "$@"; do
        [[ ${word} =~ ^[A-Za-z0-9_./=:,@%+-]+$ ]] || word=${word@Q}
        out+="${out:+ }${word}"
    done
    printf '%s' "${out}"
}

# ---- stages ----

_number_of() {
    local number name=${1//-/_}
    for number in "${_stage_numbers[@]}"; do
        [ "${name}" != "${_stage_name[${number}]}" ] || name=${number}
    done
    [[ ${name} =~ ^[0-9]+$ ]] \
        || _refuse "no stage is called '$1'.$(_did_you_mean "${name}" "${_stage_name[@]}")"
    printf '%s' "${name}"
}

# skip_stage NAME... REASON
skip_stage() {
    local name number
    for name in "${@:1:$#-1}"; do
        number=$(_number_of "${name}")
        _skip_reason[${number}]=${*: -1}
    done
}

is_skipped() {
    local number flag
    number=$(_number_of "$1")
    for flag in ${_stage_flags[${number}]}; do
        flag=skip_${flag}
        [ "${!flag}" = false ] || _skip_reason[${number}]="${flag}=true"
    done
    [ -n "${_skip_reason[${number}]:-}" ]
}

# True when stage NAME lies in stage..stop_stage and nothing skips it.
is_selected() {
    local number
    number=$(_number_of "$1")
    ((stage <= number && number <= stop_stage)) && ! is_skipped "$1"
}

_on_exit() {
    local status=$?
    [ "${#_background[@]}" -eq 0 ] || kill "${_background[@]}" 2> /dev/null || true
    if [ "${status}" -ne 0 ] && [ -n "${_running}" ]; then
        log "Stage ${_running} failed with exit code ${status}. Once it is mended, use --stage ${_running%% *}" >&2
    fi
}

run_stages() {
    local number name
    trap _on_exit EXIT
    for number in "${_stage_numbers[@]}"; do
        ((stage <= number && number <= stop_stage)) || continue
        name=${_stage_name[${number}]}
        if is_skipped "${name}"; then
            log "Stage ${number} (${name}): skipped, ${_skip_reason[${number}]}"
            continue
        fi
        log "Stage ${number} (${name}): ${_stage_title[${number}]}"
        _running="${number} (${name})"
        "stage_${name}"
        _running=""
    done
    log "Successfully finished. [elapsed=${SECONDS}s]"
}
