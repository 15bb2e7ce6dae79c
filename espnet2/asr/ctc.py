"""Connectionist temporal classification.

Graves et al., "Connectionist Temporal Classification", 2006, https://www.cs.toronto.edu/~graves/icml_2006.pdf
"""
# Shapes: B batch, T frames, L labels, D model size, V vocabulary (0 is blank)
import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.layers.dropout import Dropout
from espnet2.utils.errors import InputError

BLANK = 0


class CTC(torch.nn.Module):
    """A linear map to the vocabulary, and the loss over all alignments.

    Args:
        odim: Vocabulary size V.
        encoder_output_size: Model size D.
        dropout_rate: Dropout on the frames before the linear map, in the loss of training.
        ctc_type: ``builtin``, or ``builtin2``: the loss leaves utterances out that have no alignment.
        reduce: Sum the utterances' losses and divide by their number; else return each one divided by it.
        ignore_nan_grad: The older name of ``zero_infinity``; it wins when it is given.
        zero_infinity: Count utterances that have no alignment as zero.
        brctc_risk_strategy: Accepted for the configuration's sake.
        brctc_group_strategy: Accepted for the configuration's sake.
        brctc_risk_factor: Accepted for the configuration's sake.

    Raises:
        InputError: If ``ctc_type`` is another one.
    """

    def __init__(
        self,
        odim: int,
        encoder_output_size: int,
        dropout_rate: float = 0.0,
        ctc_type: str = "builtin",
        reduce: bool = True,
        ignore_nan_grad: bool | None = None,
        zero_infinity: bool = True,
        brctc_risk_strategy: str = "exp",
        brctc_group_strategy: str = "end",
        brctc_risk_factor: float = 0.0,
    ) -> None:
        super().__init__()
        if ctc_type not in ("builtin", "builtin2"):
            raise InputError(f"ctc_conf: ctc_type {ctc_type} is not supported; choose builtin or builtin2")
        self.ctc_type = ctc_type
        self.reduce = reduce
        self.zero_infinity = zero_infinity if ignore_nan_grad is None else ignore_nan_grad
        self.dropout = Dropout(dropout_rate)
        self.ctc_lo = torch.nn.Linear(encoder_output_size, odim)

    def forward(self, hs_pad: Tensor, hlens: Tensor, ys_pad: Tensor, ys_lens: Tensor) -> Tensor:
        """Compute the loss.

        Shapes:
            hs_pad (B, T, D), hlens (B,), ys_pad (B, L), ys_lens (B,) -> scalar, or (B,) without ``reduce``
        """
        log_probs = self.ctc_lo(self.dropout(hs_pad)).log_softmax(-1, dtype=torch.float32).transpose(0, 1)  # (T, B, V)
        targets = ys_pad.clamp(min=0)  # padding may hold any label
        zero_infinity = self.zero_infinity and self.ctc_type == "builtin"
        losses = F.ctc_loss(log_probs, targets, hlens, ys_lens, BLANK, reduction="none", zero_infinity=zero_infinity)
        num_losses = len(losses)
        if self.ctc_type == "builtin2" and not bool(losses.isfinite().all()):
            # An infinite loss has gradients that are no numbers, and these spread even if the loss itself is left out.
            good = losses.isfinite().nonzero().squeeze(1)
            losses = F.ctc_loss(log_probs[:, good], targets[good], hlens[good], ys_lens[good], BLANK, reduction="none")
            num_losses = max(1, len(good))
        return (losses.sum() if self.reduce else losses) / num_losses

    def forced_align(self, hs_pad: Tensor, hlens: Tensor, ys_pad: Tensor, ys_lens: Tensor) -> tuple[Tensor, Tensor]:
        """Find the best alignment of one utterance.

        Returns:
            The label of each frame, blanks included, and its log posterior.

        Raises:
            InputError: If there is more than one utterance.

        Shapes:
            hs_pad (1, T, D), hlens (1,), ys_pad (1, L), ys_lens (1,) -> (1, T), (1, T)
        """
        from torchaudio.functional import forced_align

        if len(hs_pad) != 1:
            raise InputError(f"forced alignment takes one utterance at a time, not {len(hs_pad)}")
        return forced_align(self.log_softmax(hs_pad), ys_pad, hlens, ys_lens, BLANK)

    def logits(self, hs_pad: Tensor) -> Tensor:
        """Scores before the softmax.

        Shapes:
            hs_pad (B, T, D) -> (B, T, V)
        """
        return self.ctc_lo(hs_pad)

    def softmax(self, hs_pad: Tensor) -> Tensor:
        """Posteriors.

        Shapes:
            hs_pad (B, T, D) -> (B, T, V)
        """
        return self.ctc_lo(hs_pad).softmax(-1)

    def log_softmax(self, hs_pad: Tensor) -> Tensor:
        """Log posteriors.

        Shapes:
            hs_pad (B, T, D) -> (B, T, V)
        """
        return self.ctc_lo(hs_pad).log_softmax(-1)

    def argmax(self, hs_pad: Tensor) -> Tensor:
        """Best label of each frame.

        Shapes:
            hs_pad (B, T, D) -> (B, T)
        """
        return self.ctc_lo(hs_pad).argmax(-1)
