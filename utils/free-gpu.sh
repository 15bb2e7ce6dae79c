#!/usr/bin/env bash
# Prints the ids of GPUs that no process uses, for CUDA_VISIBLE_DEVICES.
set -euo pipefail

n=1
help_message="Usage: $0 [-n <count>]
Print the ids of <count> (default 1) GPUs that run nothing, with commas between.
Example: CUDA_VISIBLE_DEVICES=\$($0 -n 2) ./run.sh --ngpu 2"
[ "${1-}" != -n ] || set -- --n "${@:2}"
# shellcheck source=utils/parse_options.sh
. "$(dirname "$0")/parse_options.sh"
if [ $# -ne 0 ] || [[ ! ${n} =~ ^[1-9][0-9]*$ ]]; then
    printf '%s\n' "${help_message}" >&2
    exit 1
fi
command -v nvidia-smi > /dev/null || { echo "$0: nvidia-smi is not on the PATH" >&2; exit 1; }
busy=$(nvidia-smi --query-compute-apps=gpu_uuid --format=csv,noheader)
mapfile -t free < <(nvidia-smi --query-gpu=index,uuid --format=csv,noheader \
    | awk -F ', ' -v busy="${busy//$'\n'/ }" '!index(busy, $2) { print $1 }')
if [ "${#free[@]}" -lt "${n}" ]; then
    echo "$0: ${#free[@]} GPUs are free, ${n} are asked for" >&2
    exit 1
fi
(IFS=,; echo "${free[*]:0:${n}}")
