"""Posteriors window by window against those of the whole."""
import pytest
import torch

from espnet2.inference.windows import ctc_log_probs


class LocalModel:
    """A frame is 10 samples, and its posteriors depend on it and its neighbours; ``sizes`` tells what was read."""

    def __init__(self):
        self.ctc = self
        self.sizes = []

    def encode(self, speech, lengths):
        self.sizes.append(speech.size(1))
        frames = speech[0, : speech.size(1) // 10 * 10].view(1, -1, 10)
        return torch.nn.functional.avg_pool1d(frames.transpose(1, 2), 3, 1, 1).transpose(1, 2), lengths // 10

    def log_softmax(self, hs_pad):
        return hs_pad.log_softmax(-1)


def test_equals_the_whole():
    samples = torch.randn(10_000, generator=torch.Generator().manual_seed(0))
    whole, times = ctc_log_probs(LocalModel(), samples, sample_rate=100, window_seconds=200.0)
    assert whole.shape == (1000, 10)
    model = LocalModel()
    parts, part_times = ctc_log_probs(model, samples, 100, window_seconds=20.0, context_seconds=1.0)
    assert max(model.sizes) <= 2200
    assert len(model.sizes) == 5
    torch.testing.assert_close(parts, whole)
    torch.testing.assert_close(part_times, times)
    assert float(times[-1]) == pytest.approx(100.0)
    assert times[:3].tolist() == pytest.approx([0.0, 0.1, 0.2])
