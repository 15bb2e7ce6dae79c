"""Synthesisers that are trained by two players, a generator and a discriminator.

Goodfellow et al., "Generative Adversarial Networks", 2014, https://arxiv.org/abs/1406.2661.
"""

# Shapes: B batch, L tokens, T frames, D features, N samples, W frames of a segment
import inspect
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from espnet2.config.registry import ClassChoices, construct
from espnet2.gan_tts.losses import (
    DiscriminatorAdversarialLoss,
    FeatureMatchLoss,
    GeneratorAdversarialLoss,
    MelSpectrogramLoss,
    MultiResolutionSTFTLoss,
    weighted,
)
from espnet2.gan_tts.segments import segments
from espnet2.layers.weight_norm import remove_weight_norm
from espnet2.tts.abs_tts import AbsTTS
from espnet2.utils.errors import InputError

GENERATOR, DISCRIMINATOR = 0, 1  # the players' numbers
_HIFIGAN = "espnet2.gan_tts.hifigan.discriminators"
discriminator_choices = ClassChoices(
    "discriminator_type",
    {
        "hifigan_period_discriminator": f"{_HIFIGAN}:HiFiGANPeriodDiscriminator",
        "hifigan_scale_discriminator": f"{_HIFIGAN}:HiFiGANScaleDiscriminator",
        "hifigan_multi_period_discriminator": f"{_HIFIGAN}:HiFiGANMultiPeriodDiscriminator",
        "hifigan_multi_scale_discriminator": f"{_HIFIGAN}:HiFiGANMultiScaleDiscriminator",
        "hifigan_multi_scale_multi_period_discriminator": f"{_HIFIGAN}:HiFiGANMultiScaleMultiPeriodDiscriminator",
        "melgan_multi_scale_discriminator": "espnet2.gan_tts.melgan.discriminators:MelGANMultiScaleDiscriminator",
        "parallel_wavegan_discriminator": "espnet2.gan_tts.pwg.discriminators:ParallelWaveGANDiscriminator",
        "residual_parallel_wavegan_discriminator": "espnet2.gan_tts.pwg.discriminators:ResidualParallelWaveGANDiscriminator",
        "style_melgan_discriminator": "espnet2.gan_tts.style_melgan.discriminator:StyleMelGANDiscriminator",
    },
    type_check="torch.nn:Module",
    default="hifigan_multi_scale_multi_period_discriminator",
)
# What the networks take where the configuration says nothing; what it says takes the place of the whole.
ADVERSARIAL_PARAMS: dict[str, Any] = {"average_by_discriminators": False, "loss_type": "mse"}
FEAT_MATCH_PARAMS: dict[str, Any] = {
    "average_by_discriminators": False,
    "average_by_layers": False,
    "include_final_outputs": True,
}
MEL_LOSS_PARAMS: dict[str, Any] = {
    "fs": 22050,
    "n_fft": 1024,
    "hop_length": 256,
    "fmin": 0,
    "fmax": None,
    "log_base": None,
}


class Segments(NamedTuple):
    """What a generator has made of a batch."""

    wav: Tensor  # (B, 1, W * samples per frame)
    starts: Tensor  # (B,) first frame of each segment
    losses: Mapping[str, tuple[float, Tensor]]  # those of its own: name -> weight, value


class Kept(NamedTuple):
    """What one player's turn leaves to the other's."""

    turn: int
    speech: Tensor  # of the batch; while it is kept, no other tensor is in its place
    has_grad: bool
    made: Segments

    def is_for(self, turn: int, speech: Tensor) -> bool:
        """Whether it is the other player's turn of the same batch; plots and missed turns come in between."""
        is_same = speech.data_ptr() == self.speech.data_ptr() and speech.shape == self.speech.shape
        return turn != self.turn and is_same and self.has_grad == torch.is_grad_enabled()


@dataclass
class AdversarialOptions:
    """The keys of ``tts_conf`` that all these networks have: the waveforms, the discriminator, and the losses.

    Args:
        sampling_rate: Of the waveforms.
        discriminator_type: A key of ``discriminator_choices``.
        discriminator_params: Arguments of the discriminator.
        generator_adv_loss_params: Arguments of ``GeneratorAdversarialLoss``.
        discriminator_adv_loss_params: Arguments of ``DiscriminatorAdversarialLoss``.
        use_feat_match_loss: Compare the discriminators' features.
        feat_match_loss_params: Arguments of ``FeatureMatchLoss``.
        use_mel_loss: Compare mel spectrograms.
        mel_loss_params: Arguments of ``MelSpectrogramLoss``.
        use_stft_loss: Compare amplitude spectra at several resolutions.
        stft_loss_params: Arguments of ``MultiResolutionSTFTLoss``.
        lambda_adv: Weight of the discriminators' verdict.
        lambda_feat_match: Weight of the discriminators' features.
        lambda_mel: Weight of the mel spectrogram's loss.
        lambda_stft: Weight of the amplitude spectra's loss.
        cache_generator_outputs: Let both turns of a batch share what the generator makes.
    """

    sampling_rate: int = 22050
    discriminator_type: str = "hifigan_multi_scale_multi_period_discriminator"
    discriminator_params: Mapping[str, Any] = field(
        default_factory=lambda: {"scales": 1, "follow_official_norm": False}
    )
    generator_adv_loss_params: Mapping[str, Any] = field(default_factory=ADVERSARIAL_PARAMS.copy)
    discriminator_adv_loss_params: Mapping[str, Any] = field(default_factory=ADVERSARIAL_PARAMS.copy)
    use_feat_match_loss: bool = True
    feat_match_loss_params: Mapping[str, Any] = field(default_factory=FEAT_MATCH_PARAMS.copy)
    use_mel_loss: bool = True
    mel_loss_params: Mapping[str, Any] = field(default_factory=MEL_LOSS_PARAMS.copy)
    use_stft_loss: bool = False
    stft_loss_params: Mapping[str, Any] = field(default_factory=dict)
    lambda_adv: float = 1.0
    lambda_feat_match: float = 2.0
    lambda_mel: float = 45.0
    lambda_stft: float = 1.0
    cache_generator_outputs: bool = True


class AbsGANTTS(AbsTTS):
    """A generator that makes segments of waveforms, and a discriminator that judges them.

    Both turns of a batch may share what the generator made: the first keeps it for the other one.

    Args:
        generator: With ``upsample_factor`` (samples per frame).
        options: The waveforms, the discriminator and the losses. To configurations they are arguments of each class of its own.
    """

    require_raw_speech = True
    require_vocoder = False

    __signature__: ClassVar[inspect.Signature]

    def __init_subclass__(cls) -> None:
        """Show the shared options among the constructor's arguments."""
        own = {
            n: p
            for n, p in inspect.signature(cls.__init__).parameters.items()
            if p.kind is not p.VAR_KEYWORD and n != "self"
        }
        shared = [p for n, p in inspect.signature(AdversarialOptions).parameters.items() if n not in own]
        cls.__signature__ = inspect.Signature([*own.values(), *(p.replace(kind=p.KEYWORD_ONLY) for p in shared)])

    def __init__(self, generator: torch.nn.Module, options: AdversarialOptions) -> None:
        super().__init__()
        self.generator: Any = generator
        self.fs = options.sampling_rate
        self.options = options
        self.discriminator = discriminator_choices.build(options.discriminator_type, options.discriminator_params)
        self.generator_adv_loss = GeneratorAdversarialLoss(**options.generator_adv_loss_params)
        self.discriminator_adv_loss = DiscriminatorAdversarialLoss(**options.discriminator_adv_loss_params)
        self.feat_match_loss = (
            FeatureMatchLoss(**options.feat_match_loss_params) if options.use_feat_match_loss else None
        )
        self.mel_loss = MelSpectrogramLoss(**options.mel_loss_params) if options.use_mel_loss else None
        self.stft_loss = (
            construct(MultiResolutionSTFTLoss, options.stft_loss_params, "stft_loss_params")
            if options.use_stft_loss
            else None
        )
        self._kept: Kept | None = None

    @property
    def hop_length(self) -> int:
        """Samples that the generator makes of a frame; the features' hop."""
        return self.generator.upsample_factor

    @abstractmethod
    def generate(self, **batch: Any) -> Segments:
        """Make a segment of each utterance; arguments as of ``forward``, but for the speech."""

    def forward(  # type: ignore[override]
        self,
        text: Tensor,
        text_lengths: Tensor,
        feats: Tensor,
        feats_lengths: Tensor,
        speech: Tensor,
        speech_lengths: Tensor,
        forward_generator: bool = True,
        adversarial: bool = True,
        **conditions: Tensor,
    ) -> dict[str, Any]:
        """One player's turn.

        Args:
            text: Token ids, padded with 0.
            text_lengths: Tokens of each utterance.
            feats: Features, padded with 0.
            feats_lengths: Frames of each utterance.
            speech: Waveforms, padded with 0.
            speech_lengths: Samples of each.
            forward_generator: Whose turn it is.
            adversarial: Whether the discriminator takes part in the generator's turn.
            **conditions: What the network asks for besides.
        Returns:
            ``loss``, ``stats``, ``weight`` and ``optim_idx`` (0: generator, 1: discriminator).

        Shapes:
            text (B, L), feats (B, T, D), speech (B, N)
        """
        turn = GENERATOR if forward_generator else DISCRIMINATOR
        feats = feats[:, : int(feats_lengths.max())]
        batch = {
            "text": text,
            "text_lengths": text_lengths,
            "feats": feats,
            "feats_lengths": feats_lengths,
            **conditions,
        }
        made = self._segments(turn, speech, batch)
        factor = self.hop_length
        real = segments(speech.unsqueeze(1), made.starts * factor, made.wav.size(2))
        if forward_generator:
            losses = {**self._comparison(made.wav, real), **made.losses}
            if adversarial:
                losses = {**self._verdict(made.wav, real), **losses}
            if not losses:
                raise InputError(
                    "adversarial_start: the generator has nothing to learn from before; set use_mel_loss or use_stft_loss: true."
                )
            loss, stats = weighted(losses, "generator_loss")
        else:
            loss, stats = self._discriminator_loss(made, real)
        weight = torch.tensor(len(text), device=loss.device)
        return {"loss": loss, "stats": stats, "weight": weight, "optim_idx": turn}

    def _segments(self, turn: int, speech: Tensor, batch: Mapping[str, Any]) -> Segments:
        """What was made in the other player's turn of the same batch, or is made now."""
        kept, self._kept = self._kept, None
        if kept is not None and kept.is_for(turn, speech):
            return kept.made
        made = self.generate(**batch)
        if self.options.cache_generator_outputs:
            self._kept = Kept(turn, speech, torch.is_grad_enabled(), made)
        return made

    def _verdict(self, wav: Tensor, real: Tensor) -> dict[str, tuple[float, Tensor]]:
        """What the discriminator says. Shapes: wav and real (B, 1, samples of a segment)."""
        options = self.options
        verdicts = self.discriminator(wav)
        losses = {"generator_adv_loss": (options.lambda_adv, self.generator_adv_loss(verdicts))}
        if self.feat_match_loss is not None:
            with torch.no_grad():
                real_verdicts = self.discriminator(real)
            losses["generator_feat_match_loss"] = (
                options.lambda_feat_match,
                self.feat_match_loss(verdicts, real_verdicts),
            )
        return losses

    def _comparison(self, wav: Tensor, real: Tensor) -> dict[str, tuple[float, Tensor]]:
        """How far it is from the recording. Shapes: wav and real (B, 1, samples of a segment)."""
        losses = {}
        if self.mel_loss is not None:
            losses["generator_mel_loss"] = (self.options.lambda_mel, self.mel_loss(wav, real))
        if self.stft_loss is not None:
            losses["generator_stft_loss"] = (self.options.lambda_stft, self.stft_loss(wav, real))
        return losses

    def _discriminator_loss(self, made: Segments, real: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Shapes: real (B, 1, samples of a segment)."""
        real_loss, fake_loss = self.discriminator_adv_loss(
            self.discriminator(made.wav.detach()), self.discriminator(real)
        )
        losses = {"discriminator_real_loss": (1.0, real_loss), "discriminator_fake_loss": (1.0, fake_loss)}
        return weighted(losses, "discriminator_loss")

    def remove_weight_norm(self) -> None:
        """Compute the generator's weights once for all: faster synthesis, no more training."""
        remove_weight_norm(self.generator)
