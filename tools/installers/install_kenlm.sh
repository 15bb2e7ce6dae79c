#!/usr/bin/env bash
# n-gram language models: the scorer (Python module) and, with --binaries, lmplz and build_binary for training (needs cmake, a C++ compiler
# and the boost headers; on Debian: apt-get install cmake g++ libboost-all-dev libeigen3-dev zlib1g-dev).
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck disable=SC1091
[ ! -f activate_python.sh ] || . ./activate_python.sh
python3 -m pip install "kenlm>=0.2"
python3 -c "import kenlm; print('the kenlm module is ready')"
if [ "${1:-}" = --binaries ]; then
    python3 -m pip download --no-deps --no-binary kenlm --dest kenlm "kenlm>=0.2"
    tar -C kenlm --strip-components 1 -xf kenlm/kenlm-*.tar.gz
    cmake -S kenlm -B kenlm/build -DCMAKE_BUILD_TYPE=Release
    cmake --build kenlm/build --target lmplz build_binary -j "$(nproc)"
    grep -qs kenlm/build/bin extra_path.sh || printf 'export PATH="%s/kenlm/build/bin:${PATH}"\n' "${PWD}" >> extra_path.sh
    echo "lmplz and build_binary are in tools/kenlm/build/bin (path.sh finds them)"
fi
