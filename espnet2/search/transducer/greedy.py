"""Greedy search: the likeliest of blank and all labels, at most one label in a frame, all utterances at once.

Between two labels the prediction network stands still, so a window of frames is judged at once.
"""
# Shapes: U utterances, T frames, W frames of a window, J joint size, V vocabulary
from collections.abc import Sequence

import torch
from torch import Tensor

from espnet2.search.transducer.evaluation import Network, predict
from espnet2.search.transducer.prefix import Prefix, Scored

WINDOW = 8


def greedy(
    network: Network, encoded: Tensor, lengths: Tensor, begun: Sequence[Scored], first_frames: Sequence[int]
) -> list[Scored]:
    """Search all utterances.

    Args:
        network: The transducer.
        encoded: Encoder output.
        lengths: Its frames, at least one of each utterance.
        begun: The hypothesis of each utterance so far.
        first_frames: How many frames came before.

    Returns:
        The hypothesis of each utterance, with the log-probability of the alignment.

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
    scores = torch.tensor([hypothesis.score for hypothesis in begun], dtype=torch.float64, device=device)
    outputs, states = _after(network, [hypothesis.prefix for hypothesis in begun])
    emitted = []
    while (position < lengths).any():
        window = position + offsets  # (U, W)
        is_over = window >= lengths
        seen = frames[utterances, window.clamp(max=num_frames - 1)]  # (U, W, J)
        log_probs, best = network.join(seen, outputs.unsqueeze(1)).float().log_softmax(2).max(2)  # (U, W)
        is_label = (best != network.blank) & ~is_over
        first = torch.where(is_label.any(1), is_label.int().argmax(1), WINDOW).unsqueeze(1)  # (U, 1)
        scores += log_probs.masked_fill(is_over | (offsets > first), 0.0).sum(1)
        last = first.clamp(max=WINDOW - 1)
        labels = torch.where(first < WINDOW, best.gather(1, last), network.blank).squeeze(1)
        emitted.append(torch.stack([labels, (position + last).squeeze(1)], 1))
        position = position + last + 1
        has_label = (labels != network.blank).nonzero().squeeze(1)
        if len(has_label):
            new_outputs, new_states = network.step(labels[has_label], states[has_label])
            outputs, states = outputs.index_copy(0, has_label, new_outputs), states.index_copy(0, has_label, new_states)
    found = torch.stack(emitted, 1).tolist()  # for each utterance pairs of a label and its frame
    return [
        _longer(before, [(label, first + frame) for label, frame in pairs if label != network.blank], *after)
        for before, pairs, first, *after in zip(begun, found, first_frames, scores.tolist(), outputs, states)
    ]


def _after(network: Network, prefixes: list[Prefix]) -> tuple[Tensor, Tensor]:
    """The prediction network's outputs and states: (U, J), (U, S)."""
    predict(network, prefixes)
    outputs = torch.stack([prefix.output for prefix in prefixes])  # type: ignore[misc]
    return outputs, torch.stack([prefix.state for prefix in prefixes])  # type: ignore[misc]


def _longer(before: Scored, found: list[tuple[int, int]], score: float, output: Tensor, state: Tensor) -> Scored:
    """A hypothesis with what was found after it: labels and their frames."""
    labels = (*before.prefix.labels, *(label for label, _ in found))
    prefix = Prefix(labels, None, history=before.prefix.history)
    prefix.output, prefix.state = output.clone(), state.clone()
    emissions = before.emissions
    for _, frame in found:
        emissions = (frame, emissions)
    return Scored(score, prefix, emissions)
