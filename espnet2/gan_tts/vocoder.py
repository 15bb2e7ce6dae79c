"""A generator on its own: from features to a waveform, to be trained on what ``feats_extract`` makes of recordings."""

# Shapes: B batch, L tokens, T frames, D features, N samples
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from espnet2.gan_tts.abs_gan_tts import AbsGANTTS, AdversarialOptions, Segments
from espnet2.gan_tts.abs_generator import AbsGenerator
from espnet2.gan_tts.generators import build_generator
from espnet2.layers.abs_normalize import AbsNormalize
from espnet2.layers.global_mvn import GlobalMVN
from espnet2.layers.weight_norm import remove_weight_norm
from espnet2.utils.errors import InputError


class FeatureVocoder(torch.nn.Module):
    """A generator that is ready for use: features on their own scale to samples.

    Args:
        generator: Of normalised features; its weight normalisation is removed.
        mean: Of the features it was trained on.
        scale: Their deviation; None for both if they were not normalised.
    """

    mean: Tensor | None
    scale: Tensor | None

    def __init__(self, generator: AbsGenerator, mean: Tensor | None = None, scale: Tensor | None = None) -> None:
        super().__init__()
        remove_weight_norm(generator)
        self.generator = generator
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)

    def forward(self, feats: Tensor, normalize_before: bool = True) -> Tensor:
        """Make a waveform.

        Args:
            feats: Features.
            normalize_before: Whether they are on their own scale; else they are normalised already.

        Shapes:
            feats (T, D) -> (N,)
        """
        if normalize_before and self.mean is not None and self.scale is not None:
            feats = (feats - self.mean) / self.scale
        return self.generator(feats.T.unsqueeze(0)).flatten()


class GANVocoder(AbsGANTTS):
    """A vocoder. The text, which the task has beside each recording, is not looked at.

    Args:
        idim: Number of tokens.
        odim: Features D.
        segment_size: Frames of each recording that waveforms are made of in training.
        generator_type: A key of ``generator_choices``.
        generator_params: Arguments of the generator but the number of features.
        use_pqmf: Let the generator make bands, which a bank of filters puts together.
        pqmf_params: Arguments of ``PQMF``.
        discriminator_params: Arguments of the discriminator; by default those of its paper.
        **adversarial: Those of ``AdversarialOptions``.
    """

    reads_text = False

    def __init__(
        self,
        idim: int,
        odim: int,
        segment_size: int = 32,
        generator_type: str = "hifigan_generator",
        generator_params: Mapping[str, Any] = {},  # noqa: B006
        use_pqmf: bool = False,
        pqmf_params: Mapping[str, Any] = {},  # noqa: B006
        discriminator_params: Mapping[str, Any] = {},  # noqa: B006
        **adversarial: Any,
    ) -> None:
        build = partial(build_generator, generator_type, generator_params, odim, use_pqmf, pqmf_params)
        super().__init__(build(), AdversarialOptions(discriminator_params=discriminator_params, **adversarial))
        self._build = build
        self.segment_size = segment_size
        self.generator_params = {**generator_params, self.generator.features_argument: odim}

    def generate(  # type: ignore[override]
        self, text: Tensor, text_lengths: Tensor, feats: Tensor, feats_lengths: Tensor, **conditions: Tensor
    ) -> Segments:
        """Make a segment of each recording.

        Shapes:
            text (B, L), text_lengths (B,), feats (B, T, D), feats_lengths (B,)
        """
        wav, starts = self.generator.random_piece(feats.transpose(1, 2), feats_lengths, self.segment_size)
        return Segments(wav, starts, {})

    def inference(  # type: ignore[override]
        self, text: Tensor, feats: Tensor | None = None, speech: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Make the waveform of features again.

        Args:
            text: Not used.
            feats: Normalised features.
            speech: Not used.
        Returns:
            ``wav`` (N,), and ``feat_gen`` (T, D), the features.
        Raises:
            InputError: If there are no features.

        Shapes:
            text (L,), feats (T, D), speech (N,)
        """
        if feats is None:
            raise InputError("A vocoder makes no features of text: give it speech, or name it as --vocoder_file.")
        return {"wav": self.generator(feats.T.unsqueeze(0)).flatten(), "feat_gen": feats}

    def vocoder(self, normalize: AbsNormalize | None = None) -> FeatureVocoder:
        """The generator alone, for features on their own scale.

        Args:
            normalize: What normalised the features of its training.
        Raises:
            InputError: If that cannot be done for a piece of an utterance.
        """
        if normalize is not None and not isinstance(normalize, GlobalMVN):
            raise InputError("normalize: a vocoder for the features of other models needs global_mvn or none.")
        mean, scale = None, None
        if normalize is not None:
            mean = normalize.mean if normalize.norm_means else torch.zeros_like(normalize.mean)
            scale = normalize.std if normalize.norm_vars else torch.ones_like(normalize.std)
        generator = self._build()
        generator.load_state_dict(self.generator.state_dict())
        return FeatureVocoder(generator.to(next(self.generator.parameters()).device), mean, scale)
