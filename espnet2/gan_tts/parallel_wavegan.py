"""Generators in the files of the package ParallelWaveGAN, which many published vocoders come in.

A folder holds ``checkpoint-*steps.pkl``, made by ``torch.save`` with the weights under ``["model"]["generator"]``;
``config.yml``; and, where features were normalised, ``stats.h5`` (``mean``, ``scale``) or ``stats.npy`` (2, D).
https://github.com/kan-bayashi/ParallelWaveGAN
"""

# Shapes: D features
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from espnet2.config.registry import ClassChoices, construct
from espnet2.config.yaml import dump_yaml, load_yaml
from espnet2.gan_tts.abs_generator import AbsGenerator
from espnet2.gan_tts.generators import without_fixed
from espnet2.gan_tts.melgan.pqmf import PQMF
from espnet2.gan_tts.pwg.generator import ParallelWaveGANGenerator
from espnet2.gan_tts.pwg.residual import with_joined_outputs, with_separate_outputs
from espnet2.gan_tts.vocoder import FeatureVocoder
from espnet2.layers.weight_norm import in_known_form
from espnet2.train.unkeyed_readers import Hdf5Reader
from espnet2.utils.errors import InputError

generator_choices = ClassChoices(
    "generator_type",
    {
        "HiFiGANGenerator": "espnet2.gan_tts.hifigan.generator:HiFiGANGenerator",
        "MelGANGenerator": "espnet2.gan_tts.melgan.generator:MelGANGenerator",
        "ParallelWaveGANGenerator": "espnet2.gan_tts.pwg.generator:ParallelWaveGANGenerator",
        "StyleMelGANGenerator": "espnet2.gan_tts.style_melgan.generator:StyleMelGANGenerator",
    },
    refused=dict.fromkeys(
        (
            "VQVAE",
            "UHiFiGANGenerator",
            "DiscreteSymbolHiFiGANGenerator",
            "DiscreteSymbolStyleMelGANGenerator",
            "DiscreteSymbolDurationGenerator",
        ),
        "this toolkit does not have it",
    ),
)
RENAMED_OPTIONS = {"upsample_kernal_sizes": "upsample_kernel_sizes"}  # as older configurations have it
DEFAULT_GENERATOR = "ParallelWaveGANGenerator"  # of configurations from before there were others
LAST_WITH_OTHER_BANDS = (0, 4, 2)  # version of the format whose filter banks have other options by default
OTHER_BANDS = {"taps": 62, "cutoff_ratio": 0.15, "beta": 9.0}


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
        params = {RENAMED_OPTIONS.get(key, key): value for key, value in options["generator_params"].items()}
        rate, hop = int(options["sampling_rate"]), int(options["hop_size"])
    except KeyError as error:
        raise InputError(f"{config_path} has no {error}: is it of the package ParallelWaveGAN?") from error
    try:
        params = without_fixed(params, "generator_params")
        generator: AbsGenerator = construct(generator_choices.get_class(name), params, "generator_params")
        if generator.num_signals > 1:
            generator.join_bands(PQMF(**_bands(options, generator.num_signals)))
    except InputError as error:
        raise InputError(f"{config_path}: {error}") from error
    state = with_joined_outputs(_read_state(path))
    mean, scale = state.pop("mean", None), state.pop("scale", None)
    if mean is None:
        mean, scale = _read_stats(path.parent)
    try:
        generator.load_state_dict(in_known_form(state, generator.state_dict().keys()))
    except RuntimeError as error:
        raise InputError(f"{path} does not fit {config_path}: {error}") from error
    if generator.upsample_factor != hop:
        raise InputError(
            f"{config_path}: hop_size is {hop}, but generator_params make {generator.upsample_factor} samples of a frame."
        )
    return FeatureVocoder(generator, mean, scale), rate, hop


def save_generator(
    directory: str | os.PathLike, vocoder: FeatureVocoder, params: Mapping[str, Any], features: Mapping[str, Any]
) -> Path:
    """Write a vocoder as the package does.

    Args:
        directory: Where to; it is made.
        vocoder: With one of the generators that the package has.
        params: Arguments of that generator; its weights are written without normalisation, and the configuration says so.
        features: ``get_parameters()`` of the features, with the sample rate as ``fs``.
    Returns:
        The file of the weights.
    Raises:
        InputError: If the package does not have such a generator.
    """
    generator: Any = vocoder.generator
    kind = type(generator).__name__
    if kind.lower() not in generator_choices.classes:
        raise InputError(f"The package ParallelWaveGAN has no {kind}.")
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.cpu() for name, value in generator.state_dict().items()}
    if isinstance(generator, ParallelWaveGANGenerator):
        state = with_separate_outputs(state, generator.first_conv.out_channels)
    path = folder / "checkpoint-0steps.pkl"
    torch.save({"model": {"generator": state}, "steps": 0, "epochs": 0}, path)
    if vocoder.mean is not None and vocoder.scale is not None:
        np.save(folder / "stats.npy", torch.stack([vocoder.mean, vocoder.scale]).cpu().numpy())
    config = {
        "generator_type": kind,
        "generator_params": {**params, "out_channels": generator.num_signals, "use_weight_norm": False},
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
    if generator.pqmf is not None:
        config["pqmf_params"] = {name: value for name, value in generator.pqmf.options.items() if name != "subbands"}
    dump_yaml(config, folder / "config.yml")
    return path


def _bands(options: Mapping[str, Any], subbands: int) -> dict[str, Any]:
    """Arguments of the filter bank that a configuration asks for."""
    version = tuple(int(part) for part in re.findall(r"\d+", str(options.get("version", "0.1.0")))[:3])
    params = options.get("pqmf_params") or (OTHER_BANDS if version <= LAST_WITH_OTHER_BANDS else {})
    return {**params, "subbands": subbands}


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
