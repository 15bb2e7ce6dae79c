#!/usr/bin/env bash
# Make the folder of a new recipe: links to the template, and copies of what a recipe edits.
set -euo pipefail
if [ $# -ne 1 ]; then
    echo "Usage: $0 <recipe-dir>        for example: $0 egs2/my_corpus/asr1" >&2
    exit 1
fi
dir=$1
here=$(cd "$(dirname "$0")" && pwd)
task=${here##*/}
template=$(readlink -m "${dir}/../../TEMPLATE/${task}")
if [ ! -d "${template}" ]; then
    echo "$0: ${template} does not exist; a recipe lies in egs2/<corpus>/${task}" >&2
    exit 1
fi
mkdir -p "${dir}/conf" "${dir}/local"
for name in "${task%1}.sh" path.sh db.sh scripts pyscripts steps utils; do
    ln -sfn "../../TEMPLATE/${task}/${name}" "${dir}/${name}"
done
for file in cmd.sh conf/queue.conf conf/slurm.conf conf/pbs.conf local/path.sh; do
    if [ -e "${here}/${file}" ] && [ ! -e "${dir}/${file}" ]; then
        cp "${here}/${file}" "${dir}/${file}"
    fi
done
echo "Made ${dir}. Write ${dir}/local/data.sh and ${dir}/run.sh next (README: train your own corpus)."
