"""Linear maps whose weights are laid out once for the processor's kernel, for inference on a CPU.

A search multiplies a few rows by a large matrix in each step, and the ordinary product rearranges that matrix every
time. oneDNN (https://uxlfoundation.github.io/oneDNN) takes weights rearranged beforehand, which halves the time of
large ones.
"""
import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

ROWS = 16  # the layout is chosen for about so many rows at a time; any number works
LEAST_WEIGHTS = 2**16  # rearranging smaller matrices costs less than the detour


class PackedLinear(torch.nn.Module):
    """A linear map that stays on its processor and cannot be trained any more. Its state dict is the ordinary one.

    Args:
        linear: The map whose weights are taken.

    Shapes:
        x (..., in_features) -> (..., out_features)
    """

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self._packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), ROWS)
        self.bias = linear.bias

    @property
    def weight(self) -> Tensor:
        """A copy of the weights in the usual order: (out_features, in_features)."""
        return self._packed.to_dense()

    def _save_to_state_dict(self, destination: dict, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}weight"] = self.weight

    def forward(self, x: Tensor) -> Tensor:
        """Apply the map."""
        return torch.ops.mkldnn._linear_pointwise(x, self._packed, self.bias, "none", [], "")


def accelerate(model: torch.nn.Module) -> None:
    """Make a model ready for inference alone: modules' own ``prepare_inference``, packed linear maps, direct calls."""
    for module in list(model.modules()):
        prepare = getattr(module, "prepare_inference", None)
        if prepare is not None:
            prepare()
    pack_linears(model)
    call_directly(model)


def call_directly(model: torch.nn.Module) -> None:
    """Let each call of a module be that of its ``forward``, and each use of a part a look into the module's own table.

    A search takes hundreds of steps in which small modules take microseconds; the way to them through hooks takes as
    long. Hooks that are set later have no effect. Modules of other packages stay as they are.
    """
    for module in model.modules():
        has_hooks = bool(module._forward_hooks or module._forward_pre_hooks or "forward" in vars(module))
        is_ours = type(module).__module__.startswith(("espnet2.", "torch.nn."))
        if is_ours and not has_hooks:
            module.__class__ = _with_direct_calls(type(module))  # type: ignore[arg-type]
            vars(module).update(module._modules | module._parameters)


@functools.cache
def _with_direct_calls(kind: type[torch.nn.Module]) -> type[torch.nn.Module]:
    return type(kind.__name__, (kind,), {"__call__": kind.forward, "__module__": kind.__module__})


def pack_linears(model: torch.nn.Module) -> int:
    """Replace the large linear maps of a model that will only be used for inference.

    Nothing happens to weights that are not float32 on a CPU, to subclasses of ``torch.nn.Linear``, to weights that
    another module shares, and where this torch has no such kernel.

    Returns:
        How many were replaced.
    """
    if not is_available():
        return 0
    count = 0
    users: dict[int, int] = {}
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            users[id(parameter)] = users.get(id(parameter), 0) + 1
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is torch.nn.Linear and _can_be_packed(child.weight) and users[id(child.weight)] == 1:
                setattr(parent, name, PackedLinear(child))
                count += 1
    return count


def _can_be_packed(weight: Tensor) -> bool:
    return weight.device.type == "cpu" and weight.dtype == torch.float32 and weight.numel() >= LEAST_WEIGHTS


def packed_product(weight: Tensor) -> Callable[[Tensor], Tensor] | None:
    """A product with weights as they are now, for many calls with few rows; None where it cannot be had or does not pay.

    Shapes:
        weight (O, I) -> a function from (..., I) to (..., O)
    """
    if not (_can_be_packed(weight) and is_available()):
        return None
    packed = torch.ops.mkldnn._reorder_linear_weight(weight, ROWS)
    return lambda x: torch.ops.mkldnn._linear_pointwise(x, packed, None, "none", [], "")


def product(x: Tensor, weight: Tensor) -> Tensor:
    """``x @ weight.T`` by oneDNN where it can be had: on some processors twice as fast as the ordinary product.

    Shapes:
        x (R, I), weight (O, I) -> (R, O)
    """
    if not (_can_be_packed(weight) and is_available()):
        return x @ weight.t()
    packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), len(x))
    return torch.ops.mkldnn._linear_pointwise(x.contiguous(), packed, None, "none", [], "")


class _Linear(torch.autograd.Function):
    """A linear map by ``product``, forth and back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return product(x.flatten(0, -2), weight).unflatten(0, x.shape[:-1]) + bias

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        rows = grads[0].flatten(0, -2)
        by_x = product(rows, weight.t()).view_as(x) if ctx.needs_input_grad[0] else None
        by_weight = product(rows.t(), x.flatten(0, -2).t()) if ctx.needs_input_grad[1] else None
        return by_x, by_weight, rows.sum(0) if ctx.needs_input_grad[2] else None


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """``torch.nn.functional.linear`` of many rows, by oneDNN where it can be had.

    Shapes:
        x (..., I), weight (O, I), bias (O,) -> (..., O)
    """
    if torch.is_autocast_enabled(x.device.type) or not _can_be_packed(weight):
        return torch.nn.functional.linear(x, weight, bias)
    return _Linear.apply(x, weight, bias)


@functools.cache
def is_available() -> bool:
    """Whether this torch has the kernel, and it gives the ordinary product's result."""
    if not torch.backends.mkldnn.is_available() or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return False
    weights = torch.arange(1024.0).sin().view(32, 32)
    linear = torch.nn.Linear(32, 32)
    with torch.no_grad():
        linear.weight.copy_(weights)
        try:
            return torch.allclose(PackedLinear(linear)(weights), linear(weights), atol=1e-5)
        except (RuntimeError, NotImplementedError, AttributeError):  # built without oneDNN, or another signature
            return False
