"""Where a process stands among others, as options or launchers tell it: torchrun's environment, Slurm's, or MPI."""

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from espnet2.train.options import DistributedOptions
from espnet2.utils.errors import InputError


class Place(NamedTuple):
    """A process, or a machine, among those that train together."""

    rank: int
    world_size: int
    local_rank: int | None = None  # among the processes of its machine
    master_addr: str | None = None


def environment_place(env: Mapping[str, str] = os.environ) -> Place | None:
    """The process that torchrun's variables RANK, WORLD_SIZE and LOCAL_RANK describe, if they are set."""
    if "RANK" not in env or "WORLD_SIZE" not in env:
        return None
    local_rank = int(env["LOCAL_RANK"]) if "LOCAL_RANK" in env else None
    return Place(int(env["RANK"]), int(env["WORLD_SIZE"]), local_rank, env.get("MASTER_ADDR"))


def slurm_place(env: Mapping[str, str] = os.environ) -> Place:
    """The process of a Slurm step.

    Raises:
        InputError: If this is no process of a step that ``srun`` started.
    """
    missing = [name for name in ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_STEP_NODELIST") if name not in env]
    if missing:
        raise InputError(f"--dist_launcher slurm needs a step started by srun ({', '.join(missing)} not set).")
    return Place(
        int(env["SLURM_PROCID"]),
        int(env["SLURM_NTASKS"]),
        int(env.get("SLURM_LOCALID", 0)),
        first_host(env["SLURM_STEP_NODELIST"]),
    )


def slurm_node(env: Mapping[str, str] = os.environ) -> Place:
    """The machine of a Slurm step that runs one task per node, whose processes we start ourselves.

    Raises:
        InputError: If the step has several tasks per node.
    """
    process = slurm_place(env)
    num_nodes = int(env.get("SLURM_STEP_NUM_NODES", 1))
    if process.world_size != num_nodes:
        raise InputError(
            "--multiprocessing_distributed true starts the processes of a node itself, but srun started "
            f"{process.world_size} tasks on {num_nodes} nodes. Use srun --ntasks-per-node=1."
        )
    return Place(int(env.get("SLURM_NODEID", 0)), num_nodes, 0, process.master_addr)


def mpi_place() -> Place:
    """The process of an ``mpirun``.

    Raises:
        InputError: If mpi4py is not installed.
    """
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise InputError("--dist_launcher mpi needs mpi4py: pip install mpi4py") from error
    comm = MPI.COMM_WORLD
    hosts = comm.allgather(MPI.Get_processor_name())
    rank = comm.Get_rank()
    return Place(rank, comm.Get_size(), hosts[:rank].count(hosts[rank]), hosts[0])


def first_host(nodelist: str) -> str:
    """The first host of Slurm's notation: ``"n[03-05,9],m1"`` -> ``"n03"``."""
    match = re.match(r"([^\[,]+)(?:\[([^\],-]+))?", nodelist)
    if match is None:
        raise InputError(f"cannot read the node list '{nodelist}'.")
    return match.group(1) + (match.group(2) or "")


LAUNCHERS = {"slurm": slurm_place, "mpi": mpi_place}
NODE_LAUNCHERS = {"slurm": slurm_node, "mpi": mpi_place}


def place_of_process(options: DistributedOptions) -> Place:
    """This process, from its options, else its launcher, else torchrun's environment, else alone.

    Raises:
        InputError: If there are several processes and this one's rank is not told, or is none of theirs.
    """
    if options.dist_launcher is not None:
        found = LAUNCHERS[options.dist_launcher]()
    else:
        found = environment_place() or Place(0, 1)
    given: dict[str, Any] = {
        "rank": options.dist_rank,
        "world_size": options.dist_world_size,
        "local_rank": options.local_rank,
    }
    place = found._replace(**{key: value for key, value in given.items() if value is not None})
    if place.world_size > 1 and found.world_size == 1 and options.dist_rank is None:
        raise InputError("--dist_world_size above 1 needs --dist_rank, or --multiprocessing_distributed true.")
    if not 0 <= place.rank < place.world_size:
        raise InputError(f"--dist_rank must be from 0 to {place.world_size - 1}, not {place.rank}.")
    return place


def processes_here(options: DistributedOptions, ngpu: int) -> tuple[int, Place]:
    """How many processes to start on this machine, and this machine among the machines.

    Raises:
        InputError: If the options contradict each other.
    """
    alone = Place(0, 1)
    if environment_place() is not None:
        return 1, alone  # torchrun has started the processes: this is one of them
    if not options.multiprocessing_distributed:
        is_rank = options.dist_rank is not None or options.dist_launcher is not None
        return (1 if is_rank else max(ngpu, 1)), alone
    if options.dist_launcher is not None:
        return max(ngpu, 1), NODE_LAUNCHERS[options.dist_launcher]()
    if options.dist_rank is not None:
        return max(ngpu, 1), Place(options.dist_rank, options.dist_world_size or 1, 0, options.dist_master_addr)
    wanted = options.dist_world_size or max(ngpu, 1)
    if ngpu > 0 and wanted != ngpu:
        raise InputError(
            f"--dist_world_size {wanted} with --ngpu {ngpu}: on several machines give each its --dist_rank."
        )
    return wanted, alone
