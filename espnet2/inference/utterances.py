"""The utterances of a set one after another, a damaged one being told instead of ending the job."""
import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from torch.utils.data import DataLoader, Dataset

from espnet2.inference.options import SetOptions
from espnet2.train.dataset import ESPnetDataset
from espnet2.train.input_needs import NO_NEEDS, InputNeeds
from espnet2.train.iterable_dataset import key_index
from espnet2.utils.errors import EmptyAudioError, InputError

SHOWN_ERRORS = 10


class Utterance(NamedTuple):
    """An utterance, or why there is none."""

    uid: str
    data: dict[str, np.ndarray]
    error: str | None = None


class _Utterances(Dataset):
    """A data set by row number that gives errors as values, so that they cross from the reading processes."""

    def __init__(self, options: SetOptions, preprocess: Callable | None, needs: InputNeeds):
        self.float_dtype = "float64" if options.dtype == "float64" else "float32"
        self.dataset = ESPnetDataset(options.data_path_and_name_and_type, preprocess, self.float_dtype, needs=needs)
        self.dataset.check_first_sounds()
        self.ids = key_index(self.dataset, options.key_file)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, row: int) -> Utterance:
        uid = self.ids.id_at(row)
        try:
            return Utterance(*self.dataset[uid])
        except InputError as error:
            if not _is_empty(error):
                return Utterance(uid, {}, str(error))
            logging.warning(f"{error}: its result is blank")
            return Utterance(uid, {"speech": np.zeros(0, self.float_dtype)})


def refuse_left_out(errors: Sequence[str], what: str) -> None:
    """Tell at the end of a job what is wrong with the utterances that were left out; nothing to do if none was.

    Args:
        errors: A line each.
        what: What follows their number in the message.
    Raises:
        InputError: With the first of them.
    """
    if errors:
        more = f"\n... and {len(errors) - SHOWN_ERRORS} more" if len(errors) > SHOWN_ERRORS else ""
        shown = "\n".join(errors[:SHOWN_ERRORS])
        raise InputError(f"{len(errors)} {what}:\n{shown}{more}")


def _is_empty(error: BaseException | None) -> bool:
    """Whether the error says, in the end, that there is no sample."""
    while error is not None and not isinstance(error, EmptyAudioError):
        error = error.__cause__
    return error is not None


def read_utterances(
    options: SetOptions, preprocess: Callable | None, needs: InputNeeds = NO_NEEDS
) -> Iterator[Utterance]:
    """The utterances in the order of the key file (or of the first data file).

    Args:
        options: Which files, and how they are read.
        preprocess: ``(uid, data) -> data``.
        needs: What the model asks of them.
    Raises:
        InputError: If a file cannot be opened, or its first sound has another rate than the model and must not be resampled.
    """
    batches = DataLoader(
        _Utterances(options, preprocess, needs),
        batch_size=options.batch_size,
        num_workers=options.num_workers,
        collate_fn=list,
    )
    return chain.from_iterable(batches)
