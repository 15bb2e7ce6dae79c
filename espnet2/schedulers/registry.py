"""The names of the learning rate schedules, and when each is stepped. Torch is imported on first use only."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from espnet2.config.registry import ClassChoices
from espnet2.utils.errors import InputError

if TYPE_CHECKING:
    import torch

BATCH, EPOCH, VALUE = "batch", "epoch", "value"

SCHEDULERS: dict[str, str] = {
    "reducelronplateau": "torch.optim.lr_scheduler:ReduceLROnPlateau",
    "lambdalr": "torch.optim.lr_scheduler:LambdaLR",
    "steplr": "torch.optim.lr_scheduler:StepLR",
    "multisteplr": "torch.optim.lr_scheduler:MultiStepLR",
    "exponentiallr": "torch.optim.lr_scheduler:ExponentialLR",
    "cosineannealinglr": "torch.optim.lr_scheduler:CosineAnnealingLR",
    "noamlr": "espnet2.schedulers.warmup:NoamLR",
    "warmuplr": "espnet2.schedulers.warmup:WarmupLR",
    "piecewiselinearwarmuplr": "espnet2.schedulers.warmup:PiecewiseLinearWarmupLR",
    "warmupsteplr": "espnet2.schedulers.warmup:WarmupStepLR",
    "warmupreducelronplateau": "espnet2.schedulers.warmup_plateau:WarmupReduceLROnPlateau",
    "cycliclr": "torch.optim.lr_scheduler:CyclicLR",
    "onecyclelr": "torch.optim.lr_scheduler:OneCycleLR",
    "cosineannealingwarmrestarts": "torch.optim.lr_scheduler:CosineAnnealingWarmRestarts",
    "cosineannealingwarmuprestarts": "espnet2.schedulers.absolute:CosineAnnealingWarmupRestarts",
    "tristagelr": "espnet2.schedulers.warmup:TriStageLR",
    "exponentialdecaywarmup": "espnet2.schedulers.absolute:ExponentialDecayWarmup",
}
# torch's own: per epoch unless named here. Ours, and a recipe's own, say it in the attribute `stepped`.
_TORCH_PER_BATCH = ("CyclicLR", "OneCycleLR", "CosineAnnealingWarmRestarts")
_TORCH_PER_VALUE = ("ReduceLROnPlateau",)

scheduler_choices = ClassChoices("scheduler", SCHEDULERS, default=None)


def build_scheduler(
    name: str | None, optimizer: "torch.optim.Optimizer", conf: Mapping[str, Any] | None = None
) -> "torch.optim.lr_scheduler.LRScheduler | None":
    """The schedule of an optimiser's learning rate, or None when no name is given.

    Args:
        name: A key of ``SCHEDULERS`` in any case, or ``"module:Class"``.
        optimizer: Whose learning rates.
        conf: Keyword arguments of the schedule.
    Raises:
        InputError: If the name or a keyword argument is unknown, or a value is refused.
    """
    if name is None:
        return None
    try:
        return scheduler_choices.build(name, conf, optimizer=optimizer)
    except (TypeError, ValueError) as error:
        raise InputError(f"scheduler_conf: {name} refuses {dict(conf or {})}: {error}") from error


def stepped(scheduler: "torch.optim.lr_scheduler.LRScheduler | None") -> frozenset[str]:
    """When a schedule takes a step.

    Returns:
        A subset of ``BATCH`` (every update of the weights), ``EPOCH``, and ``VALUE`` (every epoch, given a value).
    """
    if scheduler is None:
        return frozenset()
    own = getattr(scheduler, "stepped", None)
    if own is not None:
        return frozenset(own)
    names = {class_.__name__ for class_ in type(scheduler).__mro__}
    if names & set(_TORCH_PER_VALUE):
        return frozenset({VALUE})
    return frozenset({BATCH if names & set(_TORCH_PER_BATCH) else EPOCH})
