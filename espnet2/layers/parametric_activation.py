"""Activation functions with parameters, by the names that a transducer's joint network knows."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.utils.errors import InputError


class FTSwish(torch.nn.Module):
    """``relu(x) * sigmoid(x) + threshold - mean_shift``.

    Chieng et al., "Flatten-T Swish: a thresholded ReLU-Swish-like activation function for deep learning", 2018,
    https://arxiv.org/abs/1812.06247
    """

    def __init__(self, threshold: float = -0.2, mean_shift: float = 0.0):
        super().__init__()
        self.shift = threshold - mean_shift

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (...) -> (...)."""
        return F.relu(x) * torch.sigmoid(x) + self.shift


class Mish(torch.nn.Module):
    """``x * tanh(softplus(x))``.

    Misra, "Mish: a self regularized non-monotonic activation function", 2019, https://arxiv.org/abs/1908.08681
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0):
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (...) -> (...)."""
        return x * torch.tanh(F.softplus(x, self.beta, self.threshold))


class Smish(torch.nn.Module):
    """``alpha * x * tanh(log(1 + sigmoid(beta * x)))``.

    Wang, Ren, Wang, "Smish: a novel activation function for deep learning methods", 2022,
    https://doi.org/10.3390/electronics11040540
    """

    def __init__(self, alpha: float = 1.0, beta: float = 1.0):
        super().__init__()
        self.alpha = alpha
        self.beta = beta

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (...) -> (...)."""
        return self.alpha * x * torch.tanh(torch.log1p(torch.sigmoid(self.beta * x)))


class Swish(torch.nn.Module):
    """``x * sigmoid(beta * x)``.

    Ramachandran, Zoph, Le, "Searching for activation functions", 2017, https://arxiv.org/abs/1710.05941
    """

    def __init__(self, beta: float = 1.0):
        super().__init__()
        self.beta = beta

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (...) -> (...)."""
        return x * torch.sigmoid(self.beta * x)


class Tanh(torch.nn.Module):
    """``tanh(x)``, on a CPU as ``2 * sigmoid(2 * x) - 1``: torch's sigmoid is several times as fast as its tanh there.

    The joint network of a transducer spends more time in it than in its matrix product.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (...) -> (...)."""
        return torch.tanh(x) if x.is_cuda else _TanhBySigmoid.apply(x)


class _TanhBySigmoid(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y = torch.mul(x, 2.0).sigmoid_().mul_(2.0).sub_(1.0)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        return grad * (1.0 - y.square())


class ParametricActivation(torch.nn.Module):
    """The named activation; parameters of the others have no effect.

    Args:
        name: ftswish, hardtanh, leaky_relu, mish, relu, selu, smish, swish, tanh or identity.
        ftswish_threshold: Added to FTSwish.
        ftswish_mean_shift: Subtracted from FTSwish.
        hardtanh_min: Lower limit.
        hardtanh_max: Upper limit.
        leakyrelu_neg_slope: Slope below zero.
        smish_alpha: Factor of Smish.
        smish_beta: Factor of its argument.
        softplus_beta: Factor within Mish.
        softplus_threshold: Above it the softplus of Mish is the identity.
        swish_beta: Factor within Swish.

    Raises:
        InputError: If the name is unknown.
    """

    def __init__(
        self,
        name: str,
        ftswish_threshold: float = -0.2,
        ftswish_mean_shift: float = 0.0,
        hardtanh_min: float = -1.0,
        hardtanh_max: float = 1.0,
        leakyrelu_neg_slope: float = 0.01,
        smish_alpha: float = 1.0,
        smish_beta: float = 1.0,
        softplus_beta: float = 1.0,
        softplus_threshold: float = 20.0,
        swish_beta: float = 1.0,
    ):
        super().__init__()
        makers = {
            "ftswish": lambda: FTSwish(ftswish_threshold, ftswish_mean_shift),
            "hardtanh": lambda: torch.nn.Hardtanh(hardtanh_min, hardtanh_max),
            "leaky_relu": lambda: torch.nn.LeakyReLU(leakyrelu_neg_slope),
            "mish": lambda: Mish(softplus_beta, softplus_threshold),
            "relu": torch.nn.ReLU,
            "selu": torch.nn.SELU,
            "smish": lambda: Smish(smish_alpha, smish_beta),
            "swish": lambda: Swish(swish_beta),
            "tanh": Tanh,
            "identity": torch.nn.Identity,
        }
        if name not in makers:
            raise InputError(f"joint_activation_type: {name} is not known; choose from {', '.join(makers)}")
        self.function: torch.nn.Module = makers[name]()

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (...) -> (...)."""
        return self.function(x)
