"""utils/free-gpu.sh with a false nvidia-smi."""

import pytest

SMI = """case $1 in
    --query-compute-apps*) echo GPU-b ;;
    *) printf '0, GPU-a\\n1, GPU-b\\n2, GPU-c\\n' ;;
esac
"""


@pytest.mark.parametrize("args, out", [([], "0\n"), (["-n", "2"], "0,2\n")])
def test_idle_gpus(box, args, out):
    box.program("nvidia-smi", SMI)
    assert box.run("free-gpu.sh", *args).stdout == out


def test_too_few(box):
    box.program("nvidia-smi", SMI)
    assert "2 GPUs are free, 3 are asked for" in box.run("free-gpu.sh", "-n", "3", code=1).stderr


def test_no_gpu_machine(box):
    box.env["PATH"] = "/usr/bin:/bin"
    assert "nvidia-smi is not on the PATH" in box.run("free-gpu.sh", code=1).stderr
