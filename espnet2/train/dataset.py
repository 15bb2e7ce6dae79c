"""From an utterance's id to its arrays."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from espnet2.train.data_cache import DataCache
from espnet2.train.readers import open_reader
from espnet2.utils.errors import InputError

Preprocess = Callable[[str, dict[str, Any]], dict[str, Any]]


class ESPnetDataset:
    """Reads what the files say about one utterance, and preprocesses it.

    Args:
        path_name_type: Files, the names their data have in a batch, and their types (``DATA_TYPES``).
        preprocess: ``(uid, data) -> data``; after it every datum must be an array.
        float_dtype: The type that all floats get.
        int_dtype: The type that all integers get.
        max_cache_size: Bytes of raw data kept in memory.
        max_cache_fd: Not needed; archives are opened for each read.
        allow_multi_rates: Accept audio of several sample rates.
    Raises:
        InputError: If a file cannot be opened or a name comes twice.
    """

    def __init__(
        self,
        path_name_type: Sequence[tuple[str, str, str]],
        preprocess: Preprocess | None = None,
        float_dtype: str = "float32",
        int_dtype: str = "int64",
        max_cache_size: int = 0,
        max_cache_fd: int = 32,
        allow_multi_rates: bool = False,
    ):
        if not path_name_type:
            raise InputError("No data: give files as 'path,name,type'.")
        self.readers: dict[str, Any] = {}
        for path, name, data_type in path_name_type:
            if name in self.readers:
                raise InputError(f"{path}: the data name '{name}' is given twice.")
            self.readers[name] = open_reader(path, data_type, allow_multi_rates)
        self._files = [tuple(words) for words in path_name_type]
        self.preprocess = preprocess
        self._dtypes = {"f": np.dtype(float_dtype), "i": np.dtype(int_dtype), "u": np.dtype(int_dtype)}
        self.allow_multi_rates = allow_multi_rates
        self.cache = DataCache(max_cache_size) if max_cache_size > 0 else None

    def __getstate__(self) -> dict:
        return {**self.__dict__, "readers": None}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self.readers = {name: open_reader(path, kind, self.allow_multi_rates) for path, name, kind in self._files}

    def names(self) -> tuple[str, ...]:
        """The data names, before preprocessing."""
        return tuple(self.readers)

    def has_name(self, name: str) -> bool:
        """Whether there is such data."""
        return name in self.readers

    def __repr__(self) -> str:
        files = "".join(f"\n  {name}: {path} ({kind})" for path, name, kind in self._files)
        return f"{type(self).__name__}({files}\n  preprocess: {self.preprocess}\n)"

    def __getitem__(self, uid: str) -> tuple[str, dict[str, np.ndarray]]:
        """The utterance's id and arrays.

        Raises:
            InputError: If a datum is missing or damaged; names file, line and utterance.
        """
        data = self._read(uid)
        if self.preprocess is not None:
            try:
                data = self.preprocess(uid, data)
            except InputError as error:
                raise InputError(f"utterance '{uid}': {error}") from error
        return uid, {name: self._typed(uid, name, value) for name, value in data.items()}

    def _read(self, uid: str) -> dict[str, Any]:
        data = None if self.cache is None else self.cache.get(uid)
        if data is None:
            data = {name: reader[uid] for name, reader in self.readers.items()}
            if self.cache is not None:
                self.cache.add(uid, data)
        return dict(data)

    def _typed(self, uid: str, name: str, value: Any) -> np.ndarray:
        if not isinstance(value, np.ndarray) or value.dtype.kind not in self._dtypes:
            kind = value.dtype if isinstance(value, np.ndarray) else type(value).__name__
            raise InputError(
                f"utterance '{uid}': '{name}' is {kind} where numbers are needed; text becomes numbers by "
                "--use_preprocessor true, or is given as ids of type text_int."
            )
        return value.astype(self._dtypes[value.dtype.kind], copy=False)
