"""What a model asks of its input, so that data which do not fit are refused where they are read."""

from collections.abc import Mapping
from typing import NamedTuple


class InputNeeds(NamedTuple):
    """By the data's names; what has no name here is not checked."""

    sample_rates: Mapping[str, int] = {}
    least_lengths: Mapping[str, int] = {}  # samples or frames
    resamples: bool = False  # audio at another rate is brought to the model's instead of being refused


NO_NEEDS = InputNeeds()
