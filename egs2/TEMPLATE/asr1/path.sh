# The environment of a recipe. Source it in the recipe's folder:  . ./path.sh
# shellcheck shell=bash
MAIN_ROOT=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../.." && pwd)
export MAIN_ROOT

export PATH=${PWD}/utils:${PATH}
export LC_ALL=C
export PYTHONIOENCODING=UTF-8
export PYTHONPATH=${MAIN_ROOT}${PYTHONPATH:+:${PYTHONPATH}}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
export NCCL_SOCKET_IFNAME=${NCCL_SOCKET_IFNAME:-^lo,docker,virbr,vmnet,vboxnet}

# The interpreter that "make install" made; without it, the python3 on the PATH when it has torch.
if [ -e "${MAIN_ROOT}/tools/activate_python.sh" ]; then
    # shellcheck disable=SC1091
    . "${MAIN_ROOT}/tools/activate_python.sh"
elif ! python3 -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)' 2> /dev/null; then
    echo "path.sh: no Python with torch found. Install the toolkit:  make -C ${MAIN_ROOT} install" >&2
    return 1
fi
if [ -e "${MAIN_ROOT}/tools/extra_path.sh" ]; then
    # shellcheck disable=SC1091
    . "${MAIN_ROOT}/tools/extra_path.sh"
fi
if [ -e local/path.sh ]; then
    # shellcheck disable=SC1091
    . local/path.sh
fi
