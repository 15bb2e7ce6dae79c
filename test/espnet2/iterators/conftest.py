"""A corpus of numbers for the iterators' tests: utterance i holds i + 1 times the number i."""

from pathlib import Path
from typing import Any

import pytest

from espnet2.samplers.batch_plan import BatchPlan
from espnet2.samplers.build_batch_sampler import build_batch_plan
from espnet2.train.dataset import ESPnetDataset


class Corpus:
    """Files of ``number`` utterances; utterances whose number is in ``damaged`` hold words instead of numbers."""

    def __init__(self, folder: Path, number: int = 23, damaged: tuple[int, ...] = ()):
        folder.mkdir(exist_ok=True)
        self.ids = [f"utt{i:03d}" for i in range(number)]
        self.speech, self.shape = folder / "speech", folder / "speech_shape"
        values = ["broken" if i in damaged else " ".join([str(i)] * (i + 1)) for i in range(number)]
        self.speech.write_text("".join(f"{uid} {value}\n" for uid, value in zip(self.ids, values)))
        self.shape.write_text("".join(f"{uid} {i + 1}\n" for i, uid in enumerate(self.ids)))

    def dataset(self, preprocess: Any = None) -> ESPnetDataset:
        return ESPnetDataset([(str(self.speech), "speech", "text_float")], preprocess)

    def plan(self, batch_size: int = 4, **kwargs: Any) -> BatchPlan:
        return build_batch_plan("sorted", [self.shape], batch_size=batch_size, **kwargs)


@pytest.fixture
def make_corpus(tmp_path: Path):
    """Makes a ``Corpus``."""
    return lambda **kwargs: Corpus(tmp_path / "corpus", **kwargs)


@pytest.fixture
def corpus(make_corpus) -> Corpus:
    """23 sound utterances."""
    return make_corpus()
