"""Generators in the files of the package ParallelWaveGAN, which many published vocoders come in.

A folder holds ``checkpoint-*steps.pkl``, made by ``torch.save`` with the weights under ``["model"]["generator"]``;
``config.yml``; and, where features were normalised, ``stats.h5`` (``mean``, ``scale``) or ``stats.npy`` (2, D).
https://github.com/kan-bayashi/ParallelWaveGAN
"""

# Shapes: D features
import os
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from espnet2.config.registry import ClassChoices
from espnet2.config.yaml import dump_yaml, load_yaml
from espnet2.gan_tts.hifigan.vocoder import FeatureVocoder
from espnet2.layers.weight_norm import in_known_form
from espnet2.train.unkeyed_readers import Hdf5Reader
from espnet2.utils.errors import InputError

ABSENT = "this toolkit does not have it"
generator_choices = ClassChoices(
    "generator_type",
    {"HiFiGANGenerator": "espnet2.gan_tts.hifigan.generator:HiFiGANGenerator"},
    refused=dict.fromkeys(
        ("ParallelWaveGANGenerator", "MelGANGenerator", "StyleMelGANGenerator", "VQVAE", "UHiFiGANGenerator"), ABSENT
    ),
)
# Options of the package's generators that must have these values, since ours do not know them.
FIXED_OPTIONS = {"use_causal_conv": False, "use_spectral_norm": False}
DEFAULT_GENERATOR = "ParallelWaveGANGenerator"  # of configurations from before there were others


def load_generator(file: str | os.PathLike, config: str | os.PathLike | None = None) -> tuple[FeatureVocoder, int, int]:
    """A vocoder from the package's files.

    Args:
        file: ``checkpoint-*steps.pkl``.
        config: By default the ``config.yml`` beside it.
    Returns:
        The vocoder, without weight normalisation, its sample rate, and samples per frame.
    Raises:
        InputError: If a file is missing, damaged, or of a generator that is not known here.
    """
    path = Path(file)
    config_path = path.parent / "config.yml" if config is None else Path(config)
    options = load_yaml(config_path)
    name = options.get("generator_type", DEFAULT_GENERATOR)
    try:
        params = {**options["generator_params"]}
        rate, hop = int(options["sampling_rate"]), int(options["hop_size"])
    except KeyError as error:
        raise InputError(f"{config_path} has no {error}: is it of the package ParallelWaveGAN?") from error
    for option, value in FIXED_OPTIONS.items():
        if params.pop(option, value) != value:
            raise InputError(f"{config_path}: generator_params: {option} is not supported by this toolkit.")
    try:
        generator = generator_choices.build(name, params)
    except InputError as error:
        raise InputError(f"{config_path}: {error}") from error
    state = _read_state(path)
    mean, scale = state.pop("mean", None), state.pop("scale", None)
    if mean is None:
        mean, scale = _read_stats(path.parent)
    try:
        generator.load_state_dict(in_known_form(state, generator.state_dict().keys()))
    except RuntimeError as error:
        raise InputError(f"{path} does not fit {config_path}: {error}") from error
    if prod(params.get("upsample_scales", (8, 8, 2, 2))) != hop:
        raise InputError(f"{config_path}: hop_size {hop} is not the product of upsample_scales.")
    return FeatureVocoder(generator, mean, scale), rate, hop


def save_generator(
    directory: str | os.PathLike, vocoder: FeatureVocoder, params: Mapping[str, Any], features: Mapping[str, Any]
) -> Path:
    """Write a vocoder as the package does.

    Args:
        directory: Where to; it is made.
        vocoder: With a HiFi-GAN generator.
        params: Arguments of that generator; its weights are written without normalisation, and the configuration says so.
        features: ``get_parameters()`` of the features, with the sample rate as ``fs``.
    Returns:
        The file of the weights.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.cpu() for name, value in vocoder.generator.state_dict().items()}
    path = folder / "checkpoint-0steps.pkl"
    torch.save({"model": {"generator": state}, "steps": 0, "epochs": 0}, path)
    if vocoder.mean is not None and vocoder.scale is not None:
        np.save(folder / "stats.npy", torch.stack([vocoder.mean, vocoder.scale]).cpu().numpy())
    config = {
        "generator_type": "HiFiGANGenerator",
        "generator_params": {**params, "use_weight_norm": False},
        "sampling_rate": features["fs"],
        "fft_size": features["n_fft"],
        "hop_size": features["n_shift"],
        "win_length": features["win_length"],
        "window": features["window"],
        "num_mels": features.get("n_mels"),
        "fmin": features.get("fmin"),
        "fmax": features.get("fmax"),
        "format": "npy",
        "version": "0.5.5",  # the format's
    }
    dump_yaml(config, folder / "config.yml")
    return path


def _read_state(path: Path) -> dict[str, Tensor]:
    """The generator's weights by name.

    Raises:
        InputError: If the file is damaged, holds more than tensors, or is of another kind.
    """
    try:
        return dict(torch.load(path, map_location="cpu", weights_only=True)["model"]["generator"])
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.") from error
    except (KeyError, TypeError) as error:
        raise InputError(f"{path} holds no generator of the package ParallelWaveGAN.") from error
    except Exception as error:  # torch raises many kinds for what is no checkpoint, or no safe one
        raise InputError(f"{path} cannot be read as weights: {error}") from error


def _read_stats(folder: Path) -> tuple[Tensor | None, Tensor | None]:
    """Mean and deviation of the features (D,), or None twice.

    Raises:
        InputError: If they are in HDF5 and the package that reads it is missing.
    """
    if (folder / "stats.npy").is_file():
        mean, scale = np.load(folder / "stats.npy")[:2]
        return torch.from_numpy(mean).float(), torch.from_numpy(scale).float()
    if (folder / "stats.h5").is_file():
        stats = Hdf5Reader(folder / "stats.h5")
        return torch.from_numpy(stats["mean"]).float(), torch.from_numpy(stats["scale"]).float()
    return None, None
