"""VITS: one network from text to a waveform.

Kim et al., "Conditional Variational Autoencoder with Adversarial Learning for End-to-End Text-to-Speech", 2021,
https://arxiv.org/abs/2106.06103.
"""

# Shapes: B batch, L tokens, T frames, F features, N samples
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from espnet2.config.registry import ClassChoices
from espnet2.gan_tts.abs_gan_tts import AdversarialOptions, Segments
from espnet2.gan_tts.abs_text2wav import AbsText2Wav
from espnet2.gan_tts.losses import kl_divergence_loss
from espnet2.tts.parts.length_regulator import tokens_of_frames
from espnet2.tts.parts.randomness import Generators

generator_choices = ClassChoices(
    "generator_type", {"vits_generator": "espnet2.gan_tts.vits.generator:VITSGenerator"}, default="vits_generator"
)


class VITS(AbsText2Wav):
    """VITS.

    Args:
        idim: Number of tokens.
        odim: Features F, of the linear spectrogram.
        generator_type: ``vits_generator``.
        generator_params: Arguments of the generator.
        lambda_dur: Weight of the durations.
        lambda_kl: Weight of the divergence of posterior and prior.
        **adversarial: Those of ``AdversarialOptions``.
    """

    learns_durations = True

    def __init__(
        self,
        idim: int,
        odim: int,
        generator_type: str = "vits_generator",
        generator_params: Mapping[str, Any] = {},  # noqa: B006
        lambda_dur: float = 1.0,
        lambda_kl: float = 1.0,
        **adversarial: Any,
    ) -> None:
        conf = {name: value for name, value in generator_params.items() if name not in ("vocabs", "aux_channels")}
        generator = generator_choices.build(generator_type, conf, vocabs=idim, aux_channels=odim)
        super().__init__(generator, AdversarialOptions(**adversarial))
        self.spks = None if generator.global_emb is None else generator.global_emb.num_embeddings
        self.langs = None if generator.lang_emb is None else generator.lang_emb.num_embeddings
        self.spk_embed_dim = None if generator.spemb_proj is None else generator.spemb_proj.in_features
        self.lambda_dur = lambda_dur
        self.lambda_kl = lambda_kl

    def generate(  # type: ignore[override]
        self, text: Tensor, text_lengths: Tensor, feats: Tensor, feats_lengths: Tensor, **conditions: Tensor
    ) -> Segments:
        """Make a segment of each utterance.

        Shapes:
            text (B, L), text_lengths (B,), feats (B, T, F), feats_lengths (B,)
        """
        known = {name: conditions.get(name) for name in ("sids", "spembs", "lids")}
        made = self.generator(text, text_lengths, feats.transpose(1, 2), feats_lengths, **known)
        kl = kl_divergence_loss(
            made.prior_latent, made.posterior_log_deviation, made.prior_mean, made.prior_log_deviation, made.mask
        )
        losses = {"generator_kl_loss": (self.lambda_kl, kl), "generator_dur_loss": (self.lambda_dur, made.duration_nll)}
        return Segments(made.wav, made.starts, losses)

    def inference(  # type: ignore[override]
        self,
        text: Tensor,
        feats: Tensor | None = None,
        sids: Tensor | None = None,
        spembs: Tensor | None = None,
        lids: Tensor | None = None,
        durations: Tensor | None = None,
        noise_scale: float = 0.667,
        noise_scale_dur: float = 0.8,
        alpha: float = 1.0,
        max_len: int | None = None,
        use_teacher_forcing: bool = False,
        speech: Tensor | None = None,
        generator: torch.Generator | None = None,
        return_frames: bool = False,
    ) -> dict[str, Tensor]:
        """Synthesise one utterance; arguments as of ``VITSGenerator.latents`` without the batch axis. ``speech`` is not used.

        Args:
            max_len: No more frames than so many.
            return_frames: See ``AbsText2Wav.inference_batch``.
        Returns:
            ``wav`` (N,), ``att_w`` (T, L) and ``duration`` (L,).

        Shapes:
            text (L,), feats (T, F), sids (1,), spembs (E,), lids (1,), durations (L,)
        """
        given = {"sids": sids, "spembs": spembs, "lids": lids, "durations": durations}
        batch: dict[str, Any] = {name: value.unsqueeze(0) for name, value in given.items() if value is not None}
        if feats is not None and use_teacher_forcing:
            batch["feats"] = feats.unsqueeze(0)
            batch["feats_lengths"] = torch.tensor([len(feats)], device=feats.device)
        options = {"noise_scale": noise_scale, "noise_scale_dur": noise_scale_dur, "alpha": alpha, "max_len": max_len}
        return self.inference_batch(
            text.unsqueeze(0),
            torch.tensor([len(text)], device=text.device),
            [generator],
            return_frames,
            use_teacher_forcing=use_teacher_forcing,
            **options,
            **batch,
        )[0]

    @property
    def wave_generator(self) -> torch.nn.Module:
        """HiFi-GAN."""
        return self.generator.decoder

    def make_frames(  # type: ignore[override]
        self,
        text: Tensor,
        text_lengths: Tensor,
        generators: Generators,
        feats: Tensor | None = None,
        max_len: int | None = None,
        **conditions: Any,
    ) -> list[dict[str, Tensor]]:
        """Latent frames; see ``AbsText2Wav.make_frames`` and ``VITSGenerator.latents``.

        Shapes:
            text (B, L), text_lengths (B,), feats (B, T, F)
        """
        if feats is not None:
            conditions["feats"] = feats.transpose(1, 2)
        made = self.generator.latents(text, text_lengths, generators=generators, **conditions)
        outputs = []
        for row, (length, num_tokens) in enumerate(zip(made.lengths.tolist(), text_lengths.tolist())):
            durations = made.durations[row, :num_tokens]
            tokens = tokens_of_frames(durations[None], length)[0]
            frames = made.frames[row, :, :length].T
            output = {
                "frames": frames[:max_len],
                "att_w": torch.nn.functional.one_hot(tokens, num_tokens).to(frames.dtype),
                "duration": durations,
            }
            if made.condition is not None:
                output["condition"] = made.condition[row]
            outputs.append(output)
        return outputs
