"""A transducer's search while the speech comes in.

A transducer hears frame by frame anyway, so its search goes on where it stopped, with the very hypotheses that the search
of the whole utterance would have there. What must not last is the tree of all that was ever tried: after each piece the
search moves to a new one.
"""

# Shapes: s new frames, D model size
import torch
from torch import Tensor

from espnet2.search.hypothesis import Hypothesis
from espnet2.search.transducer.evaluation import Network
from espnet2.search.transducer.language_model import LanguageModel
from espnet2.search.transducer.options import TransducerOptions
from espnet2.search.transducer.prefix import replant
from espnet2.search.transducer.search import BeamState, TransducerSearch
from espnet2.utils.errors import InputError

# Frames between two cleanings: what was tried within them is likely to be tried again, and need not be computed anew.
PIECE_FRAMES = 16


class StreamingTransducerSearch(TransducerSearch):
    """Find the best label sequences of a stream so far; see ``TransducerSearch`` and ``StreamingSearch``.

    Raises:
        InputError: If the kind of search must know how many frames there are.
    """

    def __init__(
        self,
        network: Network,
        beam_size: int,
        options: TransducerOptions,
        lm: LanguageModel | None = None,
        nbest: int = 1,
    ):
        if options.search_type == "alsd" and beam_size > 1:
            raise InputError(
                "transducer_conf: search_type alsd needs the whole utterance at once; take default, tsd, nsc or maes."
            )
        super().__init__(network, beam_size, options, lm, nbest)

    @torch.no_grad()
    def advance(self, state: BeamState, frames: Tensor, is_final: bool) -> tuple[BeamState, list[Hypothesis]]:
        """Hear some frames more; see ``StreamingSearch``. Labels come as soon as they can, so the end is nothing special.

        Shapes:
            frames (s, D)
        """
        for piece in frames.split(PIECE_FRAMES):
            if len(piece):
                (state,) = self.go_on([state], piece.unsqueeze(0), torch.tensor([len(piece)]))
                state = BeamState(replant(state.kept), state.num_frames)
        return self.start() if is_final else state, self.results(state)
