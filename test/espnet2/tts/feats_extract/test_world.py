"""DIO and Harvest against direct calls of WORLD, step by step as the interface says."""

import numpy as np
import pytest
import torch

from espnet2.tts.feats_extract.pitch import Dio, Harvest

pyworld = pytest.importorskip("pyworld", reason="pyworld is not installed")
FS, HOP = 22050, 256
LENGTHS = (22050, 15000)


def voice() -> torch.Tensor:
    """A gliding tone of many harmonics, with silence before, within and after it."""
    time = np.arange(LENGTHS[0]) / FS
    phase = 2 * np.pi * np.cumsum(180 + 60 * np.sin(2 * np.pi * 0.7 * time)) / FS
    wave = sum(np.sin(order * phase) / order for order in range(1, 20)) * 0.1
    wave[(time < 0.15) | ((time > 0.45) & (time < 0.55)) | (time > 0.9)] = 0.0
    return torch.from_numpy(wave + 1e-3 * np.random.default_rng(0).standard_normal(len(wave)))


def directly(wave: np.ndarray, num_frames: int, durations: list[int], estimate) -> np.ndarray:
    """Logarithms of continuous F0, averaged over the positive frames of each token."""
    f0, times = estimate(wave, FS, f0_floor=80, f0_ceil=400, frame_period=1000 * HOP / FS)
    f0 = pyworld.stonemask(wave, f0, times, FS)
    voiced = np.nonzero(f0)[0]
    assert 0 < len(voiced) < len(f0)
    f0[: voiced[0]], f0[voiced[-1] :] = f0[voiced[0]], f0[voiced[-1]]
    f0 = np.log(np.interp(np.arange(len(f0)), np.nonzero(f0)[0], f0[f0 > 0]))
    f0 = np.concatenate([f0, np.zeros(max(0, num_frames - len(f0)))])[:num_frames]
    means, start = [], 0
    for number in durations:
        own = [value for value in f0[start : start + number] if value > 0]
        means.append(sum(own) / len(own) if own else 0.0)
        start += number
    return np.array(means)


@pytest.mark.parametrize("extract, name", [(Dio, "dio"), (Harvest, "harvest")])
def test_token_means_are_those_of_world(extract, name):
    wave = voice()
    speech = torch.zeros(2, LENGTHS[0])
    for row, length in enumerate(LENGTHS):
        speech[row, :length] = wave[:length].float()
    num_frames = [length // HOP + 1 for length in LENGTHS]
    durations = torch.tensor([[20, 0, 40, 27], [9, 50, 0, 0]])
    found, lengths = extract(fs=FS, hop_length=HOP)(
        speech,
        torch.tensor(LENGTHS),
        feats_lengths=torch.tensor(num_frames),
        durations=durations,
        durations_lengths=torch.tensor([4, 2]),
    )
    assert lengths.tolist() == [4, 2]
    for row, length in enumerate(LENGTHS):
        own = speech[row, :length].numpy().astype(np.float64)
        number = durations[row, : lengths[row]].tolist()
        expected = directly(own, num_frames[row], number, getattr(pyworld, name))
        np.testing.assert_allclose(found[row, : lengths[row], 0], expected, atol=1e-5)
