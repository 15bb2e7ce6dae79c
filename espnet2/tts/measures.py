"""How far a synthesis is from a recording of the same words.

Both are brought to one another by dynamic time warping over mel cepstra. The mel-cepstral distortion is that of Kubichek,
"Mel-cepstral distance measure for objective speech quality assessment", 1993, over cepstra of a mel filterbank (a cosine
transform of 80 log-mel bands, coefficients 1 to 13), not of WORLD: values compare within this toolkit only.
"""
# Shapes: N samples, T frames, D coefficients, P steps of a path
import math
from typing import NamedTuple

import numpy as np
import torch

from espnet2.tts.feats_extract.spectrum import LogMelFbank
from espnet2.tts.feats_extract.yin import yin

HOP_SECONDS, WINDOW_SECONDS = 0.01, 0.04
NUM_CEPSTRA = 13
F0_RANGE = (60.0, 500.0)  # Hz


class Distance(NamedTuple):
    """Of one utterance."""

    mcd: float  # dB
    f0_rmse: float  # Hz, over frames that are voiced in both; nan if there are none
    f0_corr: float  # correlation of log F0 over them; nan if it is not defined
    voicing_error: float  # part of the frames that are voiced in one only
    duration_error: float  # synthesis longer than the recording, as a part of the recording


def distance(reference: np.ndarray, synthesis: np.ndarray, fs: int) -> Distance:
    """Compare two waveforms of one sample rate; silence at the ends is cut off.

    Shapes:
        reference (N,), synthesis (N',)
    """
    reference, synthesis = trim_silence(reference, fs), trim_silence(synthesis, fs)
    path = warp(*(mel_cepstra(wave, fs) for wave in (reference, synthesis)))
    cepstra = [mel_cepstra(wave, fs)[side] for wave, side in zip((reference, synthesis), path)]
    mcd = 10.0 / math.log(10.0) * np.sqrt(2.0 * np.square(cepstra[0] - cepstra[1]).sum(1)).mean()
    hop = round(HOP_SECONDS * fs)
    f0 = [yin(wave, fs, hop, *F0_RANGE)[side] for wave, side in zip((reference, synthesis), path)]
    voiced = (f0[0] > 0) & (f0[1] > 0)
    rmse = corr = math.nan
    if voiced.any():
        rmse = float(np.sqrt(np.square(f0[0][voiced] - f0[1][voiced]).mean()))
    if voiced.sum() > 1:
        logs = [np.log(own[voiced]) for own in f0]
        if min(own.std() for own in logs) > 1e-9:
            corr = float(np.corrcoef(*logs)[0, 1])
    differs = float(((f0[0] > 0) != (f0[1] > 0)).mean())
    return Distance(float(mcd), rmse, corr, differs, (len(synthesis) - len(reference)) / len(reference))


def mel_cepstra(wave: np.ndarray, fs: int) -> np.ndarray:
    """Cosine transform of log-mel bands, without its first coefficient: (N,) -> (T, D)."""
    hop, window = round(HOP_SECONDS * fs), round(WINDOW_SECONDS * fs)
    n_fft = 1 << (window - 1).bit_length()
    bands = LogMelFbank(fs, n_fft, window, hop, n_mels=80, fmin=0, fmax=None, log_base=None)
    samples = torch.as_tensor(wave, dtype=torch.float32)
    samples = torch.nn.functional.pad(samples, (0, max(0, n_fft - len(samples))))
    logmel, _ = bands(samples[None], torch.tensor([len(samples)]))
    # orthonormal but for the factor that makes it the series of the log spectrum: sum over bands / number of bands * 2
    number = np.arange(1, NUM_CEPSTRA + 1)[:, None]
    cosines = np.cos(np.pi * number * (np.arange(80) + 0.5) / 80) / 80  # (D, bands)
    return logmel[0].numpy().astype(np.float64) @ cosines.T


def trim_silence(wave: np.ndarray, fs: int, least_db: float = -50.0) -> np.ndarray:
    """Without the parts at both ends that are more than 50 dB below the loudest 20 ms; all of it if nothing is louder."""
    size = max(1, round(0.02 * fs))
    count = len(wave) // size
    if count == 0:
        return wave
    power = np.square(wave[: count * size].reshape(count, size)).mean(1)
    loud = np.flatnonzero(power > power.max() * 10.0 ** (least_db / 10.0))
    return wave[loud[0] * size : (loud[-1] + 1) * size] if len(loud) else wave


def warp(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The path of least summed distance between two sequences, by steps of one in either or both.

    Shapes:
        first (T, D), second (T', D) -> (P,), (P,) frame numbers
    """
    costs = np.sqrt(np.maximum(_squared_distances(first, second), 0.0))
    num_rows, num_columns = costs.shape
    total = np.full((num_rows + 1, num_columns + 1), np.inf)
    total[0, 0] = 0.0
    for diagonal in range(num_rows + num_columns - 1):  # cells of an anti-diagonal do not depend on one another
        rows = np.arange(max(0, diagonal - num_columns + 1), min(num_rows, diagonal + 1))
        columns = diagonal - rows
        before = np.minimum(np.minimum(total[rows, columns + 1], total[rows + 1, columns]), total[rows, columns])
        total[rows + 1, columns + 1] = before + costs[rows, columns]
    row, column = num_rows, num_columns
    path = [(row - 1, column - 1)]
    while (row, column) != (1, 1):
        steps = ((row - 1, column - 1), (row - 1, column), (row, column - 1))
        row, column = min(steps, key=lambda cell: total[cell])
        path.append((row - 1, column - 1))
    rows, columns = np.array(path[::-1]).T
    return rows, columns


def _squared_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.square(first).sum(1)[:, None] + np.square(second).sum(1) - 2.0 * first @ second.T
