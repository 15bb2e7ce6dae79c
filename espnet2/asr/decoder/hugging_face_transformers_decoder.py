"""A decoder, or a whole language model, of Hugging Face.

A decoder of an encoder-decoder network attends to the encoded speech; a language model (``causal_lm``) reads it before the
labels, as if it were embedded text.
"""
# Shapes: B batch, T frames, L labels, D model size, V vocabulary
#         U utterances, K hypotheses of each
import copy
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from espnet2.asr.abs_decoder import AbsDecoder
from espnet2.layers.hugging_face import build_hugging_face, copy_cache, new_cache, take_rows
from espnet2.layers.mask import make_pad_mask
from espnet2.layers.pretrained import mark_pretrained
from espnet2.search.scorer import Scorer, rows_of, rows_of_utterances
from espnet2.utils.errors import InputError


class HuggingFaceState(NamedTuple):
    """What the network keeps of U * K hypotheses."""

    cache: Any  # keys and values, in the network's own form
    source: Tensor  # (U * K, T, D)  encoded speech
    source_mask: Tensor  # (U * K, T)  1 on valid frames
    num_hypotheses: int  # K


class HuggingFaceTransformersDecoder(AbsDecoder, Scorer):
    """Labels to logits of the next label.

    Args:
        vocab_size: V; the network's embedding is brought to this size.
        encoder_output_size: Size of what the encoder gives; a linear map follows if the network's is another one.
        model_name_or_path: A folder, or the name of a published model.
        causal_lm: Whether the network is a language model rather than an encoder and a decoder.
        prefix: Text before the speech; not supported.
        postfix: Text between speech and labels; not supported.
        overriding_architecture_config: Entries of the network's configuration that are to be others.
        load_pretrained_weights: Begin with the published weights rather than at random.
        separate_lm_head: Do not share the output layer with the embedding.

    Raises:
        InputError: If transformers is not installed, the model is nowhere or of another kind, or texts are asked for.
    """

    def __init__(
        self,
        vocab_size: int,
        encoder_output_size: int,
        model_name_or_path: str,
        causal_lm: bool = False,
        prefix: str = "",
        postfix: str = "",
        overriding_architecture_config: Mapping[str, Any] | None = None,
        load_pretrained_weights: bool = True,
        separate_lm_head: bool = False,
    ) -> None:
        super().__init__()
        if prefix or postfix:
            raise InputError("decoder_conf: prefix and postfix are not supported; leave them out")
        kind = "AutoModelForCausalLM" if causal_lm else "AutoModelForSeq2SeqLM"
        changes = overriding_architecture_config
        model, is_pretrained = build_hugging_face(kind, model_name_or_path, load_pretrained_weights, changes)
        if vocab_size != model.get_input_embeddings().num_embeddings:
            model.resize_token_embeddings(vocab_size)
        self.causal_lm = causal_lm
        self.decoder: Any = model.base_model if causal_lm else model.get_decoder()
        head = model.get_output_embeddings()
        self.lm_head: torch.nn.Module = copy.deepcopy(head) if separate_lm_head else head
        size = int(model.config.hidden_size)
        self.linear_in = (
            torch.nn.Identity() if encoder_output_size == size else torch.nn.Linear(encoder_output_size, size)
        )
        # T5 scales what its embedding then projects
        self.output_scale = size**-0.5 if getattr(model.config, "scale_decoder_outputs", False) else 1.0
        if is_pretrained:
            mark_pretrained(self.decoder)
            mark_pretrained(self.lm_head)

    def forward(
        self, hs_pad: Tensor, hlens: Tensor, ys_in_pad: Tensor, ys_in_lens: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Score whole label sequences, each label seeing itself and the earlier ones only.

        Shapes:
            hs_pad (B, T, D'), hlens (B,), ys_in_pad (B, L), ys_in_lens (B,) -> (B, L, V), (B,)
        """
        source, source_mask = self.linear_in(hs_pad), _valid(hlens, hs_pad)
        label_mask = _valid(ys_in_lens, ys_in_pad)
        if self.causal_lm:
            embedded = torch.cat([source, self.decoder.get_input_embeddings()(ys_in_pad)], 1)
            hidden = self._read(embedded, torch.cat([source_mask, label_mask], 1), None)[:, source.size(1) :]
        else:
            hidden = self.decoder(
                input_ids=ys_in_pad,
                attention_mask=label_mask,
                encoder_hidden_states=source,
                encoder_attention_mask=source_mask,
                use_cache=False,
            ).last_hidden_state
        return self.lm_head(hidden * self.output_scale), ys_in_lens

    def _read(self, embedded: Tensor, mask: Tensor, cache: Any) -> Tensor:
        """The language model over vectors; padding has no place among their positions.

        Shapes:
            embedded (B, L', D), mask (B, L) with the last L' of L given -> (B, L', D)
        """
        positions = (mask.cumsum(1) - 1).clamp(min=0)[:, -embedded.size(1) :]
        return self.decoder(
            inputs_embeds=embedded,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=cache is not None,
        ).last_hidden_state

    def start(self, encoded: Tensor, lengths: Tensor) -> HuggingFaceState:
        """Read the encoded speech.

        Shapes:
            encoded (U, T, D'), lengths (U,)
        """
        source, mask, cache = self.linear_in(encoded), _valid(lengths, encoded), new_cache(not self.causal_lm)
        if self.causal_lm:
            self._read(source, mask, cache)
        return HuggingFaceState(cache, source, mask, 1)

    def score(
        self, prefixes: Tensor, state: HuggingFaceState, candidates: Tensor | None = None
    ) -> tuple[Tensor, HuggingFaceState]:
        """Log-probabilities of what follows the prefixes; computes their last tokens only.

        Shapes:
            prefixes (U, K, L) -> (U, K, V)
        """
        rows = prefixes.flatten(0, 1)  # (U * K, L)
        last = rows[:, -1:]
        cache = copy_cache(state.cache)
        if self.causal_lm:
            mask = torch.cat([state.source_mask, torch.ones_like(rows)], 1)
            hidden = self._read(self.decoder.get_input_embeddings()(last), mask, cache)
        else:
            hidden = self.decoder(
                input_ids=last,
                attention_mask=torch.ones_like(rows),
                encoder_hidden_states=state.source,
                encoder_attention_mask=state.source_mask,
                past_key_values=cache,
                use_cache=True,
            ).last_hidden_state
        scores = self.lm_head(hidden * self.output_scale).view(*prefixes.shape[:2], -1).log_softmax(-1)
        return scores, state._replace(cache=cache)

    def select(self, state: HuggingFaceState, parents: Tensor, tokens: Tensor) -> HuggingFaceState:
        """The survivors' keys and values.

        Shapes:
            parents (U, K')
        """
        return _take(state, rows_of(parents, state.num_hypotheses), parents.size(1))

    def keep(self, state: HuggingFaceState, utterances: Tensor) -> HuggingFaceState:
        """The state of some utterances.

        Shapes:
            utterances (U',)
        """
        return _take(state, rows_of_utterances(utterances, state.num_hypotheses), state.num_hypotheses)


def _valid(lengths: Tensor, padded: Tensor) -> Tensor:
    """1 on valid frames or labels: lengths (B,), padded (B, T, ...) -> (B, T)."""
    return (~make_pad_mask(lengths, padded.size(1))).to(padded.device, torch.long)


def _take(state: HuggingFaceState, rows: Tensor, num_hypotheses: int) -> HuggingFaceState:
    source, mask = state.source.index_select(0, rows), state.source_mask.index_select(0, rows)
    return HuggingFaceState(take_rows(state.cache, rows), source, mask, num_hypotheses)
