"""Kaldi's log mel filterbank, by torchaudio, and the option files that Kaldi's feature programs read."""

# N samples, T frames, F mel bands

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from espnet2.utils.errors import InputError
from espnet2.utils.suggest import did_you_mean
from espnet2.utils.types import str2bool

KALDI_DEFAULTS = {"dither": 1.0, "energy_floor": 0.0}  # where torchaudio's differ
WITHOUT_A_FILE = {"num_mel_bins": 80}  # what recipes write into their conf/fbank.conf
FULL_SCALE = 32768.0  # Kaldi reads 16-bit samples as whole numbers


def fbank_defaults() -> dict[str, Any]:
    """Name -> value of all that ``fbank.conf`` may set."""
    import torchaudio.compliance.kaldi as kaldi

    parameters = inspect.signature(kaldi.fbank).parameters.items()
    own = ("waveform", "channel", "vtln_warp", "min_duration", "subtract_mean")
    return {name: p.default for name, p in parameters if name not in own} | KALDI_DEFAULTS


def read_kaldi_config(path: str | Path, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a Kaldi option file sets, of the types of the defaults.

    Args:
        path: Lines of ``--name=value``, with ``#`` before comments.
        defaults: Known names (``_`` for ``-``) and their defaults.
    Raises:
        InputError: If the file is missing, or a line is no option or not a known one.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    values = {}
    for number, line in enumerate(lines, 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, _, value = line.removeprefix("--").partition("=")
        key = name.strip().replace("-", "_")
        if not line.startswith("--") or key not in defaults:
            raise InputError(f"{path}:{number}: '{line}' is not supported.{did_you_mean(key, list(defaults))}")
        kind = type(defaults[key])
        try:
            values[key] = str2bool(value or "true") if kind is bool else kind(value.strip())
        except ValueError:
            raise InputError(f"{path}:{number}: '{value}' is no {kind.__name__}") from None
    return values


def kaldi_fbank(samples: np.ndarray, options: Mapping[str, Any], seed: int) -> np.ndarray:
    """Log mel band energies.

    Args:
        samples: Audio (N,), full scale is ``FULL_SCALE``.
        options: Some of ``fbank_defaults``; ``sample_frequency`` belongs to the audio.
        seed: Of the dither.
    Returns:
        float32 (T, F)
    Raises:
        InputError: If the audio is shorter than a frame.
    """
    import torch
    import torchaudio.compliance.kaldi as kaldi

    options = {**fbank_defaults(), **options}
    if len(samples) < int(options["sample_frequency"] * options["frame_length"] / 1000):
        raise InputError(f"too short for features: {len(samples)} samples do not fill a frame")
    waveform = torch.from_numpy(samples.astype(np.float32))[None]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return kaldi.fbank(waveform, **options).numpy()
