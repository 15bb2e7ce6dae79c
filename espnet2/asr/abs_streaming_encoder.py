"""The abstract encoder that takes an utterance piece by piece."""

# Shapes: t new frames, s new frames after the encoder, F features, D model size
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from espnet2.asr.abs_encoder import AbsEncoder


class AbsStreamingEncoder(AbsEncoder):
    """An encoder whose output for a frame needs a bounded number of later frames.

    Attributes:
        block_size: Encoder frames in a block.
        hop_size: Encoder frames that a block newly gives out.
        look_ahead: Encoder frames at a block's end that only help those before them.
        subsample: Input frames to an encoder frame.
    """

    block_size: int
    hop_size: int
    look_ahead: int
    subsample: int

    def check_streaming(self) -> None:
        """Refuse an encoder of this kind whose options keep it from streaming.

        Raises:
            InputError: If there are such options.
        """

    @abstractmethod
    def stream(
        self, xs: Sequence[Tensor], states: Sequence[Any], finals: Sequence[bool]
    ) -> tuple[list[Tensor], list[Any]]:
        """Encode the next frames of several independent utterances.

        Together the outputs of an utterance are those of ``forward`` in evaluation, however it is cut.

        Args:
            xs: Next features of each utterance, none too.
            states: From the call before; None at the start.
            finals: Whether an utterance ends here.

        Returns:
            The encoded frames that are complete, none too, and the states; None after the end.

        Shapes:
            xs [(t, F)] -> [(s, D)]
        """
