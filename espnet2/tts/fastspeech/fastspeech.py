"""FastSpeech: all frames at once, from tokens whose durations are predicted.

Ren et al., "FastSpeech: Fast, Robust and Controllable Text to Speech", 2019, https://arxiv.org/abs/1905.09263.
"""
# Shapes: B batch, L tokens, T frames, U units of duration (frames / reduction factor), D features, H model size
import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from espnet2.layers.initialize import initialize
from espnet2.layers.mask import make_pad_mask
from espnet2.tts.data_needs import missing
from espnet2.tts.fastspeech.fastspeech_options import FastSpeechOptions
from espnet2.tts.feats_extract.per_token import check_durations
from espnet2.tts.parts.length_regulator import regulate_length, scale_durations
from espnet2.tts.parts.postnet import Postnet
from espnet2.tts.parts.randomness import Generators
from espnet2.tts.parts.signature import network_signature
from espnet2.tts.parts.speaker import ConditionedTTS, present_conditions
from espnet2.tts.parts.targets import append_eos, frame_weights, refuse_both_maskings, whole_steps
from espnet2.tts.parts.variance_predictor import VariancePredictor, log_durations, to_durations
from espnet2.utils.errors import InputError

Tensors = dict[str, Tensor]


class FastSpeech(ConditionedTTS):
    """Encoder, duration predictor, length regulator, decoder, postnet.

    Args:
        idim: Tokens of the list; the last of them ends each text.
        odim: Features D.
        **options: Those of ``FastSpeechOptions``.

    Raises:
        InputError: If options do not fit together.
    """

    wanted_data: tuple[str, ...] = ("durations",)
    ends_text = True
    options_class: ClassVar[type[FastSpeechOptions]] = FastSpeechOptions
    __signature__: ClassVar[inspect.Signature] = network_signature(FastSpeechOptions)

    def __init__(self, idim: int, odim: int, **options: Any) -> None:
        o = self.options_class(**options)
        super().__init__(odim, o.adim, o)
        refuse_both_maskings(o.use_masking, o.use_weighted_masking)
        self.eos = idim - 1
        self.odim = odim
        self.reduction_factor = o.reduction_factor
        self.use_masking, self.use_weighted_masking = o.use_masking, o.use_weighted_masking
        self.encoder = o.make_encoder(idim)
        self.duration_predictor = VariancePredictor(
            o.adim,
            o.duration_predictor_layers,
            o.duration_predictor_chans,
            o.duration_predictor_kernel_size,
            o.duration_predictor_dropout_rate,
        )
        self._build_variances(o)
        self.decoder = o.make_decoder()
        self.feat_out = torch.nn.Linear(o.adim, odim * o.reduction_factor)
        self.has_postnet = o.postnet_layers > 0
        self.postnet = Postnet(
            odim, o.postnet_layers, o.postnet_chans, o.postnet_filts, o.use_batch_norm, o.postnet_dropout_rate
        )
        if o.init_type != "pytorch":
            initialize(self, o.init_type)
        for stack, alpha in ((self.encoder, o.init_enc_alpha), (self.decoder, o.init_dec_alpha)):
            if stack.position_scale is not None:
                torch.nn.init.constant_(stack.position_scale, alpha)

    def _build_variances(self, options: Any) -> None:
        """Make what predicts and tells other values of tokens than durations."""

    # ----- training -----
    def forward(  # type: ignore[override]
        self, text: Tensor, text_lengths: Tensor, feats: Tensor, feats_lengths: Tensor, **given: Tensor
    ) -> tuple[Tensor, dict[str, Any], Tensor]:
        """The loss of a batch.

        Args:
            text: Token ids, padded with 0.
            text_lengths: Tokens of each utterance.
            feats: Features, padded with 0.
            feats_lengths: Frames of each utterance.
            **given: ``durations`` (B, L + 1) with one for the end of the text, ``durations_lengths`` (B,), and conditions.
        Returns:
            The loss, statistics by name, and the number of utterances.
        Raises:
            InputError: If something is missing, or durations do not sum to the frames.

        Shapes:
            text (B, L), text_lengths (B,), feats (B, T, D), feats_lengths (B,)
        """
        tokens, lengths = append_eos(text, text_lengths, self.eos)
        given = {"feats": feats[:, : int(feats_lengths.max())], "feats_lengths": feats_lengths, **given}
        hs = self.condition(self.encoder(tokens, lengths), **present_conditions(given))
        targets, losses = self._targets(hs, lengths, given)
        predicted = self._predict(hs, make_pad_mask(lengths))
        before, after = self._decode(self._embed(hs, targets), targets["durations"])
        losses = self._distances(before, after, given) | self._errors(predicted, targets, lengths) | losses
        loss = torch.stack(list(losses.values())).sum()
        stats = {**losses, **self._position_scales(), "loss": loss}
        return loss, {name: value.detach() for name, value in stats.items()}, torch.tensor(len(text), device=loss.device)

    def _targets(self, hs: Tensor, lengths: Tensor, given: Mapping[str, Tensor]) -> tuple[Tensors, Tensors]:
        """What the predictors are to learn, by name, and losses of how it was found."""
        return {"durations": self._given_durations(lengths, given)}, {}

    def _given_durations(self, lengths: Tensor, given: Mapping[str, Tensor]) -> Tensor:
        if given.get("durations") is None:
            raise missing(self, "durations")
        durations, found = given["durations"], given["durations_lengths"]
        for row in torch.nonzero(found != lengths).flatten().tolist():
            raise InputError(
                f"Utterance {row + 1} of the batch has {int(found[row])} durations for {int(lengths[row])} tokens (the end of "
                "the text counts as one). Were they made with other tokens?"
            )
        if "feats_lengths" in given:
            check_durations(durations, found, given["feats_lengths"], self.reduction_factor)
        return durations[:, : int(lengths.max())].long()

    def _distances(self, before: Tensor, after: Tensor, given: Mapping[str, Tensor]) -> Tensors:
        """How far the features are from the speech, before the postnet and after it."""
        feats, lengths = whole_steps(given["feats"], given["feats_lengths"], self.reduction_factor)
        weights = frame_weights(lengths, feats.size(1), self.use_masking, self.use_weighted_masking)
        distances = (before - feats).abs()
        if self.has_postnet:
            distances = distances + (after - feats).abs()
        return {"l1_loss": (distances.mean(2) * weights).sum()}

    def _errors(self, predicted: Tensors, targets: Tensors, lengths: Tensor) -> Tensors:
        """Squared errors of the predictors."""
        weights = frame_weights(lengths, int(lengths.max()), self.use_masking, self.use_weighted_masking)
        wanted = {**targets, "durations": log_durations(targets["durations"])}
        return {
            f"{name.removesuffix('s')}_loss": ((value - wanted[name]).square() * weights).sum()
            for name, value in predicted.items()
        }

    def _position_scales(self) -> Tensors:
        scales = {"encoder_alpha": self.encoder.position_scale, "decoder_alpha": self.decoder.position_scale}
        return {name: scale for name, scale in scales.items() if scale is not None}

    # ----- both -----
    def _predict(self, hs: Tensor, pad_mask: Tensor, hide_padding: bool = False) -> Tensors:
        """Values of tokens by name; durations as logarithms: hs (B, L, H), pad_mask (B, L) -> (B, L) each."""
        return {"durations": self.duration_predictor(hs, pad_mask, hide_padding)}

    def _embed(self, hs: Tensor, values: Tensors) -> Tensor:
        """Tell the tokens what they shall sound like: hs (B, L, H), values (B, L) -> (B, L, H)."""
        return hs

    def _decode(self, hs: Tensor, durations: Tensor, hide_padding: bool = False) -> tuple[Tensor, Tensor]:
        """Tokens to features before the postnet and after it: hs (B, L, H), durations (B, L) -> (B, T, D), (B, T, D)."""
        num_units = durations.sum(1)
        zs = self.decoder(regulate_length(hs, durations), num_units, hide_padding)  # (B, U, H)
        before = self.feat_out(zs).view(len(zs), -1, self.odim)
        pad_mask = make_pad_mask(num_units * self.reduction_factor) if hide_padding else None
        return before, self.postnet(before, pad_mask)

    # ----- synthesis -----
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
        """Synthesise several utterances; each comes out as it does alone.

        Args:
            text: Token ids, padded with 0.
            text_lengths: Tokens of each utterance.
            generators: Not used: nothing is random.
            alpha: Tempo: durations are multiplied by it.
            use_teacher_forcing: Take the given values (``durations`` and so on) in place of predicted ones.
            **given: As of ``forward``, and the network's own options of ``inference``; ``feats`` and ``feats_lengths`` are the
                reference of the style.
        Returns:
            Of each ``feat_gen`` (T, D), and the values that were used for each token and for the end of the text, ``duration``
            (L + 1,) in frames (of ``reduction_factor``) and so on.
        Raises:
            InputError: If something is missing.

        Shapes:
            text (B, L), text_lengths (B,)
        """
        tokens, lengths = append_eos(text, text_lengths, self.eos)
        pad_mask = make_pad_mask(lengths)
        hs = self.condition_rows(self.encoder(tokens, lengths, hide_padding=True), given)
        if use_teacher_forcing:
            values, _ = self._targets(hs, lengths, given)
        else:
            values = self._predict(hs, pad_mask, hide_padding=True)
            values["durations"] = to_durations(values["durations"]).masked_fill(pad_mask, 0)
        values = self._controlled(values, pad_mask, given)
        durations = values["durations"] = scale_durations(values["durations"], lengths, alpha)
        _, feats = self._decode(self._embed(hs, values), durations, hide_padding=True)
        return self._rows("feat_gen", feats, values, lengths)

    def _rows(self, name: str, frames: Tensor, values: Tensors, lengths: Tensor) -> list[dict[str, Tensor]]:
        """What each utterance has: frames (B, T, D) by the name, and values (B, L) of its tokens, lengths (B,)."""
        num_frames = values["durations"].sum(1) * self.reduction_factor
        durations = values["durations"]
        others = {own: value.unsqueeze(-1) for own, value in values.items() if own != "durations"}  # (B, L, 1)
        return [
            {
                name: frames[row, :length],
                "duration": durations[row, :num_tokens],
                **{own: value[row, :num_tokens] for own, value in others.items()},
            }
            for row, (length, num_tokens) in enumerate(zip(num_frames.tolist(), lengths.tolist()))
        ]

    def inference(  # type: ignore[override]
        self,
        text: Tensor,
        feats: Tensor | None = None,
        durations: Tensor | None = None,
        spembs: Tensor | None = None,
        sids: Tensor | None = None,
        lids: Tensor | None = None,
        alpha: float = 1.0,
        use_teacher_forcing: bool = False,
    ) -> dict[str, Tensor]:
        """Synthesise one utterance; see ``inference_batch``.

        Args:
            text: Token ids.
            feats: Features: the reference of the style.
            durations: Frames of each token and of the end of the text, for teacher forcing.
            spembs: The speaker's vector.
            sids: The speaker's number.
            lids: The language's number.
            alpha: Tempo: durations are multiplied by it.
            use_teacher_forcing: Take the given durations in place of predicted ones.
        Returns:
            ``feat_gen`` (T, D) and ``duration`` (L + 1,).

        Shapes:
            text (L,), feats (T, D), durations (L + 1,), spembs (E,), sids (1,), lids (1,)
        """
        given = {"feats": feats, "durations": durations, "spembs": spembs, "sids": sids, "lids": lids}
        return self._inference(text, given, alpha=alpha, use_teacher_forcing=use_teacher_forcing)

    def _inference(self, text: Tensor, given: Mapping[str, Tensor | None], **options: Any) -> dict[str, Tensor]:
        """Synthesise a batch of one."""
        batch: dict[str, Any] = {name: value[None] for name, value in given.items() if value is not None}
        for name in ("feats", "durations"):
            if name in batch:
                batch[f"{name}_lengths"] = text.new_tensor([batch[name].size(1)])
        return self.inference_batch(text[None], text.new_tensor([len(text)]), **batch, **options)[0]

    def _controlled(self, values: Tensors, pad_mask: Tensor, given: Mapping[str, Any]) -> Tensors:
        """Values changed as the user wishes: (B, L) each, pad_mask (B, L)."""
        return values
