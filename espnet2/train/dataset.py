"""From an utterance's id to its arrays."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from espnet2.train.data_cache import DataCache
from espnet2.train.input_needs import NO_NEEDS, InputNeeds
from espnet2.train.readers import SoundReader, open_reader
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
        needs: What the model asks of the data.
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
        needs: InputNeeds = NO_NEEDS,
    ):
        if not path_name_type:
            raise InputError("No data: give files as 'path,name,type'.")
        self._files = [tuple(words) for words in path_name_type]
        names = [name for _, name, _ in self._files]
        for path, name, _ in self._files:
            if names.count(name) > 1:
                raise InputError(f"{path}: the data name '{name}' is given twice.")
        self.preprocess = preprocess
        self._dtypes = {"f": np.dtype(float_dtype), "i": np.dtype(int_dtype), "u": np.dtype(int_dtype)}
        self.allow_multi_rates = allow_multi_rates
        self.needs = needs
        self.readers = self._open()
        self.cache = DataCache(max_cache_size) if max_cache_size > 0 else None

    def __getstate__(self) -> dict:
        return {**self.__dict__, "readers": None}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self.readers = self._open()

    def _open(self) -> dict[str, Any]:
        rates, resamples = self.needs.sample_rates, self.needs.resamples
        return {
            name: open_reader(path, kind, self.allow_multi_rates, rates.get(name), resamples)
            for path, name, kind in self._files
        }

    def names(self) -> tuple[str, ...]:
        """The data names, before preprocessing."""
        return tuple(self.readers)

    def has_name(self, name: str) -> bool:
        """Whether there is such data."""
        return name in self.readers

    def check_first_sounds(self) -> None:
        """Refuse a corpus at another rate than the model's by one look at each table.

        Raises:
            InputError: Names file, line and utterance.
        """
        for reader in self.readers.values():
            if isinstance(reader, SoundReader):
                reader.check_first()

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
        for name in self.needs.least_lengths.keys() & data.keys():
            self._check_length(uid, name, len(data[name]))
        typed = {name: self._typed(uid, name, value) for name, value in data.items()}
        wrong = None if self.needs.check is None else self.needs.check(typed)
        if wrong is not None:
            raise InputError(f"{self._place(uid, wrong[0])}: {wrong[1]}")
        return uid, typed

    def _read(self, uid: str) -> dict[str, Any]:
        data = None if self.cache is None else self.cache.get(uid)
        if data is None:
            data = {name: reader[uid] for name, reader in self.readers.items()}
            if self.cache is not None:
                self.cache.add(uid, data)
        return dict(data)

    def _check_length(self, uid: str, name: str, length: int) -> None:
        least = self.needs.least_lengths[name]
        if length < least:
            detail = f"{length} samples, but the model needs {least} to make anything of it; leave it out"
            raise InputError(f"{self._place(uid, name)} is too short: {detail}")

    def _place(self, uid: str, name: str) -> str:
        """Where a datum comes from, for messages."""
        reader = self.readers[name]
        place = reader.path if reader.ids is None else f"{reader.path}:{reader.ids.line_of(uid)}"
        return f"{place}: utterance '{uid}': '{name}'"

    def _typed(self, uid: str, name: str, value: Any) -> np.ndarray:
        if not isinstance(value, np.ndarray) or value.dtype.kind not in self._dtypes:
            kind = value.dtype if isinstance(value, np.ndarray) else type(value).__name__
            raise InputError(
                f"utterance '{uid}': '{name}' is {kind} where numbers are needed; text becomes numbers by "
                "--use_preprocessor true, or is given as ids of type text_int."
            )
        return value.astype(self._dtypes[value.dtype.kind], copy=False)
