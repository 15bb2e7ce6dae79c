"""A quick search while the speech comes in, and a second look at its results when all of it is there.

Zhang et al., "Unified Streaming and Non-streaming Two-pass End-to-end Model for Speech Recognition", 2020,
https://arxiv.org/abs/2012.05481
"""

# Shapes: s new frames, D model size
import logging
from typing import Any, NamedTuple

import torch
from torch import Tensor

from espnet2.layers.growing_tensor import GrowingTensor
from espnet2.search.hypothesis import Hypothesis
from espnet2.search.rescoring import SecondPass
from espnet2.search.streaming.protocol import StreamingSearch


class TwoPassState(NamedTuple):
    """One stream."""

    first: Any  # the state of the first pass
    frames: GrowingTensor | None = None  # all of the utterance, (T, D)
    is_too_long: bool = False


class TwoPassSearch:
    """Any search of a stream, whose final hypotheses are judged once more.

    Args:
        first_pass: The search.
        second_pass: What judges them.
        max_frames: Of a longer utterance the first pass alone decides, so that no more frames have to be kept.
    """

    def __init__(self, first_pass: StreamingSearch, second_pass: SecondPass, max_frames: int):
        self.first_pass = first_pass
        self.second_pass = second_pass
        self.max_frames = max_frames
        names = (*first_pass.weights, *second_pass.scorers)
        self.weights = {name: second_pass.weights.get(name, 0.0) for name in names}

    def start(self) -> TwoPassState:
        """The state before the first frame."""
        return TwoPassState(self.first_pass.start())

    def advance(self, state: TwoPassState, frames: Tensor, is_final: bool) -> tuple[TwoPassState, list[Hypothesis]]:
        """Hear some frames more; see ``StreamingSearch``. Before the last ones the results are the first pass's.

        Shapes:
            frames (s, D)
        """
        first, nbest = self.first_pass.advance(state.first, frames, is_final)
        heard = GrowingTensor(frames, 0) if state.frames is None else state.frames.append(frames)
        is_too_long = state.is_too_long or len(heard) > self.max_frames
        if not is_final:
            return TwoPassState(first, None if is_too_long else heard, is_too_long), nbest
        if is_too_long:
            logging.warning(f"The utterance has more than {self.max_frames} frames: there is no second pass.")
        elif nbest and len(heard):
            lengths = torch.tensor([len(heard)], device=frames.device)
            (nbest,) = self.second_pass([nbest], heard.values.unsqueeze(0), lengths)
        return self.start(), nbest
