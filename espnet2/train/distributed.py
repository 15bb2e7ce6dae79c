"""Several processes that train one model: who they are, how they start, and what they tell each other.

Each process computes the mean loss of its share of a batch. DDP averages gradients over processes, which would count a
short share as much as a long one; ``share_by_weight`` scales the losses so that the gradient is that of the whole batch
in one process.
"""

import gc
import logging
import os
import socket
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.algorithms.ddp_comm_hooks import default_hooks
from torch.nn.parallel import DistributedDataParallel

from espnet2.train.cluster import Place, place_of_process
from espnet2.train.options import DistributedOptions
from espnet2.utils.errors import InputError

T = TypeVar("T")
END_OF_PEERS = timedelta(hours=12)  # rank 0 draws plots and averages models when others have nothing left to do


@dataclass(frozen=True)
class Distributed:
    """This process among those that train together; the defaults are a process alone on a CPU."""

    rank: int = 0
    local_rank: int = 0
    world_size: int = 1
    device: torch.device = torch.device("cpu")
    backend: str = "gloo"
    init_method: str = "env://"
    master_addr: str | None = None
    master_port: int | None = None
    unused_parameters: bool = False
    gradient_as_bucket_view: bool = True
    ddp_comm_hook: str | None = None

    @property
    def distributed(self) -> bool:
        """Whether there are others."""
        return self.world_size > 1

    @property
    def is_main(self) -> bool:
        """Whether this process writes logs and files."""
        return self.rank == 0

    @property
    def log_prefix(self) -> str:
        """``[host]``, or ``[host:rank/world]`` when there are others."""
        host = socket.gethostname()
        return f"[{host}:{self.rank}/{self.world_size}]" if self.distributed else f"[{host}]"

    def wrap(self, model: torch.nn.Module) -> torch.nn.Module:
        """The model in DDP, which averages gradients over processes; the model itself for a process alone."""
        if not self.distributed:
            return model
        wrapped = DistributedDataParallel(
            model,
            device_ids=[self.device] if self.device.type == "cuda" else None,
            find_unused_parameters=self.unused_parameters,
            gradient_as_bucket_view=self.gradient_as_bucket_view,
        )
        if self.ddp_comm_hook is not None:
            wrapped.register_comm_hook(None, getattr(default_hooks, self.ddp_comm_hook))
        return wrapped


def resolve(options: DistributedOptions, ngpu: int) -> Distributed:
    """Who this process is: from its options, else the launcher, else torchrun's environment, else alone.

    Args:
        options: As given on the command line, or as ``run_workers`` has set them for one of its processes.
        ngpu: GPUs of this process; 0 for the CPU.
    Raises:
        InputError: If the rank is not told or wrong, or there is no such GPU.
    """
    place = place_of_process(options)
    device = _device(place, ngpu)
    return Distributed(
        rank=place.rank,
        local_rank=place.local_rank or 0,
        world_size=place.world_size,
        device=device,
        backend="gloo" if device.type == "cpu" else options.dist_backend,
        init_method=options.dist_init_method,
        master_addr=options.dist_master_addr or place.master_addr,
        master_port=options.dist_master_port,
        unused_parameters=options.unused_parameters,
        gradient_as_bucket_view=options.gradient_as_bucket_view,
        ddp_comm_hook=options.ddp_comm_hook,
    )


def _device(place: Place, ngpu: int) -> torch.device:
    if ngpu == 0:
        return torch.device("cpu")
    count = check_gpus(1)
    if place.local_rank is None and place.world_size > 1 and count > 1:
        raise InputError(
            "Which GPU? Give --local_rank, or start the processes with --multiprocessing_distributed true."
        )
    index = (place.local_rank or 0) if count > 1 else 0  # one visible GPU is number 0 in every process
    if index >= count:
        raise InputError(f"--local_rank {index}: only {count} GPUs are visible.")
    return torch.device("cuda", index)


def check_gpus(wanted: int) -> int:
    """The number of visible GPUs.

    Raises:
        InputError: If they are fewer than wanted.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count < wanted:
        raise InputError(f"--ngpu {wanted}: {count} GPUs are visible to torch. Use --ngpu {count}.")
    return count


def init(distributed: Distributed) -> None:
    """Choose the device and meet the other processes; nothing to do for a process alone.

    Raises:
        InputError: If ``env://`` is asked for and no address or port of rank 0 is known.
    """
    if distributed.device.type == "cuda":
        torch.cuda.set_device(distributed.device)
    if not distributed.distributed:
        return
    for name in ("addr", "port"):
        variable, value = f"MASTER_{name.upper()}", getattr(distributed, f"master_{name}")
        if value is not None:
            os.environ[variable] = str(value)
        elif distributed.init_method == "env://" and variable not in os.environ:
            raise InputError(f"{distributed.world_size} processes cannot meet: give --dist_master_{name}.")
    if distributed.backend == "nccl":
        os.environ.setdefault("NCCL_DEBUG", "INFO")
        os.environ.setdefault("TORCH_NCCL_BLOCKING_WAIT", "1")
    dist.init_process_group(
        distributed.backend,
        init_method=distributed.init_method,
        world_size=distributed.world_size,
        rank=distributed.rank,
    )
    reason = " (nccl needs GPUs)" if distributed.device.type == "cpu" else ""
    logging.info(f"{distributed.world_size} processes train together through {distributed.backend}{reason}")


def leave() -> None:
    """End what :func:`init` began, at the end of a process's work; nothing to do for a process alone.

    Nobody closes its connections before all are here: a peer that still reads its last collective would see them reset.
    Connections that stay open at the interpreter's end abort, now and then, a process that has done all its work; the
    collection of garbage frees models in DDP, which hold them open.
    """
    if not dist.is_initialized():
        return
    store, rank = dist.distributed_c10d._get_default_store(), dist.get_rank()
    others = range(1, dist.get_world_size())
    try:
        store.set(f"work_done_{rank}", "")
        store.wait([f"work_done_{other}" for other in (0, *others)], END_OF_PEERS)
        if rank != 0:
            store.set(f"seen_{rank}", "")
        else:  # whose process may be the one that keeps the store
            store.wait([f"seen_{other}" for other in others], END_OF_PEERS)
    except RuntimeError as error:
        logging.warning(f"Another process ended before this one, whose work is done: {error}")
    del store
    gc.collect()
    dist.destroy_process_group()


def share_by_weight(loss: Tensor, weight: Tensor | float | None) -> Tensor:
    """Scale this rank's mean loss so that DDP's average over ranks is the mean over the whole batch.

    loss * weight * world_size / sum of weights over ranks; unchanged for a process alone or without a weight.

    Args:
        loss: Mean over this rank's share; a scalar.
        weight: What the mean was taken over: utterances, tokens.
    """
    if weight is None or not dist.is_initialized():
        return loss
    dtype = torch.promote_types(loss.dtype, torch.float32)
    own = torch.as_tensor(weight, dtype=dtype, device=loss.device).detach()
    total = own.clone()
    dist.all_reduce(total)
    return loss * (own * dist.get_world_size() / total)


def gather(value: T) -> list[T]:
    """This value of every rank, in the order of ranks; a list of one for a process alone."""
    if not dist.is_initialized():
        return [value]
    values: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(values, value)
    return values


def reduce_stats(stats: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Sum (weighted sum, weight) per name over ranks; a name may be missing on some."""
    merged: dict[str, tuple[float, float]] = {}
    for ranks in gather(stats):
        for name, (total, weight) in ranks.items():
            old_total, old_weight = merged.get(name, (0.0, 0.0))
            merged[name] = (old_total + total, old_weight + weight)
    return merged


def in_step(batches: Iterable[T]) -> Iterator[T]:
    """Batches for as long as every rank has one.

    Ranks deal one plan among them and so have equally many. Where the length is known that is checked once; where it
    is not (the chunk iterator), each step asks.
    """
    if not dist.is_initialized():
        yield from batches
        return
    lengths = gather(len(batches) if isinstance(batches, Sized) else None)
    iterator = iter(batches)
    known = [length for length in lengths if length is not None]
    if len(known) == len(lengths):
        for _ in range(min(known)):
            yield next(iterator)
        return
    end: Any = object()
    device = "cuda" if dist.get_backend() == "nccl" else "cpu"
    while True:
        batch = next(iterator, end)
        has_ended = torch.tensor(int(batch is end), device=device)
        dist.all_reduce(has_ended, dist.ReduceOp.MAX)
        if has_ended.item():
            return
        yield batch
