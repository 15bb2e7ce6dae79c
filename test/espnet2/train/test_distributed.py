"""Real processes: two with uneven batches equal one, and a death is told."""

import os
import re
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from espnet2.train.distributed import (
    Distributed,
    check_gpus,
    gather,
    in_step,
    init,
    leave,
    reduce_stats,
    resolve,
    share_by_weight,
)
from espnet2.train.options import DistributedOptions
from espnet2.utils.errors import InputError

REPO = Path(__file__).parents[3]
SCRIPT = Path(__file__).parent / "tiny_training.py"
PLAIN = ["--use_tensorboard", "false", "--use_matplotlib", "false", "--optim", "sgd", "--max_epoch", "2"]
TWO = ["--ngpu", "0", "--dist_world_size", "2", "--multiprocessing_distributed", "true"]


def start(output_dir, *words, preexec_fn=None, **env):
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPO), **env}
    command = [sys.executable, str(SCRIPT), "--output_dir", str(output_dir), *PLAIN, *words]
    return subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=preexec_fn
    )


def run(output_dir, *words, **kwargs):
    process = start(output_dir, *words, **kwargs)
    output, _ = process.communicate(timeout=600)
    return process.returncode, output


def assert_equal_trainings(one, two):
    one, two = (torch.load(path / "checkpoint.pth", weights_only=True) for path in (one, two))
    for name, value in one["model"].items():
        torch.testing.assert_close(value, two["model"][name], rtol=0, atol=1e-12)
    for phase in ("train", "valid"):
        for name in ("loss", "acc"):
            own, other = (c["reporter"]["stats"][2][phase][name] for c in (one, two))
            assert own == pytest.approx(other, abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("accum_grad", ["1", "3"])
def test_two_ranks_with_uneven_batches_equal_one_process(tmp_path, accum_grad):
    """Batches of 5, 5, 5 and 2 are dealt as 3 + 2 and 1 + 1; DDP's plain average would differ in the second digit."""
    code, output = run(tmp_path / "two", *TWO, "--accum_grad", accum_grad)
    assert code == 0, output
    assert "2 processes train together through gloo (nccl needs GPUs)" in output
    assert ":0/2] " in output
    assert ":1/2] " not in output
    code, output = run(tmp_path / "one", "--accum_grad", accum_grad)
    assert code == 0, output
    assert_equal_trainings(tmp_path / "one", tmp_path / "two")


@pytest.mark.slow
def test_processes_started_by_torchrun_meet(tmp_path):
    with socket.socket() as server:
        server.bind(("localhost", 0))
        port = server.getsockname()[1]
    address = {"WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": str(port)}
    processes = [start(tmp_path / "two", RANK=str(r), LOCAL_RANK=str(r), **address) for r in range(2)]
    outputs = [process.communicate(timeout=600)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    code, output = run(tmp_path / "one")
    assert code == 0, output
    assert_equal_trainings(tmp_path / "one", tmp_path / "two")


@pytest.mark.slow
@pytest.mark.parametrize(
    "how, expected",
    [
        ("input", "ERROR: the file x is not there\n"),
        ("bug", "ValueError: a bug of rank 1\n"),
        ("kill", "ERROR: Worker process 1 was killed by SIGKILL"),
    ],
)
def test_the_death_of_a_worker_stops_the_job_with_its_reason(tmp_path, how, expected):
    code, output = run(tmp_path, *TWO, "--die", how)
    assert code == 1
    assert expected in output
    assert ("Traceback" in output) == (how == "bug")


@pytest.mark.slow
@pytest.mark.parametrize("words", [[], TWO])
def test_a_disk_that_gets_full_ends_a_training_with_one_message(tmp_path, words):
    """A limit on the size of files, which a checkpoint with Adam's state exceeds, stands for the disk."""
    words = [*words, "--optim", "adam"]
    code, output = run(tmp_path, *words)
    assert code == 0, output
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    limit = len(before["checkpoint.pth"]) - 1000

    def full():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    code, output = run(tmp_path, *words, "--max_epoch", "3", "--resume", "true", preexec_fn=full)
    assert code == 1
    assert re.search(r"ERROR: The disk is full or a quota is reached: .*--resume true\.\n", output)
    assert "Traceback" not in output
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert after.pop("3epoch.pth")
    assert after == before


def test_alone_by_default():
    distributed = resolve(DistributedOptions(), ngpu=0)
    assert distributed == Distributed()
    assert not distributed.distributed
    assert distributed.is_main
    assert distributed.log_prefix.startswith("[")
    init(distributed)  # nothing to do
    model = torch.nn.Linear(1, 1)
    assert distributed.wrap(model) is model


def test_given_ranks_are_taken():
    options = DistributedOptions(dist_rank=1, dist_world_size=4, local_rank=1, dist_master_addr="h", dist_master_port=5)
    distributed = resolve(options, ngpu=0)
    assert (distributed.rank, distributed.world_size, distributed.local_rank) == (1, 4, 1)
    assert (distributed.backend, distributed.master_addr, distributed.master_port) == ("gloo", "h", 5)
    assert distributed.log_prefix.endswith(":1/4]")


def test_processes_that_cannot_meet_are_told(monkeypatch):
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with pytest.raises(InputError, match="--dist_master_addr"):
        init(Distributed(rank=1, world_size=2))


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without GPU")
def test_more_gpus_than_there_are_is_refused():
    assert check_gpus(0) == 0
    with pytest.raises(InputError, match="0 GPUs are visible"):
        resolve(DistributedOptions(), ngpu=1)


def test_collectives_of_a_process_alone_change_nothing():
    loss = torch.tensor(3.0)
    assert share_by_weight(loss, torch.tensor(5)) is loss
    assert gather("x") == ["x"]
    assert reduce_stats({"loss": (6.0, 2.0)}) == {"loss": (6.0, 2.0)}
    assert list(in_step(iter("abc"))) == ["a", "b", "c"]


def _collectives(rank, path):
    init(Distributed(rank=rank, world_size=2, init_method=f"file://{path}/meet"))
    shared = share_by_weight(torch.tensor([3.0, 9.0][rank]), torch.tensor([1, 3][rank]))
    stats = reduce_stats([{"loss": (1.0, 1.0), "only0": (2.0, 1.0)}, {"loss": (5.0, 2.0)}][rank])
    counted = len(list(in_step(range([3, 2][rank]))))
    flagged = len(list(in_step(iter(range([3, 2][rank])))))
    torch.save([shared.item(), stats["loss"], stats["only0"], counted, flagged], f"{path}/{rank}.pth")
    leave()


@pytest.mark.slow
def test_collectives_of_two(tmp_path):
    """Losses 3 (weight 1) and 9 (weight 3): the mean is 7.5, which DDP's average makes of 1.5 and 13.5."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_distributed as t; t._collectives"
    )
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPO)}
    words = [[sys.executable, "-c", f"{code}({rank}, {str(tmp_path)!r})"] for rank in range(2)]
    assert [process.wait(600) for process in [subprocess.Popen(w, env=env) for w in words]] == [0, 0]
    for rank, own in enumerate([1.5, 13.5]):
        assert torch.load(tmp_path / f"{rank}.pth") == [own, (6.0, 3.0), (2.0, 1.0), 2, 2]
