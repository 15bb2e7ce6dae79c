"""Parts that begin with the weights of another training.

Such weights are large and lie outside the experiment's folder. They are needed once, when a training starts: what a
checkpoint is loaded over may begin anyhow, so a packed model builds where nothing else is. And an initialisation of the
whole model leaves them as they are.
"""
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch

_FROM_CHECKPOINT: ContextVar[bool] = ContextVar("pretrained_weights_come_from_checkpoint", default=False)
_MARK = "is_pretrained"


@contextmanager
def pretrained_weights_come_from_checkpoint() -> Iterator[None]:
    """Around the building of a model that a checkpoint is then loaded over: weights of other trainings are not read."""
    token = _FROM_CHECKPOINT.set(True)
    try:
        yield
    finally:
        _FROM_CHECKPOINT.reset(token)


def wants_pretrained_weights() -> bool:
    """Whether a part that is being built shall read the weights that it begins with."""
    return not _FROM_CHECKPOINT.get()


def mark_pretrained(module: torch.nn.Module) -> None:
    """Say that a module holds weights of another training."""
    setattr(module, _MARK, True)


@contextmanager
def keep_pretrained(model: torch.nn.Module) -> Iterator[None]:
    """Give the marked parts of a model their weights back at the end of the block."""
    kept = [
        (module, {name: value.detach().clone() for name, value in module.state_dict().items()})
        for module in model.modules()
        if getattr(module, _MARK, False)
    ]
    yield
    for module, state in kept:
        module.load_state_dict(state)
