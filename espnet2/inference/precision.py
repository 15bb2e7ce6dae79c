"""In which precision a recogniser computes."""

from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch

from espnet2.utils.errors import InputError

PRECISIONS = ("float32", "float64", "bfloat16", "float16")


class Precision(NamedTuple):
    """The type of the weights, and the lower one that autocast computes in where that is safe.

    Attributes:
        weights: Name of a torch type.
        autocast: None: the type of the weights throughout.
        device_type: ``cpu`` or ``cuda``.
    """

    weights: str
    autocast: torch.dtype | None
    device_type: str

    @classmethod
    def of(cls, dtype: str, device: str) -> "Precision":
        """What an option asks for.

        Raises:
            InputError: If the type is unknown.
        """
        if dtype not in PRECISIONS:
            raise InputError(f"dtype: {dtype} is not known; choose from {', '.join(PRECISIONS)}.")
        is_low = dtype in ("bfloat16", "float16")
        return cls("float32" if is_low else dtype, getattr(torch, dtype) if is_low else None, torch.device(device).type)

    def context(self) -> AbstractContextManager:
        """Where the computation is to happen."""
        return nullcontext() if self.autocast is None else torch.autocast(self.device_type, self.autocast)
