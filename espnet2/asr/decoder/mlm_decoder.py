"""Decoder of Mask-CTC: fills in tokens that are masked, from those on both sides of them.

Higuchi et al., "Mask CTC: Non-Autoregressive End-to-End ASR with CTC and Mask Predict", 2020,
https://arxiv.org/abs/2005.08700, section 3; Ghazvininejad et al., "Mask-Predict", 2019, https://arxiv.org/abs/1904.09324
"""
# Shapes: B batch, L labels, V vocabulary
from torch import Tensor

from espnet2.asr.decoder.layered_decoder import LayeredDecoder
from espnet2.layers.mask import make_attention_mask


class MLMDecoder(LayeredDecoder):
    """Labels, some of them the mask, to logits of what stands there; see ``LayeredDecoder`` for the options.

    There is one token beyond the vocabulary, the mask with the id V, and every label sees all others. It is no scorer
    of the beam search.
    """

    extra_tokens = 1

    def _label_mask(self, lengths: Tensor, num_labels: int) -> Tensor:
        """Where each label may look: lengths (B,) -> (B, 1, L)."""
        return make_attention_mask(lengths, num_labels)
