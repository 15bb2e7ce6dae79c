"""Convolutions whose weights are laid out once for the processor's kernels, for inference on a CPU.

As with linear maps (``packed_linear.py``), the ordinary convolution rearranges its weights at every call. The packed one
also leaves its channels last, as the next kernel likes them best: a depthwise convolution over time takes a tenth of the
time then, one over time and frequency half of it.
"""

# Shapes: B batch, C channels, T frames, F features
import functools
from collections import Counter
from typing import cast

import torch
from torch import Tensor

from espnet2.layers.packed_linear import PackedLinear
from espnet2.layers.packed_linear import is_available as are_linears_available

FRAMES = 64  # the layout is chosen for about so many frames (and features) at a time; any number works


class PackedConvolution(torch.nn.Module):
    """A convolution that stays on its processor and cannot be trained any more. Its state dict is the ordinary one.

    Args:
        conv: The convolution whose weights are taken.

    Shapes:
        x (B, C, T) or (B, C, T, F) -> (B, C', T') or (B, C', T', F')
    """

    def __init__(self, conv: torch.nn.Conv1d | torch.nn.Conv2d) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.groups = conv.in_channels, conv.out_channels, conv.groups
        self.kernel_size, self.stride = conv.kernel_size, conv.stride
        self.bias = conv.bias
        self._is_1d = isinstance(conv, torch.nn.Conv1d)  # then there is one row
        row = [1] if self._is_1d else []
        self._geometry = [[0] * len(row) + _sizes(conv.padding), row + _sizes(conv.stride), row + _sizes(conv.dilation)]
        weight = conv.weight.detach()
        size = [1, conv.in_channels, *(row or [FRAMES]), FRAMES]
        self._packed = torch.ops.mkldnn._reorder_convolution_weight(
            weight.unsqueeze(2) if self._is_1d else weight, *self._geometry, conv.groups, size
        )

    @property
    def weight(self) -> Tensor:
        """A copy of the weights in the usual order: (C', C / groups, taps) or (C', C / groups, taps, taps)."""
        weight = self._packed.to_dense()
        return weight.squeeze(2) if self._is_1d else weight

    def _save_to_state_dict(self, destination: dict, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}weight"] = self.weight

    def forward(self, x: Tensor) -> Tensor:
        """Convolve; in memory the channels of the result come last."""
        x = x.unsqueeze(2) if self._is_1d else x
        y = torch.ops.mkldnn._convolution_pointwise(
            x, self._packed, self.bias, *self._geometry, self.groups, "none", [], ""
        )
        return y.squeeze(2) if self._is_1d else y


class PackedPointwise(PackedLinear):
    """A convolution over single frames, which is a linear map of each.

    Args:
        conv: The convolution whose weights are taken.

    Shapes:
        x (B, C, T) -> (B, C', T)
    """

    def __init__(self, conv: torch.nn.Conv1d) -> None:
        linear = torch.nn.Linear(conv.in_channels, conv.out_channels, device="meta")
        linear.weight = torch.nn.Parameter(conv.weight.detach().squeeze(2), requires_grad=False)
        linear.bias = conv.bias  # type: ignore[assignment]
        super().__init__(linear)

    def _save_to_state_dict(self, destination: dict, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}weight"] = self.weight.unsqueeze(2)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve; in memory the channels of the result come last."""
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


def pack_convolutions(model: torch.nn.Module) -> int:
    """Replace the convolutions of a model that will only be used for inference.

    Nothing happens to weights that are not float32 on a CPU, to subclasses and to what has hooks (as weight norm has), to
    weights that another module shares, and where this torch has no such kernels.

    Returns:
        How many were replaced.
    """
    if not is_available():
        return 0
    users = Counter(id(parameter) for module in model.modules() for parameter in module.parameters(recurse=False))
    count = 0
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) not in (torch.nn.Conv1d, torch.nn.Conv2d):
                continue
            conv = cast(torch.nn.Conv1d | torch.nn.Conv2d, child)
            if _can_be_packed(conv) and users[id(conv.weight)] == 1:
                setattr(parent, name, _packed(conv))
                count += 1
    return count


def _sizes(sizes: tuple[int, ...] | str) -> list[int]:
    return [int(size) for size in sizes]


def _can_be_packed(conv: torch.nn.Conv1d | torch.nn.Conv2d) -> bool:
    has_hooks = bool(conv._forward_pre_hooks or conv._forward_hooks)
    is_plain = not has_hooks and conv.padding_mode == "zeros" and not isinstance(conv.padding, str)
    return is_plain and conv.weight.device.type == "cpu" and conv.weight.dtype == torch.float32


def _packed(conv: torch.nn.Conv1d | torch.nn.Conv2d) -> torch.nn.Module:
    shape = (conv.kernel_size, conv.stride, conv.padding, conv.groups)
    if isinstance(conv, torch.nn.Conv1d) and shape == ((1,), (1,), (0,), 1):
        return PackedPointwise(conv)
    return PackedConvolution(conv)


@functools.cache
def is_available() -> bool:
    """Whether this torch has the kernels, and they give the ordinary convolution's result."""
    if not are_linears_available() or not hasattr(torch.ops.mkldnn, "_convolution_pointwise"):
        return False
    conv = torch.nn.Conv1d(4, 4, 3, padding=1, groups=4)
    x = torch.arange(80.0).sin().view(1, 4, 20)
    with torch.no_grad():
        try:
            return torch.allclose(PackedConvolution(conv)(x), conv(x), atol=1e-5)
        except (RuntimeError, NotImplementedError, AttributeError):  # built without oneDNN, or another signature
            return False
