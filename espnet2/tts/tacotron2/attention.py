"""The attentions of Tacotron 2: they look at where they have looked so far, and some cannot but go on.

Shen et al., "Natural TTS Synthesis by Conditioning WaveNet on Mel Spectrogram Predictions", 2018,
https://arxiv.org/abs/1712.05884, section 2.2 (cumulative weights); Zhang, Ling, Dai, "Forward Attention in
Sequence-to-sequence Acoustic Modelling for Speech Synthesis", 2018, https://arxiv.org/abs/1807.06736, algorithm 1.

The query is (B, 1, Q): an utterance has one hypothesis.
"""

# Shapes: B batch, N tokens, E encoder's size, Q decoder's size
import torch.nn.functional as F
from torch import Tensor

from espnet2.layers.mask import make_pad_mask
from espnet2.layers.rnn_attention.abs_attention import Memory, Source, uniform_weights
from espnet2.layers.rnn_attention.location import LocationAttention
from espnet2.utils.errors import InputError

LEAST_WEIGHT = 1e-6  # of a token in forward attention: none is lost for ever


class CumulativeLocationAttention(LocationAttention):
    """The sum of all weights so far, through a convolution; the uniform weights before the first step do not count."""

    def start(self, source: Source) -> Memory:
        """Uniform weights to look at, and nothing in the sum."""
        weights = uniform_weights(source)
        return weights, weights.new_zeros(weights.shape)

    def remember(self, source: Source, memory: Memory, weights: Tensor) -> Memory:
        """Shapes: weights (B, 1, N)."""
        total = memory[1] + weights
        return total, total


class ForwardAttention(LocationAttention):
    """Weights that stay with a token or go on to the next, as far as the content says so (equation 10)."""

    scaling = 1.0

    def start(self, source: Source) -> Memory:
        """All the weight on the first token."""
        weights = source.keys.new_zeros(len(source.keys), 1, source.keys.size(1))
        weights[..., 0] = 1.0
        return (weights,)

    def forward(self, source: Source, query: Tensor, memory: Memory) -> tuple[Tensor, Tensor, Memory]:
        """Weigh the tokens for one step; see ``AbsRNNAttention.forward``.

        Shapes:
            query (B, 1, Q) -> (B, 1, E), (B, 1, N)
        """
        _, likely, _ = super().forward(source, query, memory)
        reachable = memory[0] + F.pad(memory[0], (1, 0))[..., :-1]
        weights = (reachable * likely).clamp(min=LEAST_WEIGHT).masked_fill(source.pad_mask.unsqueeze(1), 0.0)
        weights = weights / weights.sum(-1, keepdim=True)
        return self.read(source, weights), weights, (weights,)


def build_attention(
    atype: str,
    encoder_size: int,
    decoder_size: int,
    adim: int,
    aconv_chans: int,
    aconv_filts: int,
    cumulate_att_w: bool,
) -> LocationAttention:
    """Make the attention that ``tts_conf`` describes.

    Args:
        atype: ``location`` or ``forward``.
        encoder_size: E.
        decoder_size: Q.
        adim: Size of the attention.
        aconv_chans: Channels of the convolution over weights.
        aconv_filts: Tokens that it sees on each side.
        cumulate_att_w: Look at the sum of all weights so far; forward attention does not.

    Raises:
        InputError: If the name is unknown, or names something that is not supported.
    """
    if atype == "forward_ta":
        raise InputError(
            "tts_conf: atype forward_ta, with its transition agent, is not supported; choose location or forward"
        )
    if atype not in ("location", "forward"):
        raise InputError(f"tts_conf: unknown atype {atype!r}; choose location or forward")
    location = CumulativeLocationAttention if cumulate_att_w else LocationAttention
    class_ = ForwardAttention if atype == "forward" else location
    return class_(encoder_size, decoder_size, adim, aconv_chans, aconv_filts)


def within_window(source: Source, centres: Tensor, backward_window: int, forward_window: int) -> Source:
    """The source with nothing to look at but the tokens around one.

    Args:
        source: Tokens of each utterance.
        centres: The token of each.
        backward_window: How many tokens before it are left.
        forward_window: How many tokens after it are left.

    Shapes:
        centres (B,)
    """
    num_tokens = source.pad_mask.size(1)
    is_late = make_pad_mask(centres + forward_window + 1, num_tokens)
    is_early = ~make_pad_mask(centres - backward_window, num_tokens)
    return source._replace(pad_mask=source.pad_mask | is_late | is_early)
