"""A language model that begins as one of the OPT family.

Zhang et al., "OPT: Open Pre-trained Transformer Language Models", 2022, https://arxiv.org/abs/2205.01068
"""
# Shapes: B batch, L labels, V vocabulary; in the search U utterances, K hypotheses of each
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from espnet2.layers.hugging_face import build_hugging_face, copy_cache, join_rows, new_cache, take_rows
from espnet2.layers.pretrained import mark_pretrained
from espnet2.lm.abs_model import AbsLM
from espnet2.search.scorer import rows_of, rows_of_utterances
from espnet2.utils.errors import InputError


class OPTState(NamedTuple):
    """Keys and values of U * K hypotheses."""

    cache: Any  # in the network's own form
    num_hypotheses: int  # K


class TransformerOPTLM(AbsLM):
    """OPT's decoder with an embedding and an output layer of the token list. Id 0 is padding and never looked at.

    Embedding and output layer begin at random unless the token list has as many tokens as the published model.

    Args:
        vocab_size: V.
        opt_name: A folder, or the name of a published model such as ``facebook/opt-125m``.

    Raises:
        InputError: If transformers is not installed, the model is nowhere, or it is not of this family.
    """

    def __init__(self, vocab_size: int, opt_name: str = "facebook/opt-125m") -> None:
        super().__init__()
        model, is_pretrained = build_hugging_face("AutoModelForCausalLM", opt_name)
        if model.config.model_type != "opt":
            raise InputError(f"lm_conf: opt_name {opt_name} is of the family {model.config.model_type}, not opt")
        self.decoder: torch.nn.Module = model.get_decoder()
        size = int(model.config.word_embed_proj_dim)
        self.lm_head = torch.nn.Linear(size, vocab_size, bias=False)
        if vocab_size == model.config.vocab_size:
            self.lm_head.weight.data.copy_(model.get_output_embeddings().weight)
        else:
            self.decoder.set_input_embeddings(torch.nn.Embedding(vocab_size, size))
        if is_pretrained:
            mark_pretrained(self)

    def forward(self, input: Tensor, hidden: None) -> tuple[Tensor, None]:
        """Score whole sequences.

        Shapes:
            input (B, L) -> (B, L, V)
        """
        hidden_states = self.decoder(input_ids=input, attention_mask=(input != 0).long(), use_cache=False)
        return self.lm_head(hidden_states.last_hidden_state), None

    def start(self, encoded: Tensor, lengths: Tensor) -> OPTState:
        """An empty cache."""
        return OPTState(new_cache(has_source=False), 1)

    def score(self, prefixes: Tensor, state: OPTState, candidates: Tensor | None = None) -> tuple[Tensor, OPTState]:
        """Log-probabilities of what follows; computes the last tokens only.

        Shapes:
            prefixes (U, K, L) -> (U, K, V)
        """
        rows = prefixes.flatten(0, 1)  # (U * K, L)
        cache = copy_cache(state.cache)
        hidden_states = self.decoder(
            input_ids=rows[:, -1:], attention_mask=(rows != 0).long(), past_key_values=cache, use_cache=True
        )
        logits = self.lm_head(hidden_states.last_hidden_state)
        return logits.view(*prefixes.shape[:2], -1).log_softmax(-1), state._replace(cache=cache)

    def select(self, state: OPTState, parents: Tensor, tokens: Tensor) -> OPTState:
        """The survivors' keys and values.

        Shapes:
            parents (U, K')
        """
        return OPTState(take_rows(state.cache, rows_of(parents, state.num_hypotheses)), parents.size(1))

    def keep(self, state: OPTState, utterances: Tensor) -> OPTState:
        """The state of some utterances.

        Shapes:
            utterances (U',)
        """
        rows = rows_of_utterances(utterances, state.num_hypotheses)
        return state._replace(cache=take_rows(state.cache, rows))

    def join(self, states: Sequence[OPTState]) -> OPTState:
        """All hypotheses of several states, whose prefixes are of one length."""
        cache = join_rows([state.cache for state in states])
        return OPTState(cache, sum(state.num_hypotheses for state in states))
