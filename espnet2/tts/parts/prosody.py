"""Pitch and energy by a factor that a user understands: of Hz and of amplitude, not of what the network computes with."""
# Shapes: B batch, L tokens
import math
from collections.abc import Callable

from torch import Tensor

from espnet2.layers.abs_normalize import AbsNormalize, InversibleInterface
from espnet2.utils.errors import InputError


def natural_scale(
    name: str, factor: float, normalize: AbsNormalize | None, is_log: bool
) -> Callable[[Tensor], Tensor]:
    """A function of the network's values that multiplies what they stand for.

    Args:
        name: What it is, for the message.
        factor: Above 1 higher or louder.
        normalize: How the network's values were normalised; None for not at all.
        is_log: Whether they are natural logarithms.
    Raises:
        InputError: If the factor is not positive.

    Shapes:
        of what it does: (B, L) -> (B, L)
    """
    if not factor > 0:
        raise InputError(f"{name}_scale must be above 0, not {factor}.")

    def scale(values: Tensor) -> Tensor:
        natural = values.unsqueeze(-1)
        if isinstance(normalize, InversibleInterface):
            natural = normalize.inverse(natural)[0]
        natural = natural + math.log(factor) if is_log else natural * factor
        return (natural if normalize is None else normalize(natural)[0]).squeeze(-1)

    return scale
