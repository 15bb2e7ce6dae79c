"""Starting a training: here, through a job scheduler on one or several nodes, or by ssh on named hosts."""

import os
import shlex
import subprocess
import sys
import time
import uuid
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from espnet2.utils.errors import InputError


class Job(NamedTuple):
    """A command, what it reads from its standard input, and the file that its output goes to (None: it has its own log)."""

    words: list[str]
    script: str = ""
    log: Path | None = None


class Target(NamedTuple):
    """Where a training is to run."""

    cmd: str = "utils/run.pl"
    log: Path = Path("run.log")
    ngpu: int = 1
    num_nodes: int = 1
    host: str | None = None
    envfile: str = "path.sh"
    multiprocessing_distributed: bool = True
    master_port: int | None = None
    master_addr: str | None = None
    init_file_prefix: str = ".dist_init_"


def build_jobs(target: Target, train: Sequence[str]) -> list[Job]:
    """The commands that start a training.

    Args:
        target: Where.
        train: The training command; options for the processes are appended.
    Raises:
        InputError: If several nodes are asked of a command that knows only this machine.
    """
    ngpu = str(target.ngpu)
    if target.host is not None:
        return _ssh_jobs(target, train)
    own = ["--ngpu", ngpu, "--multiprocessing_distributed"]
    if target.num_nodes <= 1:
        words = [*shlex.split(target.cmd), "--gpu", ngpu, str(target.log)]
        return [Job([*words, *train, *own, str(target.multiprocessing_distributed)])]
    kind = Path(shlex.split(target.cmd)[0]).name
    if kind in ("run.pl", "stdout.pl", "ssh.pl"):
        raise InputError(f"{kind} runs on one machine: --num_nodes {target.num_nodes} needs a scheduler, or --host.")
    if kind == "slurm.pl":
        launcher, starter = "slurm", ["srun", "--export=ALL"]
    else:
        launcher, starter = "mpi", ["mpirun", "-np", str(target.num_nodes)]
    resources = ["--gpu", ngpu, "--num_threads", str(max(target.ngpu, 1)), "--num_nodes", str(target.num_nodes)]
    words = [*shlex.split(target.cmd), *resources, str(target.log), *starter, *train, *own, "true"]
    return [Job([*words, "--dist_launcher", launcher, *_init_options(target)])]


def _ssh_jobs(target: Target, train: Sequence[str]) -> list[Job]:
    """One process per GPU of each host; rank 0 writes to the log, rank r beside it."""
    places = parse_hosts(target.host or "", target.ngpu)
    jobs = []
    init = _init_options(target)
    envfile = shlex.quote(os.path.join(".", target.envfile))
    for rank, (host, local_rank) in enumerate(places):
        ranks = {"local_rank": local_rank, "dist_rank": rank, "dist_world_size": len(places)}
        words = [*train, "--ngpu", str(min(target.ngpu, 1)), "--multiprocessing_distributed", "false"]
        words += [word for name, value in ranks.items() for word in (f"--{name}", str(value))]
        words += [*init, *(["--dist_backend", "gloo"] if target.ngpu == 0 else [])]
        script = f"set -euo pipefail\ncd {shlex.quote(os.getcwd())}\n. {envfile}\n{shlex.join(words)}\n"
        log = target.log if rank == 0 else target.log.with_suffix(f".rank{rank}{target.log.suffix}")
        jobs.append(Job(["ssh", host, "bash"], script, log))
    return jobs


def parse_hosts(hosts: str, ngpu: int) -> list[tuple[str, int]]:
    """``"h1:0:2,h2"`` -> GPUs 0 and 2 of h1, the first ``ngpu`` of h2, as (host, GPU) pairs."""
    places = []
    for entry in hosts.split(","):
        host, *gpus = entry.strip().split(":")
        places += [(host, int(gpu)) for gpu in gpus or range(max(ngpu, 1))]
    return places


def _init_options(target: Target) -> list[str]:
    """How the processes are to meet: at a port of rank 0, or through a file that all see."""
    if target.master_port is None:
        return ["--dist_init_method", f"file://{os.path.abspath(target.init_file_prefix)}{uuid.uuid4()}"]
    address = [] if target.master_addr is None else ["--dist_master_addr", target.master_addr]
    return ["--dist_master_port", str(target.master_port), *address]


def rotate(path: Path, max_num_log_files: int = 1000) -> None:
    """Make way for a new log: ``x.log`` becomes ``x.1.log``, that ``x.2.log`` and so on; the oldest falls off."""

    def numbered(number: int) -> Path:
        return path if number == 0 else path.with_suffix(f".{number}{path.suffix}")

    last = 0
    while last < max_num_log_files and numbered(last).exists():
        last += 1
    for number in range(last, 0, -1):
        os.replace(numbered(number - 1), numbered(number))


def run_jobs(jobs: Sequence[Job]) -> tuple[int, Path | None]:
    """Run all at once; when one fails the others are ended.

    Returns:
        The exit code of the first to fail and the log that is ours to show: none if the job's runner, such as run.pl, keeps
        the log and has shown its end. Or 0 and none.
    """
    processes = []
    for job in jobs:
        output = None
        if job.log is not None:
            job.log.parent.mkdir(parents=True, exist_ok=True)
            output = open(job.log, "w", encoding="utf-8")  # noqa: SIM115 - lives as long as the process
        stdin = subprocess.PIPE if job.script else None
        process = subprocess.Popen(job.words, stdin=stdin, stdout=output, stderr=output, text=True)
        if process.stdin is not None:
            process.stdin.write(job.script)
            process.stdin.close()
        processes.append(process)
    try:
        while True:
            codes = [process.poll() for process in processes]
            for job, code in zip(jobs, codes):
                if code not in (None, 0):
                    return code, job.log
            if None not in codes:
                return 0, None
            time.sleep(0.1)
    finally:
        for process in processes:
            if process.poll() is None:
                process.terminate()
                process.wait()


def show_end_of(log: Path, num_lines: int = 1000) -> None:
    """Print the last lines of a log to stderr."""
    if not log.exists():
        print(f"There is no log {log}.", file=sys.stderr)
        return
    with open(log, encoding="utf-8", errors="replace") as lines:
        tail = deque(lines, num_lines)
    print(f"---------- the last lines of {log} ----------", file=sys.stderr)
    sys.stderr.writelines(tail)
    print(f"---------- end of {log} ----------", file=sys.stderr)
