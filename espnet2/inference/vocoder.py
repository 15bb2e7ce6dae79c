"""What makes features audible: a trained generator, or Griffin-Lim.

A vocoder takes features on their own scale, unless it was trained on normalised ones.
"""
# Shapes: T frames, D features, N samples
import logging
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from espnet2.tts.feats_extract.abs_feats_extract import AbsFeatsExtract
from espnet2.tts.feats_extract.spectrum import LinearSpectrogram
from espnet2.tts.griffin_lim import GriffinLim
from espnet2.tts.parts.randomness import numbers_of
from espnet2.utils.errors import InputError

FIRST_CHUNK = 32  # frames that are made audible first in a stream: the fewer, the sooner something is heard
LONGEST_CHUNK = 400  # each has twice the frames of the one before, up to these: the more, the less the overlap costs
SPECTRUM = ("n_fft", "win_length", "window", "n_mels", "fmin", "fmax")  # what features of one name may differ in


class Vocoder:
    """Features to samples.

    Args:
        network: Called with features (T, D); gives samples (N,).
        fs: Sample rate of the samples.
        hop_length: Samples per frame.
        receptive_frames: How many frames before and after its own the samples of a frame depend on; None: all, or there is
            something random in it.
        features: What is known of the features that it was trained on, by the names of ``get_parameters``.
    """

    def __init__(
        self,
        network: Any,
        fs: int,
        hop_length: int,
        receptive_frames: int | None = None,
        features: Mapping[str, Any] = {},  # noqa: B006
    ):
        self.network = network
        self.fs = fs
        self.hop_length = hop_length
        self.receptive_frames = receptive_frames
        self.features = features

    def __call__(self, feats: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """All samples: (T, D) -> (N,).

        Args:
            feats: Features.
            generator: The utterance's random numbers; None: torch's own.
        """
        with numbers_of(generator):
            return self.network(feats).flatten()

    def stream(self, feats: Tensor, generator: torch.Generator | None = None) -> Iterator[Tensor]:
        """Samples in chunks: those of the whole, if that can be cut; else the whole at once. (T, D) -> (n,) each.

        Args:
            feats: Features.
            generator: The utterance's random numbers; None: torch's own.
        """
        if self.receptive_frames is None:
            yield self(feats, generator)
            return
        for start, end in chunks(len(feats)):
            first = max(0, start - self.receptive_frames)
            samples = self(feats[first : end + self.receptive_frames])
            yield samples[(start - first) * self.hop_length :][: (end - start) * self.hop_length]


def chunks(num_frames: int) -> Iterator[tuple[int, int]]:
    """Where chunks begin and end: a short one, then longer ones."""
    start, length = 0, FIRST_CHUNK
    while start < num_frames:
        left = num_frames - start
        end = num_frames if left < length + FIRST_CHUNK else start + length
        yield start, end
        start, length = end, min(2 * length, LONGEST_CHUNK)


def build_vocoder(
    feats_extract: AbsFeatsExtract | None,
    vocoder_config: str | Path | None,
    vocoder_file: str | Path | None,
    vocoder_conf: Mapping[str, Any],
    device: str,
    normalize_before: bool = True,
) -> Vocoder | None:
    """The vocoder that the options name; None for features that cannot be made audible without one.

    Args:
        feats_extract: How the synthesiser's features are made.
        vocoder_config: The vocoder's configuration; by default the one beside its weights.
        vocoder_file: Its weights: ``.pkl`` in the format of the package ParallelWaveGAN, ``.pth`` of this toolkit; None:
            Griffin-Lim.
        vocoder_conf: Options of Griffin-Lim.
        device: Where to compute.
        normalize_before: Whether it gets features on their own scale; else they are normalised already.
    Raises:
        InputError: If the files are missing or of another kind, or the vocoder's features are others; if Griffin-Lim is to
            take normalised ones.
    """
    if vocoder_file is None:
        if not isinstance(feats_extract, LinearSpectrogram):
            return None
        rate = feats_extract.get_parameters().get("fs")
        if rate is None and "fs" not in vocoder_conf:
            return None
        if not normalize_before:
            raise InputError("prefer_normalized_feats: Griffin-Lim needs features on their own scale; give a vocoder_file.")
        network = GriffinLim(feats_extract, **vocoder_conf).to(device)
        return Vocoder(network, network.fs, feats_extract.hop_length)
    path = Path(vocoder_file)
    if not path.is_file():
        raise InputError(f"vocoder_file: {path} is missing.")
    if path.suffix == ".pkl":
        vocoder = _parallel_wavegan(path, vocoder_config, device)
    elif path.suffix == ".pth":
        vocoder = _own(path, vocoder_config, device)
    else:
        raise InputError(f"vocoder_file: {path} is neither a .pth of this toolkit nor a .pkl of ParallelWaveGAN.")
    _check_same_features(vocoder, feats_extract, path)
    if not normalize_before:
        vocoder.network = partial(vocoder.network, normalize_before=False)
    return vocoder


def _check_same_features(vocoder: Vocoder, feats_extract: AbsFeatsExtract | None, path: Path) -> None:
    if feats_extract is None:
        return
    own = feats_extract.get_parameters()
    for name, here, there in (
        ("sampling rate", own.get("fs"), vocoder.fs),
        ("hop length", own.get("n_shift"), vocoder.hop_length),
        ("number of features", feats_extract.output_size(), vocoder.network.generator.num_features),
    ):
        if here is not None and here != there:
            raise InputError(
                f"The {name} of the vocoder {path} is {there}, that of the synthesiser's features {here}. Take a vocoder that "
                "was trained on such features."
            )
    for name in SPECTRUM:
        if vocoder.features.get(name, own.get(name)) != own.get(name):
            logging.warning(
                f"The vocoder {path} was trained on features with {name} {vocoder.features[name]}, those of the synthesiser have "
                f"{own.get(name)}: it may sound bad."
            )


def _parallel_wavegan(path: Path, config: str | Path | None, device: str) -> Vocoder:
    from espnet2.gan_tts.parallel_wavegan import load_generator

    generator, fs, hop_length = load_generator(path, config)
    return Vocoder(generator.to(device).eval(), fs, hop_length, _receptive_frames(generator))


def _own(path: Path, config: str | Path | None, device: str) -> Vocoder:
    from espnet2.tasks.gan_tts import GANTTSTask

    model, args = GANTTSTask.build_model_from_file(config, path, device)
    vocoder = getattr(model.eval().tts, "vocoder", None)
    if vocoder is None:
        raise InputError(f"vocoder_file: {path} is a model of the kind {args.tts}, not a vocoder.")
    features = model.feats_extract.get_parameters()
    network = vocoder(model.normalize)
    return Vocoder(network, model.tts.fs, model.tts.hop_length, _receptive_frames(network), features)


def _receptive_frames(vocoder: Any) -> int | None:
    """Those of its generator, if that can be cut."""
    return getattr(vocoder.generator, "receptive_frames", None)
