"""Adapters: a trained model stays as it is, and small additions to it learn (``--use_adapter true``).

They are put into the model before weights are loaded, so that files with and without them fit.
"""

import argparse
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from espnet2.config.registry import construct
from espnet2.layers.houlsby import attach_adapter
from espnet2.layers.lora import LoRAEmbedding, LoRALinear, with_lora
from espnet2.train.save_strategy import is_adapter
from espnet2.utils.errors import InputError
from espnet2.utils.suggest import did_you_mean

BIAS_TYPES = ("none", "all", "lora_only")


def build_adapted(task: Any, args: argparse.Namespace) -> Any:
    """The model that the options describe, with its adapters if it has any.

    Raises:
        InputError: If ``adapter_conf`` does not fit the model.
    """
    model = task.build_model(args)
    if args.use_adapter:
        adapters: Mapping[str, Callable[..., None]] = {"lora": add_lora, "houlsby": add_houlsby}
        if args.adapter not in adapters:
            raise InputError(f"adapter: unknown '{args.adapter}'.{did_you_mean(args.adapter, adapters)}")
        construct(adapters[args.adapter], args.adapter_conf or {}, "adapter_conf", model=model)  # type: ignore[arg-type]
    return model


def add_lora(
    model: torch.nn.Module,
    rank: int = 8,
    alpha: float = 8,
    dropout_rate: float = 0.0,
    target_modules: Sequence[str] = ("query",),
    bias_type: str = "none",
) -> None:
    """Give modules a low-rank addition and freeze everything else.

    Args:
        model: Changed in place.
        rank: Of the addition.
        alpha: The addition is scaled by ``alpha / rank``.
        dropout_rate: Dropout on its input.
        target_modules: Ends of the names of linear maps and embeddings, e.g. ``linear_q`` or ``encoders.0.self_attn.linear_v``.
        bias_type: Which biases learn too: ``none``, ``all``, or ``lora_only``, those of the modules with an addition.
    Raises:
        InputError: If a target is not in the model or is no such module.
    """
    if bias_type not in BIAS_TYPES:
        raise InputError(f"adapter_conf: bias_type must be one of {', '.join(BIAS_TYPES)}, not '{bias_type}'.")
    if rank < 1:
        raise InputError(f"adapter_conf: rank must be 1 or more, not {rank}.")
    modules = dict(model.named_modules(remove_duplicate=False))
    targets = [target_modules] if isinstance(target_modules, str) else target_modules
    adapted: dict[torch.nn.Module, torch.nn.Module] = {}
    for target in targets:
        found = [name for name in modules if f".{name}".endswith(f".{target}")]
        if not found:
            raise InputError(f"adapter_conf: target_modules: the model has no module '{target}'. {_possible(modules)}")
        for name in found:
            adapted[modules[name]] = _lora_of(name, modules[name], adapted, rank, alpha, dropout_rate)
    for name, module in modules.items():
        if module in adapted:
            parent, _, own = name.rpartition(".")
            setattr(modules[parent], own, adapted[module])
    freeze_base(model)
    for name, parameter in model.named_parameters():
        if bias_type == "all" and "bias" in name:
            parameter.requires_grad = True
    for module in adapted.values():
        bias = getattr(module, "bias", None)
        if bias_type == "lora_only" and bias is not None:
            bias.requires_grad = True


def _lora_of(
    name: str,
    module: torch.nn.Module,
    adapted: Mapping[torch.nn.Module, torch.nn.Module],
    rank: int,
    alpha: float,
    dropout_rate: float,
) -> torch.nn.Module:
    made = adapted.get(module) or with_lora(module, rank, alpha, dropout_rate)
    if made is None:
        raise InputError(
            f"adapter_conf: target_modules: {name} is a {type(module).__name__}; only Linear and Embedding can have LoRA."
        )
    return made


def _possible(modules: Mapping[str, torch.nn.Module]) -> str:
    names = {n.rpartition(".")[2] for n, m in modules.items() if isinstance(m, (torch.nn.Linear, torch.nn.Embedding))}
    return f"Its linear maps and embeddings: {', '.join(sorted(names))}."


def add_houlsby(model: torch.nn.Module, bottleneck: int = 32, target_layers: Sequence[int] = ()) -> None:
    """Put a bottleneck behind attention and feed-forward network of encoder layers and freeze everything else.

    Args:
        model: Changed in place.
        bottleneck: Size of the bottleneck.
        target_layers: Numbers of layers, from 0; none: all.
    Raises:
        InputError: If the encoder has no such layers.
    """
    layers = getattr(getattr(model, "encoder", None), "encoders", None)
    if not isinstance(layers, torch.nn.ModuleList) or not all(hasattr(layer, "self_attn") for layer in layers):
        raise InputError(
            "adapter: houlsby needs an encoder of Transformer or Conformer layers; use adapter: lora with this model."
        )
    wrong = [number for number in target_layers if not 0 <= number < len(layers)]
    if wrong:
        raise InputError(f"adapter_conf: target_layers: there is no layer {wrong[0]}; the encoder has {len(layers)}.")
    freeze_base(model)
    size = model.encoder.output_size()  # type: ignore[operator, union-attr]  # an encoder, as asked above
    for number in target_layers or range(len(layers)):
        for name in ("self_attn", "feed_forward"):
            attach_adapter(getattr(layers[number], name), size, bottleneck)


def freeze_base(model: torch.nn.Module) -> None:
    """Let only adapters learn.

    Batch norms keep the statistics of the base model even in training: a file of adapters alone does not carry them.
    """
    for name, parameter in model.named_parameters():
        parameter.requires_grad = is_adapter(name)
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.register_forward_pre_hook(_stay_in_evaluation)


def _stay_in_evaluation(module: torch.nn.Module, inputs: Any) -> None:
    module.training = False


def merge_lora(model: torch.nn.Module) -> None:
    """Replace low-rank additions by plain modules of the same values, for inference."""
    adapted = {
        name: module for name, module in model.named_modules() if isinstance(module, (LoRALinear, LoRAEmbedding))
    }
    for name, module in adapted.items():
        parent, _, own = name.rpartition(".")
        setattr(model.get_submodule(parent), own, module.merged())
    if adapted:
        logging.info(f"The LoRA additions of {len(adapted)} modules are merged into their weights")
