"""Initialisation of a whole model's parameters."""
import math

import torch

from espnet2.layers.pretrained import keep_pretrained
from espnet2.utils.errors import InputError

INITIALIZERS = {
    "xavier_uniform": torch.nn.init.xavier_uniform_,
    "xavier_normal": torch.nn.init.xavier_normal_,
    "kaiming_uniform": lambda p: torch.nn.init.kaiming_uniform_(p, nonlinearity="relu"),
    "kaiming_normal": lambda p: torch.nn.init.kaiming_normal_(p, nonlinearity="relu"),
    "normal": lambda p: torch.nn.init.normal_(p, std=0.02),
}


def initialize(model: torch.nn.Module, init: str) -> None:
    """Overwrite the parameters of a fresh model.

    ``chainer`` draws weights with a deviation of 1 / sqrt(inputs) and makes forget gates of recurrent layers open; the others
    are torch's, with zero biases, and leave embeddings and normalisations as torch makes them. A module with a method
    ``espnet_initialization_fn`` has the last word on its own parameters, and pretrained parts keep theirs.

    Args:
        model: Is changed.
        init: ``chainer`` or a key of ``INITIALIZERS``.

    Raises:
        InputError: If the name is unknown.
    """
    with torch.no_grad(), keep_pretrained(model):
        if init == "chainer":
            _initialize_like_chainer(model)
        elif init in INITIALIZERS:
            _initialize_like_torch(model, init)
        else:
            raise InputError(f"unknown init '{init}'; choose from chainer, {', '.join(INITIALIZERS)}")
        for module in model.modules():
            own_initialisation = getattr(module, "espnet_initialization_fn", None)
            if own_initialisation is not None:
                own_initialisation()


def _initialize_like_chainer(model: torch.nn.Module) -> None:
    """Shapes: (n,), (out, in), (out, in, kernel...); LeCun et al., "Efficient BackProp", 1998, equation 16."""
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:
            if ".bias" in name:
                parameter.zero_()
            else:
                parameter.normal_(0, 1.0 / math.sqrt(len(parameter)))
        elif parameter.dim() > 1:
            parameter.normal_(0, 1.0 / math.sqrt(parameter[0].numel()))
    for module in model.modules():
        if isinstance(module, torch.nn.Embedding):
            module.weight.normal_(0, 1)
        elif isinstance(module, torch.nn.RNNCellBase):
            _open_forget_gate(module.bias_ih)
        elif isinstance(module, torch.nn.RNNBase):
            for name, parameter in module.named_parameters():
                if "bias" in name:
                    _open_forget_gate(parameter)


def _open_forget_gate(bias: torch.Tensor) -> None:
    """The second quarter of a bias belongs to the LSTM's forget gate."""
    size = len(bias)
    bias[size // 4 : size // 2] = 1.0


def _initialize_like_torch(model: torch.nn.Module, init: str) -> None:
    for name, parameter in model.named_parameters():
        if parameter.dim() > 1:
            INITIALIZERS[init](parameter)
        elif parameter.dim() == 1 and ".bias" in name:
            parameter.zero_()
    for module in model.modules():
        if isinstance(module, (torch.nn.Embedding, torch.nn.LayerNorm, torch.nn.GroupNorm)):
            module.reset_parameters()
