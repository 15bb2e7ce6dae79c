"""Label sequences of the decoders."""
# Shapes: B batch, L labels, V vocabulary
import torch
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


def mask_labels(
    ys_pad: Tensor, ys_lens: Tensor, mask: int, eos: int, ignore_id: int, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Hide some labels of each sequence: how many is drawn evenly from one to all, and which ones too.

    Ghazvininejad et al., "Mask-Predict", 2019, https://arxiv.org/abs/1904.09324, section 3

    Args:
        ys_pad: Labels, ``ignore_id`` on padding.
        ys_lens: Their numbers.
        mask: Put in the place of hidden labels.
        eos: Padding of the labels that are read.
        ignore_id: Padding, and what is put in the place of labels that are not to be predicted.
        generator: Source of the random numbers.

    Returns:
        What the decoder reads, and what it is to predict.

    Shapes:
        ys_pad (B, L), ys_lens (B,) -> (B, L), (B, L)
    """
    device, is_padding = ys_pad.device, ys_pad == ignore_id
    share = torch.rand(len(ys_pad), 1, device=device, generator=generator)
    num_hidden = (share * ys_lens.unsqueeze(1)).long() + 1
    draw = torch.rand(ys_pad.shape, device=device, generator=generator).masked_fill(is_padding, 2.0)
    is_hidden = (draw.argsort(1).argsort(1) < num_hidden) & ~is_padding
    return ys_pad.masked_fill(is_hidden, mask).masked_fill(is_padding, eos), ys_pad.masked_fill(~is_hidden, ignore_id)
