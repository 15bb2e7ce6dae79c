"""Tacotron 2: a recurrent network with attention that writes a spectrogram frame after frame.

Shen et al., "Natural TTS Synthesis by Conditioning WaveNet on Mel Spectrogram Predictions", 2018,
https://arxiv.org/abs/1712.05884.
"""

# Shapes: B batch, N tokens with the end of the text, T frames, D features
import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from espnet2.tts.parts.autoregression import Ending, one_row, right_frames
from espnet2.tts.parts.randomness import Generators
from espnet2.tts.parts.signature import network_signature
from espnet2.tts.parts.speaker import ConditionedTTS
from espnet2.tts.parts.targets import append_eos, whole_steps
from espnet2.tts.tacotron2.decoder import Decoded
from espnet2.tts.tacotron2.tacotron2_options import Tacotron2Options


class Tacotron2(ConditionedTTS):
    """Tacotron 2.

    Args:
        idim: Tokens of the vocabulary; 0 is padding, the last one ends a text and is appended here.
        odim: D.
        **options: Those of ``Tacotron2Options``.

    Raises:
        InputError: If an option has an unknown value or one that is not supported.
    """

    __signature__: ClassVar[inspect.Signature] = network_signature(Tacotron2Options)

    def __init__(self, idim: int, odim: int, **options: Any) -> None:
        own = Tacotron2Options(**options)
        enc = own.make_encoder(idim)
        super().__init__(odim, enc.output_size, own, project_concat=False)
        self.eos = idim - 1
        self.reduction_factor = own.reduction_factor
        self.enc = enc
        self.dec = own.make_decoder(self.conditioned_size, odim)
        self.taco2_loss = own.make_loss()
        self.attn_loss = own.make_guided_attention_loss()

    def forward(
        self, text: Tensor, text_lengths: Tensor, feats: Tensor, feats_lengths: Tensor, **conditions: Tensor
    ) -> tuple[Tensor, Mapping[str, Any], Tensor]:
        """The loss of a batch; see ``AbsTTS.forward``. Of the conditions ``spembs``, ``sids`` and ``lids`` are looked at.

        Raises:
            InputError: If a condition is missing, or an utterance is shorter than a step.
        """
        text, text_lengths = append_eos(text, text_lengths, self.eos)
        feats, feats_lengths = whole_steps(feats, feats_lengths, self.reduction_factor)
        decoded = self._decode(text, text_lengths, feats, conditions)
        losses = self.taco2_loss(decoded.after, decoded.before, decoded.logits, feats, feats_lengths)
        loss = losses.total
        stats = {"l1_loss": losses.l1, "mse_loss": losses.l2, "bce_loss": losses.bce}
        if self.attn_loss is not None:
            stats["attn_loss"] = self.attn_loss(decoded.att_w, text_lengths, feats_lengths // self.reduction_factor)
            loss = loss + stats["attn_loss"]
        stats["loss"] = loss
        weight = torch.tensor(len(text), device=loss.device)
        return loss, {name: value.detach() for name, value in stats.items()}, weight

    def _decode(
        self, text: Tensor, text_lengths: Tensor, feats: Tensor, conditions: Mapping[str, Tensor | None]
    ) -> Decoded:
        """Shapes: text (B, N), text_lengths (B,), feats (B, T, D)."""
        encoded = self.condition(self.enc.encode(text, text_lengths), feats, **conditions)
        return self.dec(encoded, text_lengths, feats)

    @torch.no_grad()
    def inference(  # type: ignore[override]
        self,
        text: Tensor,
        feats: Tensor | None = None,
        spembs: Tensor | None = None,
        sids: Tensor | None = None,
        lids: Tensor | None = None,
        threshold: float = 0.5,
        minlenratio: float = 0.0,
        maxlenratio: float = 10.0,
        use_att_constraint: bool = False,
        backward_window: int = 1,
        forward_window: int = 3,
        use_teacher_forcing: bool = False,
        generator: torch.Generator | None = None,
    ) -> dict[str, Tensor]:
        """Synthesise one utterance.

        Args:
            text: Token ids, without the one that ends it.
            feats: The reference of a style, or the right frames of teacher forcing.
            spembs: The speaker's vector.
            sids: The speaker's number.
            lids: The language's number.
            threshold: The utterance has ended when the probability of that is as high.
            minlenratio: Frames per token at least.
            maxlenratio: Frames per token at most.
            use_att_constraint: Look only at tokens near the one of the last step.
            backward_window: How many before it.
            forward_window: How many after it.
            use_teacher_forcing: Write each step after the right frame.
            generator: Its random numbers; None: torch's own.
        Returns:
            ``feat_gen`` (T, D), ``prob`` (T,), ``att_w`` (steps, N).

        Raises:
            InputError: If a condition is missing.

        Shapes:
            text (N - 1,), feats (T, D), spembs (E,), sids (1,), lids (1,)
        """
        length = torch.tensor([len(text)], device=text.device)
        conditions: dict[str, Any] = one_row(spembs=spembs, sids=sids, lids=lids)
        if use_teacher_forcing:
            right, _ = whole_steps(*right_frames(feats), self.reduction_factor)
            decoded = self._decode(*append_eos(text[None], length, self.eos), right, conditions)
            return {"feat_gen": decoded.after[0], "prob": decoded.logits[0].sigmoid(), "att_w": decoded.att_w[0]}
        if feats is not None:
            conditions["feats"], conditions["feats_lengths"] = right_frames(feats)
        options: dict[str, Any] = {"threshold": threshold, "minlenratio": minlenratio, "maxlenratio": maxlenratio}
        options |= {"backward_window": backward_window, "forward_window": forward_window}
        return self.inference_batch(
            text[None], length, [generator], use_att_constraint=use_att_constraint, **options, **conditions
        )[0]

    @torch.no_grad()
    def inference_batch(  # type: ignore[override]
        self,
        text: Tensor,
        text_lengths: Tensor,
        generators: Generators | None = None,
        threshold: float = 0.5,
        minlenratio: float = 0.0,
        maxlenratio: float = 10.0,
        use_att_constraint: bool = False,
        backward_window: int = 1,
        forward_window: int = 3,
        **given: Any,
    ) -> list[dict[str, Tensor]]:
        """Synthesise several utterances together; see ``AbsTTS.inference_batch`` and ``inference`` for the options.

        Shapes:
            text (B, N - 1), text_lengths (B,)
        """
        tokens, lengths = append_eos(text, text_lengths, self.eos)
        encoded = self.condition_rows(self.enc.encode(tokens, lengths, hide_padding=True), given)
        window = (backward_window, forward_window) if use_att_constraint else None
        ending = Ending(threshold, minlenratio, maxlenratio)
        written = self.dec.inference(encoded, lengths, ending, window, generators or [None] * len(text))
        return [{"feat_gen": own.frames, "prob": own.probabilities, "att_w": own.seen} for own in written]
