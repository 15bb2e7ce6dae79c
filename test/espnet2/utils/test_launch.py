"""The commands that are built, log rotation, and a job that is really run."""

import os
import sys
from pathlib import Path

import pytest

from espnet2.utils.errors import InputError
from espnet2.utils.launch import Job, Target, build_jobs, parse_hosts, rotate, run_jobs, show_end_of

TRAIN = ["python3", "-m", "espnet2.bin.asr_train", "--output_dir", "exp/a b"]


def words(**target):
    (job,) = build_jobs(Target(log=Path("exp/train.log"), **target), TRAIN)
    return job.words


def test_this_machine():
    assert words(cmd="utils/run.pl --mem 4G", ngpu=2) == [
        "utils/run.pl", "--mem", "4G", "--gpu", "2", "exp/train.log", *TRAIN,
        "--ngpu", "2", "--multiprocessing_distributed", "True",
    ]  # fmt: skip
    assert words(ngpu=0, multiprocessing_distributed=False)[-4:] == [
        "--ngpu", "0", "--multiprocessing_distributed", "False",
    ]  # fmt: skip


def test_slurm_nodes():
    assert words(cmd="slurm.pl", ngpu=0, num_nodes=3, master_port=5, master_addr="h") == [
        "slurm.pl", "--gpu", "0", "--num_threads", "1", "--num_nodes", "3", "exp/train.log", "srun", "--export=ALL", *TRAIN,
        "--ngpu", "0", "--multiprocessing_distributed", "true", "--dist_launcher", "slurm",
        "--dist_master_port", "5", "--dist_master_addr", "h",
    ]  # fmt: skip


def test_other_schedulers_start_through_mpi_and_meet_by_a_file():
    found = words(cmd="utils/queue.pl", ngpu=4, num_nodes=2)
    assert found[1:11] == [
        "--gpu", "4", "--num_threads", "4", "--num_nodes", "2", "exp/train.log", "mpirun", "-np", "2",
    ]  # fmt: skip
    assert found[-4:-1] == ["--dist_launcher", "mpi", "--dist_init_method"]
    assert found[-1].startswith(f"file://{os.getcwd()}/.dist_init_")
    assert found[-1] != words(cmd="utils/queue.pl", ngpu=4, num_nodes=2)[-1]


@pytest.mark.parametrize("cmd", ["utils/run.pl", "ssh.pl --x 1", "utils/stdout.pl"])
def test_commands_of_one_machine_are_refused_for_several_nodes(cmd):
    with pytest.raises(InputError, match=f"{Path(cmd.split()[0]).name} runs on one machine"):
        words(cmd=cmd, num_nodes=2)


def test_hosts():
    assert parse_hosts("h1:0:2,h2", 2) == [("h1", 0), ("h1", 2), ("h2", 0), ("h2", 1)]
    assert parse_hosts("h1,h2", 0) == [("h1", 0), ("h2", 0)]
    jobs = build_jobs(Target(host="h1:3,h2:0", log=Path("exp/train.log"), master_port=7), TRAIN)
    assert [job.words for job in jobs] == [["ssh", "h1", "bash"], ["ssh", "h2", "bash"]]
    assert [str(job.log) for job in jobs] == ["exp/train.log", "exp/train.rank1.log"]
    assert jobs[0].script == (
        f"set -euo pipefail\ncd {os.getcwd()}\n. ./path.sh\n"
        "python3 -m espnet2.bin.asr_train --output_dir 'exp/a b' --ngpu 1 --multiprocessing_distributed false "
        "--local_rank 3 --dist_rank 0 --dist_world_size 2 --dist_master_port 7\n"
    )
    cpu = build_jobs(Target(host="h1,h2", ngpu=0, master_port=7), TRAIN)
    assert cpu[1].script.endswith("--dist_rank 1 --dist_world_size 2 --dist_master_port 7 --dist_backend gloo\n")


def test_logs_are_rotated(tmp_path):
    log = tmp_path / "train.log"
    for run in range(4):
        rotate(log, max_num_log_files=2)
        log.write_text(str(run))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "train.log": "3",
        "train.1.log": "2",
        "train.2.log": "1",
    }


def test_a_failing_job_ends_the_others(tmp_path):
    log = tmp_path / "logs" / "a.log"
    python = [sys.executable, "-c"]
    jobs = [
        Job(["bash"], "echo hello\nsleep 0.2\nexit 3\n", log),
        Job([*python, "import time; time.sleep(60)"]),
    ]
    assert run_jobs(jobs) == (3, log)
    assert log.read_text() == "hello\n"
    assert run_jobs([Job([*python, "pass"]), Job([*python, "pass"])]) == (0, None)
    assert run_jobs([Job(["false"])]) == (1, None), "its runner keeps the log and shows its end"


def test_the_end_of_a_log(tmp_path, capsys):
    (tmp_path / "x.log").write_text("one\ntwo\nthree\n")
    show_end_of(tmp_path / "x.log", 2)
    assert "one" not in (shown := capsys.readouterr().err)
    assert "two\nthree\n" in shown
    show_end_of(tmp_path / "y.log")
    assert "no log" in capsys.readouterr().err
