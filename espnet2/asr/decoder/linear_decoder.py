"""One label for a whole utterance."""

# Shapes: B batch, S frames, D model size, V vocabulary, K = V - 3 classes
import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.asr.abs_decoder import AbsDecoder
from espnet2.layers.dropout import Dropout
from espnet2.layers.mask import make_pad_mask
from espnet2.utils.errors import InputError

FIRST_CLASS = 2  # ids 0 and 1 are <blank> and <unk>; the last one is <sos/eos>
POOLINGS = ("mean", "max", "CLS")


class LinearDecoder(AbsDecoder):
    """Pools the encoded frames and classifies the utterance; it is no scorer for a search.

    Args:
        vocab_size: V; blank, unknown and start/end are no classes.
        encoder_output_size: D.
        pooling: ``mean`` or ``max`` over the frames, or ``CLS`` for the first frame.
        dropout: Dropout before the linear layer.

    Raises:
        InputError: If the pooling is unknown, or the vocabulary holds no class.
    """

    def __init__(self, vocab_size: int, encoder_output_size: int, pooling: str = "mean", dropout: float = 0.0) -> None:
        super().__init__()
        if pooling not in POOLINGS:
            raise InputError(f"decoder_conf: pooling must be one of {', '.join(POOLINGS)}, not {pooling}")
        self.num_classes = vocab_size - 3
        if self.num_classes < 1:
            raise InputError(f"decoder: linear_decoder finds no class in a vocabulary of {vocab_size} tokens")
        self.pooling = pooling
        self.dropout = Dropout(dropout)
        self.linear_out = torch.nn.Linear(encoder_output_size, self.num_classes)

    def forward(  # type: ignore[override]
        self, hs_pad: Tensor, hlens: Tensor, ys_in_pad: Tensor | None = None, ys_in_lens: Tensor | None = None
    ) -> Tensor:
        """Score the classes; labels are not read.

        Shapes:
            hs_pad (B, S, D), hlens (B,) -> (B, K)
        """
        if self.pooling == "CLS":
            pooled = hs_pad[:, 0]
        else:
            pad_mask = make_pad_mask(hlens, hs_pad.size(1)).to(hs_pad.device).unsqueeze(-1)
            if self.pooling == "max":
                pooled = hs_pad.masked_fill(pad_mask, torch.finfo(hs_pad.dtype).min).amax(1)
            else:
                pooled = hs_pad.masked_fill(pad_mask, 0.0).sum(1) / hlens.to(hs_pad).unsqueeze(1)
        return self.linear_out(self.dropout(pooled))

    def loss(self, hs_pad: Tensor, hlens: Tensor, text: Tensor, text_lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Mean cross entropy of the right classes, and the likeliest labels.

        Raises:
            InputError: If an utterance has not exactly one label, or the label is no class.

        Shapes:
            hs_pad (B, S, D), hlens (B,), text (B, 1), text_lengths (B,) -> scalar, (B, 1)
        """
        if not bool((text_lengths == 1).all()):
            raise InputError(
                f"linear_decoder needs one token per text; this batch has texts of {text_lengths.tolist()}"
            )
        classes = text[:, 0] - FIRST_CLASS
        if bool(((classes < 0) | (classes >= self.num_classes)).any()):
            raise InputError(
                f"linear_decoder knows the tokens {FIRST_CLASS} to {FIRST_CLASS + self.num_classes - 1}; this batch has "
                f"{text[:, 0].tolist()}"
            )
        logits = self(hs_pad, hlens)
        return F.cross_entropy(logits, classes), logits.argmax(-1, keepdim=True) + FIRST_CLASS
