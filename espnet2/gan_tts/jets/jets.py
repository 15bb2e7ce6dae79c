"""JETS: one network from text to a waveform, without a teacher.

Lim et al., "JETS: Jointly Training FastSpeech2 and HiFi-GAN for End to End Text to Speech", 2022,
https://arxiv.org/abs/2203.16852.
"""

# Shapes: B batch, L tokens, T frames, D features
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from espnet2.config.registry import ClassChoices
from espnet2.gan_tts.abs_gan_tts import AdversarialOptions, Segments
from espnet2.gan_tts.abs_text2wav import AbsText2Wav
from espnet2.tts.fastspeech2.fastspeech2 import Scale
from espnet2.tts.parts.randomness import Generators

generator_choices = ClassChoices(
    "generator_type", {"jets_generator": "espnet2.gan_tts.jets.generator:JETSGenerator"}, default="jets_generator"
)


class JETS(AbsText2Wav):
    """JETS. It wants pitch and energy of each frame: ``use_token_averaged_f0: false``, ``use_token_averaged_energy: false``.

    Args:
        idim: Number of tokens.
        odim: Features D that the text is aligned to.
        generator_type: ``jets_generator``.
        generator_params: Arguments of the generator.
        lambda_var: Weight of durations, pitch and energy.
        lambda_align: Weight of the alignment.
        **adversarial: Those of ``AdversarialOptions``.
    """

    def __init__(
        self,
        idim: int,
        odim: int,
        generator_type: str = "jets_generator",
        generator_params: Mapping[str, Any] = {},  # noqa: B006
        lambda_var: float = 1.0,
        lambda_align: float = 2.0,
        **adversarial: Any,
    ) -> None:
        conf = {name: value for name, value in generator_params.items() if name not in ("idim", "odim")}
        generator = generator_choices.build(generator_type, conf, idim=idim, odim=odim)
        super().__init__(generator, AdversarialOptions(**adversarial))
        self.spks, self.langs, self.spk_embed_dim = generator.spks, generator.langs, generator.spk_embed_dim
        self.use_gst = generator.use_gst
        self.wanted_data, self.learns_durations = generator.wanted_data, generator.learns_durations
        self.lambda_var = lambda_var
        self.lambda_align = lambda_align

    def generate(  # type: ignore[override]
        self, text: Tensor, text_lengths: Tensor, feats: Tensor, feats_lengths: Tensor, **conditions: Tensor
    ) -> Segments:
        """Make a segment of each utterance.

        Shapes:
            text (B, L), text_lengths (B,), feats (B, T, D), feats_lengths (B,)
        """
        made = self.generator(text, text_lengths, feats, feats_lengths, **conditions)
        losses = {f"generator_{name}": (self.lambda_var, value) for name, value in made.variance_losses.items()}
        losses |= {f"generator_{name}": (self.lambda_align, value) for name, value in made.alignment_losses.items()}
        return Segments(made.wav, made.starts, losses)

    def inference(  # type: ignore[override]
        self,
        text: Tensor,
        feats: Tensor | None = None,
        durations: Tensor | None = None,
        pitch: Tensor | None = None,
        energy: Tensor | None = None,
        spembs: Tensor | None = None,
        sids: Tensor | None = None,
        lids: Tensor | None = None,
        alpha: float = 1.0,
        pitch_scale: Scale = 1.0,
        energy_scale: Scale = 1.0,
        use_teacher_forcing: bool = False,
        speech: Tensor | None = None,
        return_frames: bool = False,
    ) -> dict[str, Tensor]:
        """Synthesise one utterance; arguments as of ``FastSpeech2.inference``. ``speech`` is not used.

        Args:
            return_frames: See ``AbsText2Wav.inference_batch``.
        Returns:
            ``wav`` (N,), ``duration`` (L,), ``pitch`` (L, 1), ``energy`` (L, 1).
        """
        given = {"feats": feats, "durations": durations, "pitch": pitch, "energy": energy}
        given |= {"spembs": spembs, "sids": sids, "lids": lids}
        options = {"alpha": alpha, "pitch_scale": pitch_scale, "energy_scale": energy_scale}
        output = self.generator.inference(text, **given, **options, use_teacher_forcing=use_teacher_forcing)
        return output if return_frames else self.with_wave(output)

    @property
    def wave_generator(self) -> torch.nn.Module:
        """HiFi-GAN."""
        return self.generator.generator

    def make_frames(  # type: ignore[override]
        self, text: Tensor, text_lengths: Tensor, generators: Generators, **conditions: Any
    ) -> list[dict[str, Tensor]]:
        """The decoder's frames; see ``AbsText2Wav.make_frames``.

        Shapes:
            text (B, L), text_lengths (B,)
        """
        return self.generator.inference_batch(text, text_lengths, **conditions)
