"""CTC posteriors of recordings of any length, in memory that grows with the length alone.

An encoder that looks at everything needs memory with the square of the length. Here it reads windows, each with some
context on both sides that is thrown away afterwards.
"""
# Shapes: N samples, T frames, V vocabulary, D model size
from typing import Any

import torch
from torch import Tensor

WINDOW_SECONDS = 30.0
CONTEXT_SECONDS = 3.0


@torch.no_grad()
def ctc_log_probs(
    asr_model: Any,
    samples: Tensor,
    sample_rate: int,
    window_seconds: float = WINDOW_SECONDS,
    context_seconds: float = CONTEXT_SECONDS,
) -> tuple[Tensor, Tensor]:
    """Log-probabilities of each frame, and when it begins in seconds; last, the end of the recording.

    Args:
        asr_model: The recogniser.
        samples: The recording.
        sample_rate: Its sampling rate, that of the model.
        window_seconds: How much is read at once, about.
        context_seconds: How much more on both sides.
    Raises:
        TooShortUttError: If the recording is too short for the model.

    Shapes:
        samples (N,) -> (T, V), (T + 1,)
    """
    num_samples = len(samples)
    num_windows = max(1, round(num_samples / (window_seconds * sample_rate)))
    context = int(context_seconds * sample_rate)
    edges = [num_samples * number // num_windows for number in range(num_windows + 1)]
    log_probs, times = [], []
    for start, end in zip(edges, edges[1:]):
        first, last = max(0, start - context), min(num_samples, end + context)
        window = samples[first:last].unsqueeze(0)
        encoded, _ = asr_model.encode(window, torch.tensor([last - first], device=samples.device))
        frames = asr_model.ctc.log_softmax(encoded[0] if isinstance(encoded, tuple) else encoded)[0].float()
        begins = first + torch.arange(len(frames), dtype=torch.float64) * (last - first) / len(frames)
        is_own = (begins >= start) & (begins < end)
        log_probs.append(frames[is_own.to(frames.device)])
        times.append(begins[is_own])
    return torch.cat(log_probs), torch.cat([*times, torch.tensor([float(num_samples)])]) / sample_rate
