"""Greedy search: the likeliest of blank and all labels, at most one label in a frame, all utterances at once.

Between two labels the prediction network stands still, so a window of frames is judged at once.
"""
# Shapes: U utterances, T frames, W frames of a window, J joint size, V vocabulary
import torch
from torch import Tensor

from espnet2.search.transducer.evaluation import Network

WINDOW = 8


def greedy(network: Network, encoded: Tensor, lengths: Tensor) -> list[tuple[list[int], float]]:
    """Search all utterances.

    Args:
        network: The transducer.
        encoded: Encoder output.
        lengths: Its frames.

    Returns:
        Labels with a blank before them, and the log-probability of the alignment, for each utterance.

    Shapes:
        encoded (U, T, D), lengths (U,)
    """
    num_utterances, num_frames = encoded.shape[:2]
    device = encoded.device
    frames = network.project(encoded)  # (U, T, J)
    lengths = lengths.to(device).unsqueeze(1)  # (U, 1)
    utterances = torch.arange(num_utterances, device=device).unsqueeze(1)
    offsets = torch.arange(WINDOW, device=device)
    position = torch.zeros_like(lengths)
    scores = torch.zeros(num_utterances, dtype=torch.float64, device=device)
    labels = torch.full((num_utterances,), network.blank, device=device)
    outputs, states = network.step(labels, network.start(num_utterances))
    emitted = []
    while (position < lengths).any():
        window = position + offsets  # (U, W)
        is_over = window >= lengths
        seen = frames[utterances, window.clamp(max=num_frames - 1)]  # (U, W, J)
        log_probs, best = network.join(seen, outputs.unsqueeze(1)).float().log_softmax(2).max(2)  # (U, W)
        is_label = (best != network.blank) & ~is_over
        first = torch.where(is_label.any(1), is_label.int().argmax(1), WINDOW).unsqueeze(1)  # (U, 1)
        scores += log_probs.masked_fill(is_over | (offsets > first), 0.0).sum(1)
        labels = torch.where(first < WINDOW, best.gather(1, first.clamp(max=WINDOW - 1)), network.blank).squeeze(1)
        emitted.append(labels)
        position = position + first.clamp(max=WINDOW - 1) + 1
        has_label = (labels != network.blank).nonzero().squeeze(1)
        if len(has_label):
            new_outputs, new_states = network.step(labels[has_label], states[has_label])
            outputs, states = outputs.index_copy(0, has_label, new_outputs), states.index_copy(0, has_label, new_states)
    rows = torch.stack(emitted, 1).tolist()
    found = [[network.blank, *(label for label in row if label != network.blank)] for row in rows]
    return list(zip(found, scores.tolist()))
