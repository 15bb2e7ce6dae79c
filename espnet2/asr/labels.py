"""Label sequences of the attention decoder."""
# Shapes: B batch, L labels, V vocabulary
import torch.nn.functional as F
from torch import Tensor


def add_sos_eos(ys_pad: Tensor, ys_lens: Tensor, sos: int, eos: int, ignore_id: int) -> tuple[Tensor, Tensor]:
    """What the decoder reads, and what it is to predict.

    Args:
        ys_pad: Labels, ``ignore_id`` on padding.
        ys_lens: Their numbers.
        sos: Put before the labels that are read; these are padded with ``eos``.
        eos: Put after the labels to predict; these are padded with ``ignore_id``.
        ignore_id: Padding.

    Shapes:
        ys_pad (B, L), ys_lens (B,) -> (B, L + 1), (B, L + 1)
    """
    ys_in = F.pad(ys_pad.masked_fill(ys_pad == ignore_id, eos), (1, 0), value=sos)
    ys_out = F.pad(ys_pad, (0, 1), value=ignore_id).scatter(1, ys_lens.unsqueeze(1), eos)
    return ys_in, ys_out


def token_accuracy(logits: Tensor, targets: Tensor, ignore_id: int) -> Tensor:
    """Share of labels that are the most probable ones.

    Shapes:
        logits (B, L, V), targets (B, L) -> scalar
    """
    keep = targets != ignore_id
    return ((logits.argmax(-1) == targets) & keep).sum() / keep.sum()
