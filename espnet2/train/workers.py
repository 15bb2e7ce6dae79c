"""The processes of one machine: started together, and stopped together when one fails."""

import argparse
import ctypes
import logging
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from copy import copy
from pathlib import Path

import torch
from torch.multiprocessing import get_context

from espnet2.config.options import from_args
from espnet2.train.cluster import processes_here
from espnet2.train.distributed import Distributed, check_gpus, init, leave, resolve
from espnet2.train.options import DistributedOptions
from espnet2.utils.errors import InputError
from espnet2.utils.log import setup_logging

Worker = Callable[[argparse.Namespace, Distributed], None]


class WorkerError(RuntimeError):
    """A worker process has died; the message holds its own traceback."""


def run_workers(worker: Worker, args: argparse.Namespace) -> None:
    """Call ``worker(args, distributed)`` here, or in as many new processes as the options ask for on this machine.

    New processes are started for ``--ngpu N`` above 1, and for ``--ngpu 0 --dist_world_size N
    --multiprocessing_distributed true`` (N processes on the CPU). Each gets its own copy of ``args`` with its
    ranks filled in.

    Args:
        worker: Such as ``ASRTask.main_worker``; called when logging is set up and all processes have met.
        args: With ``ngpu``, ``log_level`` and the fields of ``DistributedOptions``.
    Raises:
        InputError: If the options do not fit together, or a worker raised one or was killed.
        WorkerError: If a worker raised something else.
    """
    options = from_args(DistributedOptions, args)
    num_processes, node = processes_here(options, args.ngpu)
    if num_processes == 1 and node.world_size == 1:
        _run(worker, args)
        return
    check_gpus(args.ngpu)
    children = []
    for local_rank in range(num_processes):
        child = copy(args)
        child.local_rank = local_rank
        child.dist_rank = num_processes * node.rank + local_rank
        child.dist_world_size = num_processes * node.world_size
        child.ngpu = min(args.ngpu, 1)
        child.multiprocessing_distributed, child.dist_launcher = False, None
        child.dist_master_addr = args.dist_master_addr or node.master_addr
        children.append(child)
    with tempfile.TemporaryDirectory(prefix="espnet_processes_") as folder:
        if node.world_size == 1 and options.dist_init_method == "env://":
            for child in children:
                child.dist_master_addr = "localhost"
                if options.dist_master_port is None:  # a port free now may be taken before they meet
                    child.dist_init_method = (Path(folder) / "meet").as_uri()
        spawn_workers(worker, children)


def spawn_workers(worker: Worker, arguments: Sequence[argparse.Namespace]) -> None:
    """Run one process per element of ``arguments`` until all have ended.

    The first failure ends the others: they would wait for their peer in a collective for ever.

    Args:
        worker: Called in each process; must be picklable by name.
        arguments: What each gets.
    Raises:
        InputError: If a worker raised one (with the same message) or was killed.
        WorkerError: If a worker raised something else; the message holds its traceback.
    """
    context = get_context("spawn")
    failures = context.SimpleQueue()  # what went wrong first comes first
    processes = [
        context.Process(target=_work, args=(worker, args, rank, len(arguments), failures), name=str(rank))
        for rank, args in enumerate(arguments)
    ]
    for process in processes:
        process.start()
    try:
        failed = _wait(processes)
    finally:
        _stop(processes)
    if not failures.empty():
        is_input_error, message = failures.get()
        raise InputError(message) if is_input_error else WorkerError(message)
    if failed is not None:
        raise InputError(f"Worker process {failed.name} {_end_of(failed.exitcode)}")


def _work(worker, args, rank: int, num_processes: int, failures) -> None:
    if sys.platform == "linux":  # end with the parent, even if that is killed: PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    if "OMP_NUM_THREADS" not in os.environ:  # else each process would use all cores
        torch.set_num_threads(max(1, torch.get_num_threads() // num_processes))
    code = 1
    try:
        _run(worker, args)
        code = 0
    except InputError as error:
        failures.put((True, str(error)))
    except Exception:
        failures.put((False, f"worker process {rank} failed:\n{traceback.format_exc()[-30000:]}"))
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a failed one must not wait for its peers; the interpreter's end may abort one that has done its work


def _run(worker: Worker, args: argparse.Namespace) -> None:
    distributed = resolve(from_args(DistributedOptions, args), args.ngpu)
    setup_logging(args.log_level if distributed.is_main else "ERROR", distributed.log_prefix)
    init(distributed)
    worker(args, distributed)
    leave()


def _wait(processes):
    """The first process seen to have failed, or None when all have ended well."""
    while True:
        codes = [process.exitcode for process in processes]
        failed = [process for process, code in zip(processes, codes) if code not in (None, 0)]
        if failed or None not in codes:
            return failed[0] if failed else None
        time.sleep(0.05)


def _stop(processes) -> None:
    for process in processes:
        if process.exitcode is None:
            process.terminate()
    for process in processes:
        process.join(timeout=10)
        if process.exitcode is None:
            process.kill()
            process.join()


def _end_of(exitcode: int) -> str:
    if exitcode < 0:
        name = signal.Signals(-exitcode).name
        hint = " (the kernel does that when memory runs out: smaller batches or fewer processes help)"
        return f"was killed by {name}{hint if name == 'SIGKILL' else ''}."
    return f"ended with exit code {exitcode}."
