"""The likeliest CTC path: the best token of each frame, repetitions and blanks left out.

Graves et al., "Connectionist Temporal Classification", 2006, https://www.cs.toronto.edu/~graves/icml_2006.pdf, section 3.2
"""
# Shapes: U utterances, T frames, D model size, V vocabulary
import torch
from torch import Tensor

from espnet2.layers.mask import make_pad_mask
from espnet2.search.ctc_prefix import CTCHead
from espnet2.search.hypothesis import Hypothesis


class CTCGreedySearch:
    """One transcript of each utterance, without any search; its score is the log-probability of that one path.

    Args:
        ctc: The CTC head.
        sos: Id that each hypothesis begins with; no frame may have it.
        eos: Id that each hypothesis ends with; no frame may have it.
        blank: Id of blank.
    """

    def __init__(self, ctc: CTCHead, sos: int, eos: int, blank: int = 0):
        self.ctc = ctc
        self.sos = sos
        self.eos = eos
        self.blank = blank
        self.weights = {"ctc": 1.0}

    @torch.no_grad()
    def __call__(
        self, encoded: Tensor, lengths: Tensor, maxlenratio: float = 0.0, minlenratio: float = 0.0
    ) -> list[list[Hypothesis]]:
        """Read the path of all utterances; limits of length do not apply.

        Shapes:
            encoded (U, T, D), lengths (U,)
        """
        first = torch.full((len(encoded), 1), self.blank, device=encoded.device)
        best, path, is_token = self.read(encoded, first)
        padding = make_pad_mask(lengths.to(encoded.device), encoded.size(1))
        scores = best.masked_fill(padding, 0.0).sum(1).tolist()
        return [
            [self.hypothesis(tokens[marks], score)] for tokens, marks, score in zip(path, is_token & ~padding, scores)
        ]

    def read(self, encoded: Tensor, before: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The best token of each frame.

        Args:
            encoded: The frames.
            before: The best token of the frame before them.

        Returns:
            Its log-probability, its id, and whether it is part of the transcript.

        Shapes:
            encoded (U, T, D), before (U, 1) -> (U, T), (U, T), (U, T)
        """
        log_probs = self.ctc.log_softmax(encoded).double()
        log_probs[:, :, [self.sos, self.eos]] = -torch.inf
        best, path = log_probs.max(2)
        return best, path, (path != self.blank) & (path != torch.cat([before, path[:, :-1]], 1))

    def hypothesis(self, tokens: Tensor, score: float) -> Hypothesis:
        """The transcript of one utterance: tokens (L,)."""
        yseq = torch.cat([tokens.new_tensor([self.sos]), tokens, tokens.new_tensor([self.eos])])
        return Hypothesis(yseq, score, {"ctc": score})
