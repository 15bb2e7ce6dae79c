"""The mean of the best epochs' weights, which is nearly always better than the best.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762, section 6.1.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from espnet2.train.checkpoint import average_name, epoch_name, link, read, save
from espnet2.train.reporter import Reporter


def average_states(paths: Sequence[Path]) -> dict[str, Tensor]:
    """The mean of state dicts, read one after the other.

    Floating point tensors are averaged; integer ones (BatchNorm's counters) are summed.

    Args:
        paths: Files of plain state dicts with the same names; one at least.
    """
    total: dict[str, Tensor] = {}
    dtypes: dict[str, torch.dtype] = {}
    for path in paths:
        for name, value in read(path).items():
            dtypes[name] = value.dtype
            if value.dtype in (torch.float16, torch.bfloat16):
                value = value.float()
            total[name] = value if name not in total else total[name] + value
    for name, value in total.items():
        if value.is_floating_point() or value.is_complex():
            value = value / len(paths)
        total[name] = value.to(dtypes[name])
    return total


def average_nbest_models(
    directory: Path,
    reporter: Reporter,
    criteria: Sequence[Sequence[str]],
    nbest: Sequence[int],
    till: int | None = None,
) -> None:
    """Write the averages of the best epochs by each criterion, and a link to the largest one.

    Args:
        directory: Where the weights of the epochs are.
        reporter: Knows which epochs are best.
        criteria: (phase, value, ``min`` or ``max``); one without values is left out.
        nbest: How many epochs to average; numbers above what there is are left out (all too large: 1).
        till: The present epoch if the training goes on; it becomes part of the names.
    """
    for phase, name, mode in criteria:
        epochs = [epoch for epoch in reporter.ranked(phase, name, mode) if (directory / epoch_name(epoch)).exists()]
        if not epochs:
            continue
        counts = sorted(n for n in set(nbest) if n <= len(epochs)) or [1]
        for n in counts:
            file = average_name(f"{phase}.{name}", n, till)
            if n == 1:
                link(directory, file, epoch_name(epochs[0]))
                continue
            logging.info(f'Averaging {n}best models: criterion="{phase}.{name}": {directory / file}')
            save(average_states([directory / epoch_name(epoch) for epoch in epochs[:n]]), directory / file)
        link(directory, average_name(f"{phase}.{name}", None, till), file)
