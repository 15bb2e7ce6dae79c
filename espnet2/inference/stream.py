"""One stream of speech on its way through a recogniser, piece by piece.

Samples wait until they make at least one encoder frame; encoded frames wait until they make a block, and the search gets
them block by block, counted from the utterance's start. So neither texts nor the places where utterances end depend on how
the samples arrive. Where an utterance ends, the encoder goes back: the next utterance is encoded anew from there, as if it
were a recording of its own. All that changes is in ``Stream``; ``Recognition`` is shared by any number of streams.
"""

# Shapes: n samples, s frames, D model size
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from espnet2.asr.streaming import ModelStreamState, encode_stream
from espnet2.inference.endpoint import Endpointer, EndpointOptions
from espnet2.inference.events import Event, StablePrefix
from espnet2.inference.long_audio import join, whole_hypothesis
from espnet2.inference.parts import Parts, Result
from espnet2.inference.sample_input import SampleInput
from espnet2.inference.stitch import Segment
from espnet2.inference.token_clock import TokenClock
from espnet2.inference.words import with_confidence, words_of
from espnet2.layers.too_short import TooShortUttError
from espnet2.search.hypothesis import Hypothesis
from espnet2.utils.errors import InputError


@dataclass(frozen=True)
class Recognition:
    """What all streams of a recogniser share; nothing in it changes.

    Attributes:
        parts: Models and tokens.
        search: A ``StreamingSearch``.
        sample_rate: The model's.
        frame_samples: Samples from one encoder frame to the next.
        first_frames: Frames of the first block that the search is given.
        hop_frames: Frames of each further one.
        endpoints: Where utterances end.
        nbest: Results of ``Stream.results``.
        word_times: Whether words get their times.
        stable_blocks: After how many blocks a token that stands still is stable.
        input_rate: The rate of chunks that do not tell theirs; None: the model's.
        strict_rate: Refuse chunks at another rate instead of resampling them.
        keeps_history: Whether results tell all utterances of the stream, or the last one only.
    """

    parts: Parts
    search: Any
    sample_rate: int
    frame_samples: int
    first_frames: int
    hop_frames: int
    endpoints: EndpointOptions
    nbest: int = 1
    word_times: bool = False
    stable_blocks: int = 3
    input_rate: int | None = None
    strict_rate: bool = False
    keeps_history: bool = True

    @property
    def frame_seconds(self) -> float:
        """From one encoder frame to the next."""
        return self.frame_samples / self.sample_rate

    @torch.no_grad()
    def advance(self, streams: Sequence["Stream"]) -> bool:
        """Encode the next piece of each stream in one batch, and search what comes out.

        Returns:
            Whether there was anything to do.
        """
        ready = [(stream, piece) for stream in streams if (piece := stream.next_piece()) is not None]
        if ready:
            with self.parts.precision.context():
                for (stream, piece), (frames, state) in zip(ready, self._encode(ready)):
                    stream.take(frames, state, piece.is_final)
        return bool(ready)

    def _encode(self, ready: Sequence[tuple["Stream", "Piece"]]) -> list[tuple[Tensor, ModelStreamState | None]]:
        model = self.parts.asr_model
        samples = [piece.samples.to(self.parts.device, model.ctc_dtype) for _, piece in ready]
        return []


@dataclass
class Piece:
    """What the encoder gets next: samples (n,)."""

    samples: Tensor
    is_final: bool
