"""The generator of VITS: text to a waveform through latent frames.

Kim et al., "Conditional Variational Autoencoder with Adversarial Learning for End-to-End Text-to-Speech", 2021,
https://arxiv.org/abs/2106.06103.
"""

# Shapes: B batch, L tokens, T frames, F features, C channels, G conditions, W frames of a segment
import inspect
import math
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from espnet2.gan_tts.segments import random_segments
from espnet2.gan_tts.vits.options import VITSOptions
from espnet2.layers.mask import make_pad_mask
from espnet2.tts.parts.alignment import monotonic_alignment_search
from espnet2.tts.parts.length_regulator import regulate_length, scale_durations
from espnet2.tts.parts.randomness import Generators, padded_normal
from espnet2.tts.parts.signature import network_signature
from espnet2.tts.parts.speaker import looked_up, unit_vectors
from espnet2.utils.errors import InputError


class Generated(NamedTuple):
    """What the losses need of a batch."""

    wav: Tensor  # (B, 1, W * samples per frame)
    starts: Tensor  # (B,) first frame of each segment
    duration_nll: Tensor  # scalar
    mask: Tensor  # (B, 1, T) 1 on valid frames
    prior_latent: Tensor  # (B, C, T) posterior's sample on the prior's side of the flow
    prior_mean: Tensor  # (B, C, T)
    prior_log_deviation: Tensor  # (B, C, T)
    posterior_log_deviation: Tensor  # (B, C, T)


class Latents(NamedTuple):
    """What waveforms are made of."""

    frames: Tensor  # (B, C, T) 0 on padding
    condition: Tensor | None  # (B, G, 1)
    durations: Tensor  # (B, L)
    lengths: Tensor  # (B,)


class VITSGenerator(torch.nn.Module):
    """Text encoder, posterior encoder, flow, duration predictor and HiFi-GAN.

    Args:
        vocabs: Number of tokens.
        aux_channels: Features F of the posterior encoder.
        **options: Those of ``VITSOptions``.

    Raises:
        InputError: If options have unknown values or do not fit together.
    """

    __signature__: ClassVar[inspect.Signature] = network_signature(VITSOptions, ("vocabs", "aux_channels"))

    def __init__(self, vocabs: int, aux_channels: int, **options: Any) -> None:
        super().__init__()
        own = VITSOptions(**options)
        self.segment_size = own.segment_size
        self.text_encoder = own.make_text_encoder(vocabs)
        self.decoder = own.make_decoder()
        self.posterior_encoder = own.make_posterior_encoder(aux_channels)
        self.flow = own.make_flow()
        self.duration_predictor = own.make_duration_predictor()
        self.upsample_factor = self.decoder.upsample_factor
        size, speakers, languages = own.global_channels, own.num_speakers, own.num_languages
        self.global_emb = torch.nn.Embedding(speakers, size) if speakers else None
        self.spemb_proj = torch.nn.Linear(own.vector_size, size) if own.vector_size else None
        self.lang_emb = torch.nn.Embedding(languages, size) if languages else None

    def forward(
        self,
        text: Tensor,
        text_lengths: Tensor,
        feats: Tensor,
        feats_lengths: Tensor,
        sids: Tensor | None = None,
        spembs: Tensor | None = None,
        lids: Tensor | None = None,
    ) -> Generated:
        """Make segments of waveforms, and what the losses need.

        Args:
            text: Token ids, padded with 0.
            text_lengths: Tokens of each utterance.
            feats: Spectrograms.
            feats_lengths: Frames of each utterance.
            sids: Numbers of the speakers.
            spembs: Vectors of the speakers.
            lids: Numbers of the languages.
        Raises:
            InputError: If a condition is missing.

        Shapes:
            text (B, L), feats (B, F, T), sids (B, 1), spembs (B, E), lids (B, 1)
        """
        x, mean, log_deviation, x_mask = self.text_encoder(text, text_lengths)
        g = self._condition(sids, spembs, lids)
        z, _, posterior_log_deviation, y_mask = self.posterior_encoder(feats, feats_lengths, g)
        z_p = self.flow(z, y_mask, g)
        durations = align(z_p, mean, log_deviation, feats_lengths, text_lengths)
        nll = self.duration_predictor(x, x_mask, durations.unsqueeze(1).to(x), g) / x_mask.sum()
        segment, starts = random_segments(z, feats_lengths, self.segment_size)
        return Generated(
            self.decoder(segment, g),
            starts,
            nll.sum(),
            y_mask,
            z_p,
            _expand(mean, durations),
            _expand(log_deviation, durations),
            posterior_log_deviation,
        )

    def latents(
        self,
        text: Tensor,
        text_lengths: Tensor,
        feats: Tensor | None = None,
        feats_lengths: Tensor | None = None,
        sids: Tensor | None = None,
        spembs: Tensor | None = None,
        lids: Tensor | None = None,
        durations: Tensor | None = None,
        noise_scale: float = 0.667,
        noise_scale_dur: float = 0.8,
        alpha: float = 1.0,
        use_teacher_forcing: bool = False,
        generators: Generators | None = None,
    ) -> Latents:
        """Make what the decoder makes audible; each utterance's comes out as it does alone.

        Args:
            text: Token ids, padded with 0.
            text_lengths: Tokens of each utterance.
            feats: Spectrograms, for teacher forcing.
            feats_lengths: Frames of each.
            sids: Numbers of the speakers.
            spembs: Vectors of the speakers.
            lids: Numbers of the languages.
            durations: Frames of each token, instead of predicted ones.
            noise_scale: How much the latent frames vary.
            noise_scale_dur: How much durations vary.
            alpha: Factor of durations: above 1 is slower.
            use_teacher_forcing: Take latent frames and durations from ``feats``.
            generators: Random numbers of each utterance; None: torch's own.
        Raises:
            InputError: If a condition is missing, or the spectrogram for teacher forcing.

        Shapes:
            text (B, L), feats (B, F, T), sids (B, 1), spembs (B, E), lids (B, 1), durations (B, L)
        """
        streams = generators or [None] * len(text)
        x, mean, log_deviation, x_mask = self.text_encoder(text, text_lengths, hide_padding=True)
        g = self._condition(sids, spembs, lids)
        if use_teacher_forcing:
            if feats is None or feats_lengths is None:
                raise InputError("Teacher forcing needs the speech beside the text.")
            z, _, _, y_mask = self.posterior_encoder(feats, feats_lengths, g)
            durations = align(self.flow(z, y_mask, g), mean, log_deviation, feats_lengths, text_lengths)
        else:
            if durations is None:
                log_durations = self.duration_predictor.inference(x, x_mask, g, noise_scale_dur, streams)
                durations = (log_durations.exp() * x_mask * alpha).ceil().squeeze(1).long()
            durations = scale_durations(durations, text_lengths)
            y_mask = (~make_pad_mask(durations.sum(1))).unsqueeze(1).to(x)
            mean, log_deviation = _expand(mean, durations), _expand(log_deviation, durations)
            noise = padded_normal(streams, mean.size(1), durations.sum(1).tolist(), mean)
            z_p = mean + noise * log_deviation.exp() * noise_scale
            z = self.flow.inverse(z_p, y_mask, g)
        return Latents(z * y_mask, g, durations, durations.sum(1))

    def _condition(self, sids: Tensor | None, spembs: Tensor | None, lids: Tensor | None) -> Tensor | None:
        """Sum of what is known of speaker and language: (B, G, 1), or None if nothing is asked for.

        Raises:
            InputError: If one is missing or does not fit.
        """
        parts = []
        if self.global_emb is not None:
            parts.append(looked_up(self.global_emb, sids, "sids"))
        if self.spemb_proj is not None:
            parts.append(self.spemb_proj(unit_vectors(spembs, self.spemb_proj.in_features)))
        if self.lang_emb is not None:
            parts.append(looked_up(self.lang_emb, lids, "lids"))
        return torch.stack(parts).sum(0).unsqueeze(-1) if parts else None


def _expand(x: Tensor, durations: Tensor) -> Tensor:
    """Repeat each token's column: x (B, C, L), durations (B, L) -> (B, C, T)."""
    return regulate_length(x.transpose(1, 2), durations).transpose(1, 2)


@torch.no_grad()
def align(z_p: Tensor, mean: Tensor, log_deviation: Tensor, lengths: Tensor, text_lengths: Tensor) -> Tensor:
    """Frames of each token on the most likely monotonic path (section 2.2.1, equation 5).

    Args:
        z_p: Latent frames on the prior's side.
        mean: Of the prior, per token.
        log_deviation: Of the prior, per token.
        lengths: Frames of each utterance.
        text_lengths: Tokens of each utterance.

    Shapes:
        z_p (B, C, T), mean (B, C, L), log_deviation (B, C, L), lengths (B,), text_lengths (B,) -> (B, L)
    """
    precision = (-2 * log_deviation).exp()
    constant = (-0.5 * math.log(2 * math.pi) - log_deviation - 0.5 * mean.square() * precision).sum(1)  # (B, L)
    z_p = z_p.transpose(1, 2)  # (B, T, C)
    scores = constant.unsqueeze(1) - 0.5 * z_p.square() @ precision + z_p @ (mean * precision)
    return monotonic_alignment_search(scores, lengths, text_lengths)
