"""The generator of JETS: FastSpeech 2 whose frames are made audible by HiFi-GAN, with an alignment that is learned.

Lim et al., "JETS: Jointly Training FastSpeech2 and HiFi-GAN for End to End Text to Speech", 2022,
https://arxiv.org/abs/2203.16852.
"""

# Shapes: B batch, L tokens, T frames, D features, H model size, N samples, W frames of a segment
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from espnet2.gan_tts.hifigan.generator import HiFiGANGenerator
from espnet2.gan_tts.segments import random_segments
from espnet2.layers.mask import make_pad_mask
from espnet2.tts.fastspeech.fastspeech_options import FastSpeech2Options
from espnet2.tts.fastspeech2.fastspeech2 import FastSpeech2
from espnet2.tts.parts.length_regulator import scale_durations
from espnet2.tts.parts.randomness import Generators
from espnet2.tts.parts.signature import network_signature
from espnet2.tts.parts.speaker import present_conditions
from espnet2.tts.parts.variance_predictor import to_durations

SHARPNESS = 0.1  # of the upsampling: how soon a token's weight falls with the distance from its middle


@dataclass
class JETSOptions(FastSpeech2Options):
    """What the generator is made of besides.

    Args:
        segment_size: Frames that waveforms are made of in training.
        generator_out_channels: Signals that come out of HiFi-GAN, and so on: see ``HiFiGANGenerator``.
    """

    learn_alignment: bool = True
    lambda_align: float = 1.0  # JETS has the weight
    segment_size: int = 64
    generator_out_channels: int = 1
    generator_channels: int = 512
    generator_global_channels: int = -1
    generator_kernel_size: int = 7
    generator_upsample_scales: Sequence[int] = (8, 8, 2, 2)
    generator_upsample_kernel_sizes: Sequence[int] = (16, 16, 4, 4)
    generator_resblock_kernel_sizes: Sequence[int] = (3, 7, 11)
    generator_resblock_dilations: Sequence[Sequence[int]] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
    generator_use_additional_convs: bool = True
    generator_bias: bool = True
    generator_nonlinear_activation: str = "LeakyReLU"
    generator_nonlinear_activation_params: Mapping[str, Any] = field(default_factory=lambda: {"negative_slope": 0.1})
    generator_use_weight_norm: bool = True

    def make_generator(self) -> HiFiGANGenerator:
        """HiFi-GAN on top of the decoder's frames."""
        prefix = "generator_"
        params = {name.removeprefix(prefix): value for name, value in vars(self).items() if name.startswith(prefix)}
        return HiFiGANGenerator(self.adim, **params)


class Generated(NamedTuple):
    """What the losses need of a batch."""

    wav: Tensor  # (B, 1, W * samples per frame)
    starts: Tensor  # (B,) first frame of each segment
    variance_losses: Mapping[str, Tensor]  # duration_loss, pitch_loss, energy_loss
    alignment_losses: Mapping[str, Tensor]  # align_loss (forward-sum), bin_loss


class JETSGenerator(FastSpeech2):
    """FastSpeech 2 without features: the decoder's frames go to HiFi-GAN. No token is put at the end of the text.

    Args:
        idim: Number of tokens.
        odim: Features D that the text is aligned to.
        **options: Those of ``JETSOptions``.

    Raises:
        InputError: If options do not fit together.
    """

    ends_text = False
    options_class = JETSOptions
    __signature__: ClassVar[inspect.Signature] = network_signature(JETSOptions)

    def __init__(self, idim: int, odim: int, **options: Any) -> None:
        super().__init__(idim, odim, **options)
        del self.feat_out, self.postnet
        own = JETSOptions(**options)
        self.generator = own.make_generator()
        self.segment_size = own.segment_size
        self.upsample_factor = self.generator.upsample_factor

    def forward(  # type: ignore[override]
        self, text: Tensor, text_lengths: Tensor, feats: Tensor, feats_lengths: Tensor, **given: Tensor
    ) -> Generated:
        """Make segments of waveforms, and what the losses need.

        Args:
            text: Token ids, padded with 0.
            text_lengths: Tokens of each utterance.
            feats: Features, padded with 0.
            feats_lengths: Frames of each utterance.
            **given: ``pitch`` and ``energy`` (B, T, 1) of each frame, and conditions.
        Raises:
            InputError: If something is missing or does not fit.

        Shapes:
            text (B, L), text_lengths (B,), feats (B, T, D), feats_lengths (B,)
        """
        given = {"feats": feats, "feats_lengths": feats_lengths, **given}
        hs = self.condition(self.encoder(text, text_lengths), **present_conditions(given))
        targets, alignment_losses = self._targets(hs, text_lengths, given)
        predicted = self._predict(hs, make_pad_mask(text_lengths, text.size(1)))
        variance_losses = self._errors(predicted, targets, text_lengths)
        frames = upsample(self._embed(hs, targets), targets["durations"], text_lengths)
        frames = self.decoder(frames, feats_lengths).transpose(1, 2)
        segment, starts = random_segments(frames, feats_lengths, self.segment_size)
        return Generated(self.generator(segment), starts, variance_losses, alignment_losses)

    @torch.no_grad()
    def inference_batch(
        self,
        text: Tensor,
        text_lengths: Tensor,
        generators: Generators | None = None,
        alpha: float = 1.0,
        use_teacher_forcing: bool = False,
        **given: Any,
    ) -> list[dict[str, Tensor]]:
        """Make what HiFi-GAN makes audible; each utterance's comes out as it does alone.

        Args:
            text: Token ids, padded with 0.
            text_lengths: Tokens of each utterance.
            generators: Not used: nothing is random.
            alpha: Tempo: durations are multiplied by it.
            use_teacher_forcing: Take the given values in place of predicted ones.
            **given: As of ``forward``, and ``FastSpeech2.inference``'s options of pitch and energy.
        Returns:
            Of each ``frames`` (T, H), and the values that were used for each token: ``duration`` (L,) in frames and so on.
        Raises:
            InputError: If something is missing.

        Shapes:
            text (B, L), text_lengths (B,)
        """
        pad_mask = make_pad_mask(text_lengths, text.size(1))
        hs = self.condition_rows(self.encoder(text, text_lengths, hide_padding=True), given)
        if use_teacher_forcing:
            values, _ = self._targets(hs, text_lengths, given)
        else:
            values = self._predict(hs, pad_mask, hide_padding=True)
            values["durations"] = to_durations(values["durations"]).masked_fill(pad_mask, 0)
        values = self._controlled(values, pad_mask, given)
        durations = values["durations"] = scale_durations(values["durations"], text_lengths, alpha)
        frames = upsample(self._embed(hs, values), durations, text_lengths)
        return self._rows("frames", self.decoder(frames, durations.sum(1), hide_padding=True), values, text_lengths)


def upsample(hs: Tensor, durations: Tensor, lengths: Tensor) -> Tensor:
    """From tokens to frames: each is a mean of tokens, weighted by the distance from their middles.

    Donahue et al., "End-to-End Adversarial Text-to-Speech", 2020, https://arxiv.org/abs/2006.03575, section 3.2.

    Args:
        hs: Vectors of tokens.
        durations: Frames of each token, 0 on padding.
        lengths: Tokens of each utterance.

    Shapes:
        hs (B, L, H), durations (B, L), lengths (B,) -> (B, T, H) with T the longest sum of durations
    """
    middles = durations.cumsum(1) - durations / 2  # (B, L)
    times = torch.arange(int(durations.sum(1).max()), device=hs.device)
    scores = -SHARPNESS * (times[None, :, None] - middles.unsqueeze(1)).square()  # (B, T, L)
    scores = scores.masked_fill(make_pad_mask(lengths, hs.size(1)).unsqueeze(1), -torch.inf)
    return scores.softmax(-1).to(hs) @ hs
