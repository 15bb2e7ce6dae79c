"""A transducer's loss, its error rates while it is trained, and what a search needs of it.

Graves, "Sequence Transduction with Recurrent Neural Networks", 2012, https://arxiv.org/abs/1211.3711
"""
# Shapes: B batch, S frames, L labels, D encoder size, J joint size, V vocabulary
import torch.nn.functional as F
from torch import Tensor

from espnet2.asr.decoder.transducer_decoder import TransducerDecoder
from espnet2.asr.error_calculator import ErrorCalculator
from espnet2.asr.joint_network import JointNetwork
from espnet2.layers.mask import make_pad_mask
from espnet2.layers.rnnt_joint_loss import rnnt_joint_losses
from espnet2.layers.rnnt_loss import rnnt_loss
from espnet2.search.transducer.evaluation import Network
from espnet2.search.transducer.options import TransducerOptions
from espnet2.search.transducer.search import TransducerSearch

TRAINING_BEAM = 2


def transducer_losses(
    decoder: TransducerDecoder,
    joint_network: JointNetwork,
    encoder_out: Tensor,
    encoder_out_lens: Tensor,
    text: Tensor,
    text_lengths: Tensor,
    blank: int,
) -> Tensor:
    """Negative log-likelihood of each transcript; padding of ``text`` may hold anything.

    Shapes:
        encoder_out (B, S, D), encoder_out_lens (B,), text (B, L), text_lengths (B,) -> (B,)
    """
    labels = text.masked_fill(make_pad_mask(text_lengths, text.size(1)), blank)
    frames = joint_network.lin_enc(encoder_out)  # (B, S, J)
    prefixes = joint_network.lin_dec(decoder(F.pad(labels, (1, 0), value=blank)))  # (B, L + 1, J)
    lengths = (encoder_out_lens, text_lengths)
    if encoder_out.is_cuda:  # there one large product is faster than many small ones
        logits = joint_network.join(frames.unsqueeze(2), prefixes.unsqueeze(1))  # (B, S, L + 1, V)
        return rnnt_loss(logits, labels, *lengths, blank, reduction="none")
    last_layer = joint_network.lin_out.parameters()
    return rnnt_joint_losses(frames, prefixes, joint_network.join, last_layer, labels, *lengths, blank)


def network_of(decoder: TransducerDecoder, joint_network: JointNetwork, blank: int) -> Network:
    """The transducer as the functions that a search calls."""

    def step(labels: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
        outputs, states = decoder.step(labels, states)
        return joint_network.lin_dec(outputs), states

    return Network(joint_network.lin_enc, decoder.start, step, joint_network.join, blank)


def transducer_error_rates(
    calculator: ErrorCalculator,
    network: Network,
    encoder_out: Tensor,
    encoder_out_lens: Tensor,
    text: Tensor,
    text_lengths: Tensor,
) -> tuple[float | None, float | None]:
    """Character and word error rate of a search; other than an attention decoder's it does not know the right labels.

    Args:
        calculator: Which rates are asked for.
        network: The transducer.
        encoder_out: What it reads.
        encoder_out_lens: Its frames.
        text: Reference.
        text_lengths: Its labels.

    Shapes:
        encoder_out (B, S, D), encoder_out_lens (B,), text (B, L), text_lengths (B,)
    """
    search = TransducerSearch(network, TRAINING_BEAM, TransducerOptions(score_norm=False))
    found = [nbest[0].tokens for nbest in search(encoder_out, encoder_out_lens)]
    references = [labels[:length] for labels, length in zip(text.tolist(), text_lengths.tolist())]
    return calculator.compare(found, references)
