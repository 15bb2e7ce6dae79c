"""What makes features audible: a trained generator, or Griffin-Lim.

A vocoder takes features on their own scale, unless it was trained on normalised ones.
"""
# Shapes: T frames, D features, N samples
import logging
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from espnet2.tts.feats_extract.abs_feats_extract import AbsFeatsExtract
from espnet2.tts.feats_extract.spectrum import LinearSpectrogram
from espnet2.tts.griffin_lim import GriffinLim
from espnet2.utils.errors import InputError

CHUNK_FRAMES = 48  # of features that are made audible together in a stream
CONTEXT_FRAMES = 20  # on each side, more than any generator here hears
SPECTRUM = ("n_fft", "win_length", "window", "n_mels", "fmin", "fmax")  # what features of one name may differ in


class Vocoder:
    """Features to samples.

    Args:
        network: Called with features (T, D); gives samples (N,).
        fs: Sample rate of the samples.
        hop_length: Samples per frame.
        is_local: Whether samples depend on near frames only, so that features can be made audible piece by piece.
        features: What is known of the features that it was trained on, by the names of ``get_parameters``.
    """

    def __init__(
        self, network: Any, fs: int, hop_length: int, is_local: bool, features: Mapping[str, Any] = {}  # noqa: B006
    ):
        self.network = network
        self.fs = fs
        self.hop_length = hop_length
        self.is_local = is_local
        self.features = features

    def __call__(self, feats: Tensor) -> Tensor:
        """All samples: (T, D) -> (N,)."""
        return self.network(feats).flatten()

    def stream(self, feats: Tensor) -> Iterator[Tensor]:
        """Samples in chunks: those of the whole, if the network is local; else the whole at once. (T, D) -> (n,) each."""
        if not self.is_local:
            yield self(feats)
            return
        for start in range(0, len(feats), CHUNK_FRAMES):
            first = max(0, start - CONTEXT_FRAMES)
            end = min(len(feats), start + CHUNK_FRAMES)
            samples = self(feats[first : min(len(feats), end + CONTEXT_FRAMES)])
            yield samples[(start - first) * self.hop_length :][: (end - start) * self.hop_length]


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
        return Vocoder(network, network.fs, feats_extract.hop_length, is_local=False)
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
        ("number of features", feats_extract.output_size(), vocoder.network.generator.input_conv.in_channels),
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
    return Vocoder(generator.to(device).eval(), fs, hop_length, is_local=True)


def _own(path: Path, config: str | Path | None, device: str) -> Vocoder:
    from espnet2.tasks.gan_tts import GANTTSTask

    model, args = GANTTSTask.build_model_from_file(config, path, device)
    vocoder = getattr(model.eval().tts, "vocoder", None)
    if vocoder is None:
        raise InputError(f"vocoder_file: {path} is a model of the kind {args.tts}, not a vocoder.")
    features = model.feats_extract.get_parameters()
    return Vocoder(vocoder(model.normalize), model.tts.fs, model.tts.hop_length, is_local=True, features=features)
