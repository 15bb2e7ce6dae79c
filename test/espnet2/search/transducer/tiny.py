"""A tiny random transducer, and the scores of all its transcripts by enumeration."""

from itertools import product

import torch

from espnet2.asr.decoder.transducer_decoder import TransducerDecoder
from espnet2.asr.joint_network import JointNetwork
from espnet2.asr.transducer import network_of

D = 4


def transducer(vocab_size, rnn_type="lstm", seed=0):
    torch.manual_seed(seed)
    decoder = TransducerDecoder(vocab_size, 0, rnn_type, 2, 6).eval()
    joint = JointNetwork(vocab_size, D, 6, 8)
    with torch.no_grad():
        for parameter in (*decoder.parameters(), *joint.parameters()):
            parameter.mul_(3.0)  # opinions strong enough to differ
    return decoder, joint


def network(vocab_size, rnn_type="lstm", seed=0):
    return network_of(*transducer(vocab_size, rnn_type, seed), 0)


def speech(num_frames, num_utterances=1, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return 2.0 * torch.randn(num_utterances, num_frames, D, generator=generator)


@torch.no_grad()
def transcripts(vocab_size, encoded, most_labels, combine, labels_of_a_frame=None, **options):
    """Score of every label sequence: ``combine`` of its alignments, with a limit to the labels of one frame.

    Shapes:
        encoded (T, D)
    """
    decoder, joint = transducer(vocab_size, **options)
    scores = {}
    for length in range(most_labels + 1):
        for labels in product(range(1, vocab_size), repeat=length):
            outputs = decoder(torch.tensor([[0, *labels]]))
            log_probs = joint(encoded[None, :, None], outputs[:, None])[0].log_softmax(-1).double()  # (T, U + 1, V)
            ways = list(alignments(log_probs, labels, 0, 0, labels_of_a_frame))
            if ways:
                scores[(0, *labels)] = float(combine(torch.stack(ways)))
    return scores


def alignments(log_probs, labels, frame, done, most):
    """The log-probability of each alignment from here on."""
    if frame == len(log_probs):
        if done == len(labels):
            yield log_probs.new_zeros(())
        return
    total, here = log_probs.new_zeros(()), 0
    while True:
        for rest in alignments(log_probs, labels, frame + 1, done + here, most):
            yield total + log_probs[frame, done + here, 0] + rest
        if done + here == len(labels) or here == most:
            return
        total = total + log_probs[frame, done + here, labels[done + here]]
        here += 1


def ranked(scores, number):
    return sorted(scores.items(), key=lambda item: item[1], reverse=True)[:number]
