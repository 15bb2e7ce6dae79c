"""The abstract synthesis network: tokens to features, or to a waveform."""
# Shapes: B batch, L tokens, T frames, D features, N samples
import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from espnet2.tts.parts.randomness import Generators


class AbsTTS(torch.nn.Module, ABC):
    """Tokens to features (to be made audible by a vocoder) or to a waveform.

    Attributes:
        require_raw_speech: Whether ``forward`` wants ``speech`` beside the features.
        require_vocoder: Whether ``inference`` gives features rather than a waveform.
        reads_text: Whether it speaks texts; else it makes recordings anew, whatever their texts.
        reduction_factor: Frames per unit of ``durations``.
        wanted_data: What the loss needs of ``durations``, ``pitch`` and ``energy``.
        learns_durations: Whether training finds which frames belong to which token; each token gets one then.
        ends_text: Whether durations have one for the end of the text, which the network appends.
    """

    require_raw_speech: bool = False
    require_vocoder: bool = True
    reads_text: bool = True
    reduction_factor: int = 1
    wanted_data: tuple[str, ...] = ()
    learns_durations: bool = False
    ends_text: bool = False

    @abstractmethod
    def forward(
        self, text: Tensor, text_lengths: Tensor, feats: Tensor, feats_lengths: Tensor, **conditions: Tensor
    ) -> tuple[Tensor, Mapping[str, Any], Tensor]:
        """The loss of a batch.

        Args:
            text: Token ids, padded with 0.
            text_lengths: Tokens of each utterance.
            feats: Features, padded with 0.
            feats_lengths: Frames of each utterance.
            **conditions: What the network asks for: ``durations``, ``pitch``, ``energy`` (with ``<name>_lengths``), ``spembs``
                (B, D), ``sids`` (B, 1), ``lids`` (B, 1), and ``speech`` if ``require_raw_speech``.
        Returns:
            The loss, statistics by name, and the weight (B).

        Shapes:
            text (B, L), text_lengths (B,), feats (B, T, D), feats_lengths (B,)
        """

    @abstractmethod
    def inference(self, text: Tensor, **conditions: Any) -> dict[str, Tensor]:
        """Synthesise one utterance.

        Args:
            text: Token ids.
            **conditions: As of ``forward`` without the batch axis, and the network's own options.
        Returns:
            ``feat_gen`` (T, D) or ``wav`` (N,), and what else the network knows: ``att_w``, ``prob``, ``duration``, ``pitch``,
            ``energy``.

        Shapes:
            text (L,)
        """

    def inference_batch(
        self, text: Tensor, text_lengths: Tensor, generators: Generators | None = None, **conditions: Any
    ) -> list[dict[str, Tensor]]:
        """Synthesise several utterances: one after the other, unless the network can do it together.

        Args:
            text: Token ids, padded with 0.
            text_lengths: Tokens of each utterance.
            generators: Random numbers of each utterance; with them it comes out as it does alone. None: torch's own.
            **conditions: As of ``inference`` with a batch axis (padded ones with ``<name>_lengths``), and the options.
        Returns:
            For each utterance what ``inference`` gives.

        Shapes:
            text (B, L), text_lengths (B,)
        """
        has_generator = "generator" in inspect.signature(self.inference).parameters
        outputs = []
        for row, length in enumerate(text_lengths.tolist()):
            own = {
                name: _row(value, conditions.get(f"{name}_lengths"), row)
                for name, value in conditions.items()
                if not name.endswith("_lengths")
            }
            if has_generator and generators is not None:
                own["generator"] = generators[row]
            outputs.append(self.inference(text[row, :length], **own))
        return outputs


def _row(value: Any, lengths: Tensor | None, row: int) -> Any:
    """One utterance's part of a tensor; options are the same for all."""
    if not isinstance(value, Tensor):
        return value
    return value[row] if lengths is None else value[row, : int(lengths[row])]
