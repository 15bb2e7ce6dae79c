"""The names of the optimisers, and how one is made for a model. Torch is imported on first use only."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from espnet2.config.registry import ClassChoices, keyword_arguments
from espnet2.utils.errors import InputError

if TYPE_CHECKING:
    import torch

OPTIMIZERS: dict[str, str] = {
    "adam": "torch.optim:Adam",
    "adamw": "torch.optim:AdamW",
    "sgd": "espnet2.optimizers.sgd:SGD",
    "adadelta": "torch.optim:Adadelta",
    "adagrad": "torch.optim:Adagrad",
    "adamax": "torch.optim:Adamax",
    "asgd": "torch.optim:ASGD",
    "rmsprop": "torch.optim:RMSprop",
    "rprop": "torch.optim:Rprop",
    "radam": "torch.optim:RAdam",
    "accagd": "torch_optimizer:AccSGD",
    "adabound": "torch_optimizer:AdaBound",
    "adamod": "torch_optimizer:AdaMod",
    "diffgrad": "torch_optimizer:DiffGrad",
    "lamb": "torch_optimizer:Lamb",
    "novograd": "torch_optimizer:NovoGrad",
    "pid": "torch_optimizer:PID",
    "qhm": "torch_optimizer:QHM",
    "sgdw": "torch_optimizer:SGDW",
    "yogi": "torch_optimizer:Yogi",
}
# One kernel for all parameters, on CPUs too: Adam's update of 200 tensors takes 1.2 ms instead of 5.
_FUSED = ("adam", "adamw", "adagrad", "sgd")

optim_choices = ClassChoices("optim", OPTIMIZERS, default="adadelta")


def build_optimizer(
    name: str,
    model: "torch.nn.Module",
    conf: Mapping[str, Any] | None = None,
    exclude_weight_decay: bool = False,
    exclude_conf: Mapping[str, bool] | None = None,
) -> "torch.optim.Optimizer":
    """An optimiser of all parameters of a model.

    Args:
        name: A key of ``OPTIMIZERS``, or ``"module:Class"``.
        model: Whose parameters; frozen ones are handed over too and simply never get a gradient.
        conf: Keyword arguments of the optimiser.
        exclude_weight_decay: No decay for biases, normalisations and embeddings.
        exclude_conf: ``bias_weight_decay``, ``normalization_weight_decay``: True decays those after all.
    Raises:
        InputError: If the name or a keyword argument is unknown, or the package behind the name is not installed.
    """
    conf = dict(conf or {})
    if name.lower() == "lbfgs":
        raise InputError("optim: lbfgs evaluates the loss several times per update, which this trainer does not do.")
    class_ = _optimizer_class(name)
    chosen = {"fused", "foreach", "capturable", "differentiable"} & set(conf)
    if name.lower() in _FUSED and "fused" in keyword_arguments(class_) and not chosen:
        conf["fused"] = True
    if exclude_weight_decay:
        from espnet2.optimizers.weight_decay import parameter_groups

        params: Any = parameter_groups(model, **(exclude_conf or {}))
    else:
        params = list(model.parameters())
    try:
        return optim_choices.build(name, conf, params=params)
    except (TypeError, ValueError) as error:
        raise InputError(f"optim_conf: {class_.__name__} refuses {conf}: {error}") from error


def _optimizer_class(name: str) -> type:
    try:
        return optim_choices.get_class(name)
    except InputError as error:
        if OPTIMIZERS.get(name.lower(), "").startswith("torch_optimizer:"):
            raise InputError(f"optim: {name} needs another package: pip install torch_optimizer") from error
        raise
