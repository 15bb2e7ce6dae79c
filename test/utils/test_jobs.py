"""utils/jobs.sh: the machine, arguments that pass unharmed, progress."""

import subprocess
from pathlib import Path

import pytest

UTILS = Path(__file__).parents[2] / "utils"


def bash(text: str, **env: str) -> str:
    script = f"set -euo pipefail; . {UTILS}/recipe.sh; . {UTILS}/jobs.sh; {text}"
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, env=env or None).stdout


def test_jobs_never_exceed_cores_or_memory():
    cores = int(bash("num_cores"))
    free = int(bash("free_memory_mib"))
    assert cores >= 1 and free > 0
    assert int(bash("jobs_that_fit 1")) == cores
    assert int(bash(f"jobs_that_fit {10 * free}")) == 1


def test_threads_share_the_cores_unless_asked():
    assert int(bash("threads_for 1000", PATH="/usr/bin:/bin")) == 1
    assert int(bash("threads_for 1", PATH="/usr/bin:/bin")) == int(bash("num_cores"))
    assert int(bash("threads_for 1", PATH="/usr/bin:/bin", OMP_NUM_THREADS="3")) == 3


@pytest.mark.parametrize("devices, count", [("", "0"), ("0", "1"), ("0,3", "2"), ("NoDevFiles", "0")])
def test_gpus_are_those_visible(devices, count):
    assert bash("num_gpus", PATH="/usr/bin:/bin", CUDA_VISIBLE_DEVICES=devices).strip() == count


@pytest.mark.parametrize(
    "word",
    ["plain", "a b", "{lr: 0.1}", "{a:1,b:2}", "(valid,acc,max)", "it's", 'say "x"', "$HOME", "`id`", "a;b|c", "*", ""]
    + ["\\ x", "<unk>", "é"],
)
def test_protected_words_survive_a_second_shell(word):
    """run.pl writes words without a blank as they are, and hands the line to bash."""
    quoted = word.replace("'", "'\\''")
    text = f"protect_words '{quoted}' end; [[ ${{safe_words[0]}} != *' '* ]]; "
    assert bash(text + "echo \"printf '%s|' ${safe_words[*]}\" | bash") == f"{word}|end|"


def test_epochs_are_told_in_one_line_each(tmp_path):
    log = tmp_path / "train.log"
    lines = [
        "1/3epoch started",
        "1epoch:train:1-4batch: iter_time=0.1, loss_ctc=9.000, loss=4.000, acc=0.100",
        "1epoch results: [train] loss_ctc=1.0, loss=3.000, acc=0.200, time=1 second, total_count=4, "
        "[valid] loss=2.000, acc=0.300, cer=0.500",
        "2/3epoch started. Estimated time to finish: 2 seconds",
        "2epoch results: [train] loss=2.5, time=1 second, [valid] loss=1.5, time=1 second",
    ]
    writer = "".join(f"echo '[host] 2026-01-01 (trainer:1) INFO: {line}'; " for line in lines)
    text = f"work() {{ sleep 0.3; {{ {writer} echo '# Ended (code 0) at x'; }} > {log}; return 3; }}; "
    out = bash(text + f"status=0; with_watch 20 watch_training {log} -- work || status=$?; echo status ${{status}}")
    assert out.splitlines() == [
        "epoch 1/3: train loss 3.000 acc 0.200, valid loss 2.000 acc 0.300 cer 0.500, 0m00s left",
        "epoch 2/3: train loss 2.5, valid loss 1.5, 0m00s left",
        "status 3",
    ]


def test_an_old_log_is_not_told_again(tmp_path):
    log = tmp_path / "train.log"
    log.write_text("INFO: 9/9epoch started\nINFO: 9epoch results: [train] loss=1, [valid] loss=2\n# Ended (code 0)\n")
    text = f"work() {{ mv {log} {log}.1; echo 'INFO: 1/1epoch started' > {log}; }}; "
    assert bash(text + f"with_watch 5 watch_training {log} -- work") == ""


@pytest.mark.slow
def test_counting_ends_with_the_command(tmp_path):
    text = f"work() {{ echo 'best hypo: x' > {tmp_path}/inf.1.log; sleep 2.5; }}; "
    out = bash(text + f"with_watch 0 watch_count 2 decoded 'best hypo' {tmp_path}/inf -- work")
    assert out == "decoded: 1/2\n"
