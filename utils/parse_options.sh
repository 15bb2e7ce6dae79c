# Options of a shell script. Set the defaults, then source it:
#
#   stage=1
#   use_lm=false
#   help_message="Usage: $0 [--stage n] [--use-lm true|false] <dir>"
#   . utils/parse_options.sh            # leaves the positional arguments in $@
#
# --name value and --name=value set the variable `name` (a dash counts as _); it must have a default, and where that is true
# or false the value must be one too. --config FILE is sourced as shell first, so the command line wins over it.
# The value is taken as it is written. Parsing stops at the first argument that does not start with --, or after a lone --.
# shellcheck shell=bash
# shellcheck disable=SC2154  # help_message belongs to the script

_po_refuse() {
    echo "$0: $*" >&2
    exit 1
}

# The end of a message: the variable of this script whose name is nearest.
_po_guess() {
    # shellcheck disable=SC2046  # names
    perl -I "$(dirname "${BASH_SOURCE[0]}")/lib" -MNearest -e 'print did_you_mean(@ARGV)' \
        "$1" $(comm -23 <(compgen -v | grep '^[a-z]' | sort) <(compgen -e | sort))
}

for ((_po_i = 1; _po_i <= $#; _po_i++)); do
    case ${!_po_i} in
        --config) _po_i=$((_po_i + 1)); _po_value=${!_po_i-} ;;
        --config=*) _po_value=${!_po_i#*=} ;;
        *) continue ;;
    esac
    [ -f "${_po_value}" ] && [ -r "${_po_value}" ] || _po_refuse "--config '${_po_value}': cannot read this file"
    [[ ${_po_value} == */* ]] || _po_value=./${_po_value}
    # shellcheck disable=SC1090
    . "${_po_value}"
done

while [ $# -gt 0 ]; do
    case $1 in
        -h | --help)
            printf '%s\n' "${help_message:-No help found.}" >&2
            exit 0 ;;
        --) shift; break ;;
        --*=*) _po_name=${1%%=*} _po_value=${1#*=}; shift ;;
        --*)
            [ $# -ge 2 ] || _po_refuse "option $1 needs a value"
            _po_name=$1 _po_value=$2; shift 2 ;;
        *) break ;;
    esac
    [ "${_po_name}" != --config ] || continue
    _po_variable=${_po_name#--}
    _po_variable=${_po_variable//-/_}
    if [[ ! ${_po_variable} =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || [ -z "${!_po_variable+set}" ]; then
        _po_refuse "invalid option ${_po_name}.$(_po_guess "${_po_variable}")"
    fi
    if [[ ${!_po_variable} =~ ^(true|false)$ && ! ${_po_value} =~ ^(true|false)$ ]]; then
        _po_refuse "${_po_name} must be true or false, not '${_po_value}'"
    fi
    printf -v "${_po_variable}" '%s' "${_po_value}"
done

[ -n "${cmd-unset}" ] || _po_refuse "--cmd is empty; it names the job runner, such as run.pl"
unset _po_i _po_name _po_value _po_variable
unset -f _po_refuse _po_guess
true
