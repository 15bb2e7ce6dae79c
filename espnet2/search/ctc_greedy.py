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
        log_probs = self.ctc.log_softmax(encoded).double()
        log_probs[:, :, [self.sos, self.eos]] = -torch.inf
        best, path = log_probs.max(2)  # (U, T)
        padding = make_pad_mask(lengths.to(encoded.device), encoded.size(1))
        scores = best.masked_fill(padding, 0.0).sum(1).tolist()
        before = torch.nn.functional.pad(path[:, :-1], (1, 0), value=self.blank)
        is_token = (path != self.blank) & (path != before) & ~padding
        results = []
        for tokens, marks, score in zip(path, is_token, scores):
            ends = tokens.new_tensor([self.sos]), tokens.new_tensor([self.eos])
            results.append([Hypothesis(torch.cat([ends[0], tokens[marks], ends[1]]), score, {"ctc": score})])
        return results
