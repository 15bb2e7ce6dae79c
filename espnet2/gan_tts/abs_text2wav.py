"""Networks from text to a waveform by way of frames of their own, which a generator makes audible at the end."""

# Shapes: B batch, L tokens, T frames, C channels of frames, G conditions, N samples
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from espnet2.gan_tts.abs_gan_tts import AbsGANTTS
from espnet2.tts.parts.randomness import Generators, numbers_of


class AbsText2Wav(AbsGANTTS):
    """Text to frames to a waveform; the frames can be made audible piece by piece."""

    @property
    @abstractmethod
    def wave_generator(self) -> torch.nn.Module:
        """What makes frames audible."""

    @property
    def receptive_frames(self) -> int | None:
        """How many frames before and after its own the samples of a frame depend on; None: all."""
        return getattr(self.wave_generator, "receptive_frames", None)

    def to_wave(self, frames: Tensor, condition: Tensor | None = None) -> Tensor:
        """Make frames audible.

        Args:
            frames: All of an utterance, or some that follow one another.
            condition: Of the whole utterance, if ``make_frames`` gives one.

        Shapes:
            frames (T, C), condition (G, 1) -> (N,)
        """
        conditions = () if condition is None else (condition.unsqueeze(0),)
        return self.wave_generator(frames.T.unsqueeze(0), *conditions).flatten()

    @abstractmethod
    def make_frames(
        self, text: Tensor, text_lengths: Tensor, generators: Generators, **conditions: Any
    ) -> list[dict[str, Tensor]]:
        """Text to frames; arguments as of ``inference_batch``.

        Returns:
            Of each utterance ``frames`` (T, C), ``condition`` (G, 1) if there is one, and what ``inference`` gives but ``wav``.
        """

    @torch.no_grad()
    def inference_batch(
        self,
        text: Tensor,
        text_lengths: Tensor,
        generators: Generators | None = None,
        return_frames: bool = False,
        **conditions: Any,
    ) -> list[dict[str, Tensor]]:
        """Synthesise several utterances together; each comes out as it does alone.

        Frames are made of all texts together. Waveforms are made one by one: on a CPU that takes no longer, and no generator
        has to hide padding from its convolutions.

        Args:
            text: Token ids, padded with 0.
            text_lengths: Tokens of each utterance.
            generators: Random numbers of each utterance; None: torch's own.
            return_frames: Give what ``make_frames`` gives, without waveforms.
            **conditions: As of ``inference`` with a batch axis, and its options.
        Returns:
            For each utterance what ``inference`` gives.

        Shapes:
            text (B, L), text_lengths (B,)
        """
        streams = generators or [None] * len(text)
        outputs = self.make_frames(text, text_lengths, streams, **conditions)
        if return_frames:
            return outputs
        return [self.with_wave(output, stream) for output, stream in zip(outputs, streams)]

    def with_wave(self, output: Mapping[str, Tensor], generator: torch.Generator | None = None) -> dict[str, Tensor]:
        """What ``make_frames`` gives of an utterance with ``wav`` (N,) in place of the frames."""
        with numbers_of(generator), torch.no_grad():
            wav = self.to_wave(output["frames"], output.get("condition"))
        return {"wav": wav, **{name: value for name, value in output.items() if name not in ("frames", "condition")}}
