"""Whole utterances, searched as if they came live."""

# Shapes: U utterances, T frames, D model size
from torch import Tensor

from espnet2.search.hypothesis import Hypothesis
from espnet2.search.streaming.blockwise import BlockwiseBeamSearch


class SimulatedStreamingSearch:
    """The blockwise search of utterances whose frames are all there, one utterance after another.

    Args:
        search: The search of a stream.
    """

    def __init__(self, search: BlockwiseBeamSearch):
        self.search = search
        self.weights = search.weights

    def __call__(
        self, encoded: Tensor, lengths: Tensor, maxlenratio: float = 0.0, minlenratio: float = 0.0
    ) -> list[list[Hypothesis]]:
        """Search all utterances; see ``BeamSearch``.

        Shapes:
            encoded (U, T, D), lengths (U,)
        """
        search = self.search.with_limits(maxlenratio, minlenratio)
        return [
            search.advance(search.start(), frames[:length], is_final=True)[1]
            for frames, length in zip(encoded, lengths.tolist())
        ]
