"""What a synthesiser asks of its data: which names there must be, and what must fit within an utterance.

Both are looked at before a network sees anything: names once, when a job begins, and utterances where they are read, so that
those that do not fit are named, counted and left out as damaged ones are.
"""

# Shapes: L tokens, N samples, T frames, D features
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from espnet2.tts.abs_tts import AbsTTS
from espnet2.utils.errors import InputError

_HOW = {
    "durations": "the frames of each token, and of the end of the text. Give data named durations (from a teacher or a forced "
    "alignment), or use fastspeech2 with learn_alignment: true",
    "pitch": "choose pitch_extract (dio), or give data named pitch",
    "energy": "choose energy_extract (energy), or give data named energy",
    "sids": "the number of the speaker, as tts_conf: spks says (--use_sid true in a recipe)",
    "lids": "the number of the language, as tts_conf: langs says (--use_lid true in a recipe)",
    "spembs": "the vector of the speaker, as tts_conf: spk_embed_dim says (--use_spk_embed true in a recipe)",
}
_FEATURES = (
    " The data named speech are features here, such as those of a teacher that spoke freely, and have neither to extract. Let the "
    "teacher follow the recordings: decode with it anew, with --inference_args \"--use_teacher_forcing true\"."
)


def missing(network: torch.nn.Module, name: str) -> InputError:
    """The error that a network lacks data of some name, and how they are got."""
    return InputError(f"{type(network).__name__} needs {name}: {_HOW[name]}.")


def check_names(network: AbsTTS, names: Collection[str], extracted: Collection[str], is_features: bool) -> None:
    """Refuse data sets that lack what a network's loss needs, or tell it what it is to find by itself.

    Args:
        network: Whose loss.
        names: The data that there are.
        extracted: What is made of recordings besides.
        is_features: Whether ``speech`` holds features, of which nothing is made.
    Raises:
        InputError: With the name, and how it is got.
    """
    for name in (*network.wanted_data, *_condition_sizes(network)):
        if name in names or (name in extracted and not is_features):
            continue
        error = missing(network, name)
        raise InputError(f"{error}{_FEATURES}") if is_features and name in ("pitch", "energy") else error
    if network.learns_durations and "durations" in names:
        raise given_and_learned(network)


def given_and_learned(network: torch.nn.Module) -> InputError:
    """The error that durations are given to a network that finds them."""
    return InputError(f"{type(network).__name__} finds the durations itself here; leave the data named durations out.")


@dataclass(frozen=True)
class UtteranceNeeds:
    """What a network asks of tokens, frames, durations and conditions of an utterance; a check of ``InputNeeds``."""

    count_frames: Callable[[Tensor], Tensor] | None  # of so many samples; None: speech holds features
    reduction_factor: int  # frames per unit of durations
    wants_durations: bool
    learns_durations: bool  # each token gets a frame then
    ends_text: bool  # the network puts a token at the end of the text, which counts
    reads_text: bool  # else texts do not matter
    sizes: Mapping[str, int]  # of the tables of sids and lids, and of spembs

    @classmethod
    def of(cls, network: AbsTTS, count_frames: Callable[[Tensor], Tensor] | None) -> "UtteranceNeeds":
        """What a network asks."""
        return cls(
            count_frames,
            network.reduction_factor,
            "durations" in network.wanted_data,
            network.learns_durations,
            network.ends_text,
            network.reads_text,
            _condition_sizes(network),
        )

    def __call__(self, data: Mapping[str, np.ndarray]) -> tuple[str, str] | None:
        """What is wrong with an utterance, and with which of its data; None if nothing is.

        Shapes:
            data: text (L,), speech (N,) or (T, D), durations (L,) or (L + 1,)
        """
        num_tokens = len(data["text"])
        if num_tokens == 0 and self.reads_text:
            return "text", "nothing is left of it when it is cleaned: take the utterance out, or choose another cleaner"
        for name, size in self.sizes.items():
            if name in data and (wrong := _wrong_condition(name, data[name].ravel(), size)):
                return name, wrong
        num_tokens += self.ends_text
        tokens = f"{num_tokens} tokens{' (with the end of the text)' if self.ends_text else ''}"
        length = len(data["speech"])
        num_frames = length if self.count_frames is None else int(self.count_frames(torch.tensor(length)))
        if num_frames < self.reduction_factor:
            return "speech", f"has {num_frames} frames, less than tts_conf: reduction_factor ({self.reduction_factor})"
        durations = data.get("durations")
        if durations is None and self.learns_durations and num_frames < num_tokens:
            return "speech", (
                f"has {num_frames} frames for {tokens}, and each token wants a frame: take the utterance out, or use a smaller "
                "hop length"
            )
        return None if durations is None else self._wrong_durations(durations, tokens, num_tokens, num_frames)

    def _wrong_durations(self, durations: Any, tokens: str, num_tokens: int, num_frames: int) -> tuple[str, str] | None:
        if self.wants_durations and len(durations) != num_tokens:
            return "durations", (
                f"has {len(durations)} numbers for {tokens}: they were made with other tokens. Make them anew with this token "
                "list, cleaner and g2p"
            )
        units, factor = int(durations.sum()), self.reduction_factor
        if durations.min() < 0 or not 0 <= num_frames - units * factor < factor:
            times = f" x {factor}" if factor > 1 else ""
            return "durations", (
                f"sum to {units}{times}, but the speech has {num_frames} frames: they were made with another hop length or from "
                "other recordings. Make them anew with this hop length and these recordings"
            )
        return None


def _condition_sizes(network: AbsTTS) -> dict[str, int]:
    """The conditions that a network has, with the number of speakers or languages, or the size of the vectors."""
    sizes = {"sids": "spks", "lids": "langs", "spembs": "spk_embed_dim"}
    return {name: size for name, option in sizes.items() if (size := getattr(network, option, None))}


def _wrong_condition(name: str, values: np.ndarray, size: int) -> str | None:
    if name == "spembs":
        return None if len(values) == size else f"has {len(values)} values, tts_conf: spk_embed_dim is {size}"
    if len(values) == 1 and 0 <= values[0] < size:
        return None
    option = "spks" if name == "sids" else "langs"
    return f"is {' '.join(map(str, values))}, tts_conf: {option} is {size}: one number of 0 to {size - 1} is wanted"
