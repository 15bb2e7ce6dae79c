"""A Transformer that writes a spectrogram frame after frame.

Li et al., "Neural Speech Synthesis with Transformer Network", 2019, https://arxiv.org/abs/1809.08895.
"""

# Shapes: B batch, N tokens with the end of the text, T frames, D features, R frames of a step, S steps
import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

import torch
from torch import Tensor

from espnet2.layers.initialize import initialize
from espnet2.layers.positional_encoding import ScaledPositionalEncoding
from espnet2.layers.transformer_layer import TransformerLayer
from espnet2.tts.parts.autoregression import Ending, Written, corrected, generate, one_row, right_frames
from espnet2.tts.parts.prenet import PrenetInput
from espnet2.tts.parts.randomness import Generators
from espnet2.tts.parts.signature import network_signature
from espnet2.tts.parts.speaker import ConditionedTTS
from espnet2.tts.parts.targets import append_eos, shifted, whole_steps
from espnet2.tts.transformer.transformer_options import TransformerOptions


class Transformer(ConditionedTTS):
    """Transformer-TTS.

    Args:
        idim: Tokens of the vocabulary; 0 is padding, the last one ends a text and is appended here.
        odim: D.
        **options: Those of ``TransformerOptions``.

    Raises:
        InputError: If an option has an unknown value.
    """

    __signature__: ClassVar[inspect.Signature] = network_signature(TransformerOptions)

    def __init__(self, idim: int, odim: int, **options: Any) -> None:
        own = TransformerOptions(**options)
        super().__init__(odim, own.adim, own)
        self.eos = idim - 1
        self.odim = odim
        self.reduction_factor = own.reduction_factor
        self.guided = own.make_guided_attentions()
        self.encoder = own.make_encoder(idim, self.guided)
        self.decoder = own.make_decoder(odim, self.guided)
        self.feat_out = torch.nn.Linear(own.adim, odim * own.reduction_factor)
        self.prob_out = torch.nn.Linear(own.adim, own.reduction_factor)
        self.postnet = own.make_postnet(odim, own.postnet_dropout_rate)
        self.criterion = own.make_loss()
        self._initialize(own.init_type, own.init_enc_alpha, own.init_dec_alpha)

    def _initialize(self, init_type: str, init_enc_alpha: float, init_dec_alpha: float) -> None:
        if init_type != "pytorch":
            initialize(self, init_type)
        for scale, value in zip(self._position_scales().values(), (init_enc_alpha, init_dec_alpha)):
            scale.data.fill_(value)

    def _position_scales(self) -> dict[str, torch.nn.Parameter]:
        """The learned scales by the names of their statistics."""
        positions = {"encoder_alpha": self.encoder.embed[-1], "decoder_alpha": self.decoder.embed[-1]}
        return {name: own.alpha for name, own in positions.items() if isinstance(own, ScaledPositionalEncoding)}

    def forward(
        self, text: Tensor, text_lengths: Tensor, feats: Tensor, feats_lengths: Tensor, **conditions: Tensor
    ) -> tuple[Tensor, Mapping[str, Any], Tensor]:
        """The loss of a batch; see ``AbsTTS.forward``. Of the conditions ``spembs``, ``sids`` and ``lids`` are looked at.

        Raises:
            InputError: If a condition is missing, or an utterance is shorter than a step.
        """
        text, text_lengths = append_eos(text, text_lengths, self.eos)
        feats, feats_lengths = whole_steps(feats, feats_lengths, self.reduction_factor)
        num_steps = feats_lengths // self.reduction_factor
        encoded = self.condition(self.encoder(text, text_lengths), feats, **conditions)
        decoded = self.decoder(encoded, text_lengths, shifted(feats, self.reduction_factor), num_steps)
        before, logits = self._output(decoded)
        losses = self.criterion(self.postnet(before), before, logits, feats, feats_lengths)
        guided = self.guided.losses(self._attentions(), text_lengths, num_steps)
        loss = losses.total + sum(guided.values())
        stats = {
            "l1_loss": losses.l1,
            "l2_loss": losses.l2,
            "bce_loss": losses.bce,
            **guided,
            **self._position_scales(),
        }
        stats["loss"] = loss
        weight = torch.tensor(len(text), device=loss.device)
        return loss, {name: value.detach() for name, value in stats.items()}, weight

    def _attentions(self) -> dict[str, Sequence[torch.nn.Module]]:
        encoders = cast(list[TransformerLayer], list(self.encoder.encoders))
        return {
            "encoder": [layer.self_attn for layer in encoders],
            "decoder": [layer.self_attn for layer in self.decoder.layers],
            "encoder-decoder": [layer.src_attn for layer in self.decoder.layers],
        }

    def _output(self, decoded: Tensor) -> tuple[Tensor, Tensor]:
        """Frames, and the logits of having ended.

        Shapes:
            decoded (B, S, adim) -> (B, T, D), (B, T)
        """
        frames = self.feat_out(decoded).unflatten(2, (self.reduction_factor, self.odim))
        return frames.flatten(1, 2), self.prob_out(decoded).flatten(1)

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
            use_teacher_forcing: Write each step after the right frame.
            generator: Its random numbers; None: torch's own.
        Returns:
            ``feat_gen`` (T, D), ``prob`` (T,), ``att_w`` (layers, heads, S, N).

        Raises:
            InputError: If a condition is missing.

        Shapes:
            text (N - 1,), feats (T, D), spembs (E,), sids (1,), lids (1,)
        """
        length = torch.tensor([len(text)], device=text.device)
        conditions: dict[str, Any] = one_row(spembs=spembs, sids=sids, lids=lids)
        if feats is not None:
            conditions["feats"], conditions["feats_lengths"] = right_frames(feats)
        if use_teacher_forcing:
            return self._write_after(text[None], length, *right_frames(feats), conditions)
        ending = Ending(threshold, minlenratio, maxlenratio)._asdict()
        return self.inference_batch(text[None], length, [generator], **ending, **conditions)[0]

    def _write_after(
        self, text: Tensor, length: Tensor, feats: Tensor, feats_lengths: Tensor, conditions: Mapping[str, Any]
    ) -> dict[str, Tensor]:
        """Write each step of an utterance after the right frame.

        Shapes:
            text (1, N - 1), length (1,), feats (1, T, D), feats_lengths (1,)
        """
        tokens, lengths = append_eos(text, length, self.eos)
        encoded = self.condition_rows(self.encoder(tokens, lengths), conditions)
        feats, feats_lengths = whole_steps(feats, feats_lengths, self.reduction_factor)
        last, num_steps = shifted(feats, self.reduction_factor), feats_lengths // self.reduction_factor
        seen: list[Tensor] = []
        frames, logits = self._output(self.decoder(encoded, lengths, last, num_steps, seen))
        return {"feat_gen": self.postnet(frames)[0], "prob": logits[0].sigmoid(), "att_w": torch.cat(seen)}

    @torch.no_grad()
    def inference_batch(  # type: ignore[override]
        self,
        text: Tensor,
        text_lengths: Tensor,
        generators: Generators | None = None,
        threshold: float = 0.5,
        minlenratio: float = 0.0,
        maxlenratio: float = 10.0,
        **given: Any,
    ) -> list[dict[str, Tensor]]:
        """Synthesise several utterances together; see ``AbsTTS.inference_batch`` and ``inference`` for the options.

        Shapes:
            text (B, N - 1), text_lengths (B,)
        """
        tokens, lengths = append_eos(text, text_lengths, self.eos)
        encoded = self.condition_rows(self.encoder(tokens, lengths, hide_padding=True), given)
        writer = _Writer(self, encoded, lengths, generators or [None] * len(text))
        written = generate(writer, lengths, Ending(threshold, minlenratio, maxlenratio))
        frames = corrected(self.postnet, written)
        return [_output_of(own, after) for own, after in zip(written, frames)]


def _output_of(written: Written, frames: Tensor) -> dict[str, Tensor]:
    """What ``inference`` gives of an utterance; frames (T, D) after the postnet."""
    att_w = written.seen.permute(1, 2, 0, 3)  # (layers, H, S, N)
    return {"feat_gen": frames, "prob": written.probabilities, "att_w": att_w}


class _Writer:
    """Steps of several utterances; see ``espnet2.tts.parts.autoregression.Writer``.

    Args:
        network: What takes them.
        encoded: Texts.
        lengths: Their tokens.
        generators: The utterances' random numbers, for the prenet.

    Shapes:
        encoded (B, N, adim), lengths (B,)
    """

    def __init__(self, network: Transformer, encoded: Tensor, lengths: Tensor, generators: Generators) -> None:
        self.network = network
        self.state = network.decoder.start(encoded, lengths)
        self.last = encoded.new_zeros(len(encoded), network.odim)
        first = network.decoder.embed[0]
        self.dropout = first.prenet.start_dropout(generators, encoded) if isinstance(first, PrenetInput) else None

    def step(self) -> tuple[Tensor, Tensor, Tensor]:
        """Shapes: -> (B, R, D), (B, R), (B, layers, H, N)."""
        decoded, weights, self.state = self.network.decoder.step(self.last, self.state, self.dropout)
        frames, logits = self.network._output(decoded.unsqueeze(1))
        self.last = frames[:, -1]
        return frames, logits, weights

    def keep(self, rows: Tensor) -> None:
        """Go on with some of the utterances: rows (B',)."""
        self.state, self.last = self.state.keep(rows), self.last[rows]
        if self.dropout is not None:
            self.dropout.keep(rows)
