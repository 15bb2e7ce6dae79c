"""From utterances to one padded batch."""

# B utterances, T the longest of them

from collections.abc import Collection, Sequence

import numpy as np
import torch
from torch import Tensor

from espnet2.utils.errors import InputError


class CommonCollateFn:
    """Pads along the first axis and adds the lengths.

    Args:
        float_pad_value: Filled in after floats.
        int_pad_value: Filled in after integers.
        not_sequence: Names that get no lengths, such as speaker embeddings.
    """

    def __init__(self, float_pad_value: float = 0.0, int_pad_value: int = -32768, not_sequence: Collection[str] = ()):
        self.float_pad_value = float_pad_value
        self.int_pad_value = int_pad_value
        self.not_sequence = frozenset(not_sequence)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(float_pad_value={self.float_pad_value}, int_pad_value={self.int_pad_value})"

    def __call__(self, data: Sequence[tuple[str, dict[str, np.ndarray]]]) -> tuple[list[str], dict[str, Tensor]]:
        """Make a batch.

        Args:
            data: Ids and arrays (T_i, ...) by name.
        Returns:
            The ids, and per name a tensor (B, T, ...) and ``<name>_lengths`` (B,) int64.
        Raises:
            InputError: If names or the other dimensions differ; names two utterances.
        """
        uids = [uid for uid, _ in data]
        names = data[0][1].keys()
        for uid, item in data:
            if item.keys() != names:
                raise InputError(f"'{uid}' has the data {sorted(item)}, '{uids[0]}' {sorted(names)}.")
        batch: dict[str, Tensor] = {}
        for name in names:
            if name.endswith("_lengths"):
                raise InputError(f"'{name}': names that end in _lengths are made here; call the data otherwise.")
            arrays = [item[name] for _, item in data]
            batch[name] = self._pad(name, arrays, uids)
            if name not in self.not_sequence:
                batch[f"{name}_lengths"] = torch.tensor([len(array) for array in arrays], dtype=torch.int64)
        return uids, batch

    def _pad(self, name: str, arrays: list[np.ndarray], uids: list[str]) -> Tensor:
        first = arrays[0]
        for uid, array in zip(uids, arrays):
            if array.shape[1:] != first.shape[1:] or array.ndim != first.ndim:
                raise InputError(
                    f"'{name}' of '{uid}' has the shape {array.shape}, of '{uids[0]}' {first.shape}: only the first "
                    "axis may differ. Do all recordings have the same number of channels?"
                )
        if first.ndim == 0:
            return torch.from_numpy(np.stack(arrays))
        fill = self.float_pad_value if first.dtype.kind == "f" else self.int_pad_value
        shape = (len(arrays), max(len(array) for array in arrays), *first.shape[1:])
        padded = np.full(shape, fill, first.dtype)
        for row, array in zip(padded, arrays):
            row[: len(array)] = array
        return torch.from_numpy(padded)
