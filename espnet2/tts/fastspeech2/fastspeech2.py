"""FastSpeech 2: FastSpeech that predicts pitch and energy of each token too, and tells them to the decoder.

Ren et al., "FastSpeech 2: Fast and High-Quality End-to-End Text to Speech", 2020, https://arxiv.org/abs/2006.04558; one value
per token as in Lancucki, "FastPitch", 2020, https://arxiv.org/abs/2006.06873. With ``learn_alignment`` the durations are found
in training: see ``espnet2.tts.parts.alignment``.
"""
# Shapes: B batch, L tokens, T frames, D features, H model size
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from espnet2.layers.dropout import Dropout
from espnet2.tts.data_needs import given_and_learned, missing
from espnet2.tts.fastspeech.fastspeech import FastSpeech, Tensors
from espnet2.tts.fastspeech.fastspeech_options import FastSpeech2Options, VarianceOptions
from espnet2.tts.feats_extract.per_token import average_per_token
from espnet2.tts.parts.alignment import (
    AlignmentModule,
    binarization_loss,
    forward_sum_loss,
    monotonic_alignment_search,
)
from espnet2.tts.parts.signature import network_signature
from espnet2.tts.parts.variance_predictor import VariancePredictor
from espnet2.utils.errors import InputError

VARIANCES = ("pitch", "energy")
Scale = float | Callable[[Tensor], Tensor]


class FastSpeech2(FastSpeech):
    """FastSpeech with pitch and energy.

    Args:
        idim: Tokens of the list; the last of them ends each text.
        odim: Features D.
        **options: Those of ``FastSpeech2Options``.

    Raises:
        InputError: If options do not fit together.
    """

    options_class = FastSpeech2Options
    __signature__: ClassVar[inspect.Signature] = network_signature(FastSpeech2Options)

    def _build_variances(self, options: FastSpeech2Options) -> None:
        self.stop_gradient = {name: options.variance(name).stop_gradient for name in VARIANCES}
        self.pitch_predictor = _predictor(options.adim, options.variance("pitch"))
        self.pitch_embed = _embedding(options.adim, options.variance("pitch"))
        self.energy_predictor = _predictor(options.adim, options.variance("energy"))
        self.energy_embed = _embedding(options.adim, options.variance("energy"))
        self.lambda_align = options.lambda_align
        self.alignment_module = AlignmentModule(options.adim, self.odim) if options.learn_alignment else None
        self.learns_durations = options.learn_alignment
        self.wanted_data = VARIANCES if options.learn_alignment else ("durations", *VARIANCES)

    def forward(  # type: ignore[override]
        self, text: Tensor, text_lengths: Tensor, feats: Tensor, feats_lengths: Tensor, **given: Tensor
    ) -> tuple[Tensor, dict[str, Any], Tensor]:
        """The loss of a batch.

        Args:
            text: Token ids, padded with 0.
            text_lengths: Tokens of each utterance.
            feats: Features, padded with 0.
            feats_lengths: Frames of each utterance.
            **given: As of ``FastSpeech.forward``, and ``pitch`` and ``energy`` (B, L + 1, 1). With ``learn_alignment`` no
                ``durations``, and ``pitch`` and ``energy`` (B, T, 1).
        Returns:
            The loss, statistics by name, and the number of utterances.
        Raises:
            InputError: If something is missing or does not fit.

        Shapes:
            text (B, L), text_lengths (B,), feats (B, T, D), feats_lengths (B,)
        """
        if self.alignment_module is not None and given.get("durations") is not None:
            raise given_and_learned(self)
        return super().forward(text, text_lengths, feats, feats_lengths, **given)

    def _targets(self, hs: Tensor, lengths: Tensor, given: Mapping[str, Tensor]) -> tuple[Tensors, Tensors]:
        losses: Tensors = {}
        if self.alignment_module is not None and given.get("durations") is None:
            durations, losses = self._align(hs, lengths, given)
        else:
            durations = self._given_durations(lengths, given)
        targets = {"durations": durations}
        for name in VARIANCES:
            targets[name] = self._given_values(name, durations, lengths, given)
        return targets, losses

    def _align(self, hs: Tensor, lengths: Tensor, given: Mapping[str, Tensor]) -> tuple[Tensor, Tensors]:
        """Durations by the best path through the learned alignment, and its losses."""
        assert self.alignment_module is not None
        if given.get("feats") is None:
            raise InputError("Without durations teacher forcing needs the speech, to which the text is then aligned.")
        num_frames = given["feats_lengths"]
        log_probs = self.alignment_module(hs, given["feats"], lengths, num_frames)  # (B, T, L)
        durations = monotonic_alignment_search(log_probs, num_frames, lengths)
        return durations, {
            "align_loss": self.lambda_align * forward_sum_loss(log_probs, lengths, num_frames),
            "bin_loss": self.lambda_align * binarization_loss(log_probs, durations, num_frames),
        }

    def _given_values(self, name: str, durations: Tensor, lengths: Tensor, given: Mapping[str, Tensor]) -> Tensor:
        """Pitch or energy of each token: (B, L)."""
        if given.get(name) is None:
            raise missing(self, name)
        values = given[name].flatten(1)  # (B, L) or (B, T)
        if self.alignment_module is None:
            if values.size(1) != durations.size(1):
                raise InputError(
                    f"{name}: {values.size(1)} values for {durations.size(1)} tokens. FastSpeech2 wants the mean of each token: "
                    "set use_token_averaged_f0 and use_token_averaged_energy to true."
                )
            return values
        longest = int(durations.sum(1).max())
        if values.size(1) != longest:
            raise InputError(
                f"{name}: {values.size(1)} values for {longest} frames. learn_alignment wants one for each frame: set "
                "use_token_averaged_f0 and use_token_averaged_energy to false."
            )
        return torch.stack([average_per_token(own, number) for own, number in zip(values, durations)])

    def _predict(self, hs: Tensor, pad_mask: Tensor, hide_padding: bool = False) -> Tensors:
        predicted = super()._predict(hs, pad_mask, hide_padding)
        for name, predictor in (("pitch", self.pitch_predictor), ("energy", self.energy_predictor)):
            predicted[name] = predictor(hs.detach() if self.stop_gradient[name] else hs, pad_mask, hide_padding)
        return predicted

    def _embed(self, hs: Tensor, values: Tensors) -> Tensor:
        pitch, energy = (values[name].unsqueeze(1) for name in VARIANCES)  # (B, 1, L)
        return hs + (self.energy_embed(energy) + self.pitch_embed(pitch)).transpose(1, 2)

    def _controlled(self, values: Tensors, pad_mask: Tensor, given: Mapping[str, Any]) -> Tensors:
        """Apply ``pitch_scale`` and ``energy_scale``."""
        changed = dict(values)
        for name in VARIANCES:
            scale = given.get(f"{name}_scale", 1.0)
            if scale != 1.0:
                scaled = scale(values[name]) if callable(scale) else values[name] * scale
                changed[name] = scaled.masked_fill(pad_mask, 0.0)
        return changed

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
    ) -> dict[str, Tensor]:
        """Synthesise one utterance; ``inference_batch`` takes the same for several.

        Args:
            text: Token ids.
            feats: Features: the reference of the style, and what text is aligned to in teacher forcing without durations.
            durations: Frames of each token and of the end of the text, for teacher forcing.
            pitch: Pitch, for teacher forcing: of each token, or with ``learn_alignment`` of each frame.
            energy: Energy alike.
            spembs: The speaker's vector.
            sids: The speaker's number.
            lids: The language's number.
            alpha: Tempo: durations are multiplied by it.
            pitch_scale: Factor of the pitch on the scale that the network knows, or a function of that pitch.
            energy_scale: The same of the energy.
            use_teacher_forcing: Take the given values in place of predicted ones.
        Returns:
            ``feat_gen`` (T, D), ``duration`` (L + 1,), ``pitch`` (L + 1, 1), ``energy`` (L + 1, 1).

        Shapes:
            text (L,), feats (T, D), durations (L + 1,), pitch (L + 1, 1) or (T, 1), energy (L + 1, 1) or (T, 1),
            spembs (E,), sids (1,), lids (1,)
        """
        given = {"feats": feats, "durations": durations, "pitch": pitch, "energy": energy}
        given |= {"spembs": spembs, "sids": sids, "lids": lids}
        scales = {"pitch_scale": pitch_scale, "energy_scale": energy_scale}
        return self._inference(text, given, alpha=alpha, use_teacher_forcing=use_teacher_forcing, **scales)


def _predictor(size: int, options: VarianceOptions) -> VariancePredictor:
    return VariancePredictor(size, options.layers, options.chans, options.kernel_size, options.dropout)


def _embedding(size: int, options: VarianceOptions) -> torch.nn.Module:
    """Vectors of values: (B, 1, L) -> (B, H, L)."""
    kernel_size = options.embed_kernel_size
    conv = torch.nn.Conv1d(1, size, kernel_size, padding=(kernel_size - 1) // 2)
    return torch.nn.Sequential(conv, Dropout(options.embed_dropout))
