"""Which parameters weight decay should leave alone."""

from typing import Any

from torch import nn

_NORMALISATIONS = (nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._NormBase, nn.LocalResponseNorm)


def parameter_groups(
    model: nn.Module, bias_weight_decay: bool = False, normalization_weight_decay: bool = False
) -> list[dict[str, Any]]:
    """Two groups for an optimiser: parameters that decay, and those that do not.

    Biases, weights of normalisations and embeddings pull towards zero for no good; matrices and kernels decay.

    Args:
        model: Whose parameters.
        bias_weight_decay: Let biases decay too (not those of normalisations).
        normalization_weight_decay: Let weights and biases of normalisations decay too.
    """
    groups: dict[bool, list[nn.Parameter]] = {True: [], False: []}
    seen: set[int] = set()
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if id(parameter) in seen:
                continue
            seen.add(id(parameter))
            if isinstance(module, _NORMALISATIONS):
                decays = normalization_weight_decay
            elif "bias" in name:
                decays = bias_weight_decay
            else:
                decays = not isinstance(module, nn.Embedding)
            groups[decays].append(parameter)
    return [{"params": groups[True]}, {"params": groups[False], "weight_decay": 0.0}]
