"""The decoder of a Whisper network.

Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022, https://arxiv.org/abs/2212.04356
"""
# Shapes: B batch, T frames, L labels, D model size, V vocabulary
#         U utterances, K hypotheses of each, H heads, d_k = D / H
from typing import cast

import torch
from torch import Tensor

from espnet2.asr.abs_decoder import AbsDecoder
from espnet2.asr.decoder.source_scorer import DecoderState, SourceScorer
from espnet2.layers.dropout import Dropout
from espnet2.layers.key_value_cache import KeyValueCache
from espnet2.layers.mask import make_attention_mask
from espnet2.layers.whisper import WhisperBlock
from espnet2.layers.whisper_weights import build_whisper
from espnet2.utils.errors import InputError


class ExpandedEmbedding(torch.nn.Module):
    """Whisper's own tokens, and new ones after them.

    Args:
        ori_emb: The embedding of the first.
        num_added: How many new tokens there are; they begin with the mean and deviation of the first.
    """

    def __init__(self, ori_emb: torch.nn.Embedding, num_added: int) -> None:
        super().__init__()
        self.ori_emb = ori_emb
        self.add_emb = torch.nn.Embedding(num_added, ori_emb.embedding_dim)
        with torch.no_grad():
            self.add_emb.weight.normal_(float(ori_emb.weight.mean()), float(ori_emb.weight.std()))

    @property
    def weight(self) -> Tensor:
        """All embeddings (V, D)."""
        return torch.cat([self.ori_emb.weight, self.add_emb.weight])

    def forward(self, tokens: Tensor) -> Tensor:
        """Embed: tokens (B, L) -> (B, L, D)."""
        return torch.nn.functional.embedding(tokens, self.weight)


class WhisperDecoder(AbsDecoder, SourceScorer):
    """Labels to logits of the next label; the output layer is the embedding.

    Tokens beyond the last position of the network (448) share it.

    Args:
        vocab_size: V. If the network's own is another one, the embedding begins anew, or see below.
        encoder_output_size: D, which must be the network's own.
        whisper_model: A size such as ``small``, a ``.pt`` file, or a folder of Hugging Face.
        dropout_rate: Dropout on the input of each block.
        download_dir: Where the weights of a size are looked for.
        load_origin_token_embedding: Keep the embedding of the network's own tokens, which are the first of the token
            list, and add the rest.

    Raises:
        InputError: If the encoder's size does not fit, the token list is too short, or the weights are nowhere.
    """

    def __init__(
        self,
        vocab_size: int,
        encoder_output_size: int,
        whisper_model: str = "small",
        dropout_rate: float = 0.0,
        download_dir: str | None = None,
        load_origin_token_embedding: bool = False,
    ) -> None:
        super().__init__()
        self.decoders = build_whisper(whisper_model, download_dir).decoder
        self.dropout = Dropout(dropout_rate)
        embedding = cast(torch.nn.Embedding, self.decoders.token_embedding)
        own_size, size = embedding.weight.shape
        if size != encoder_output_size:
            raise InputError(
                f"decoder: whisper {whisper_model} reads {size} dimensions, but the encoder gives {encoder_output_size}"
            )
        if vocab_size == own_size:
            return
        if not load_origin_token_embedding:
            self.decoders.token_embedding = torch.nn.Embedding(vocab_size, size)
            torch.nn.init.normal_(self.decoders.token_embedding.weight, std=0.02)
        elif vocab_size > own_size:
            self.decoders.token_embedding = ExpandedEmbedding(embedding, vocab_size - own_size)
        else:
            raise InputError(
                f"decoder_conf: load_origin_token_embedding needs the {own_size} tokens of whisper {whisper_model} at the "
                f"beginning of the token list, which has {vocab_size}"
            )

    def _blocks(self) -> list[WhisperBlock]:
        return cast(list[WhisperBlock], list(self.decoders.blocks))

    def forward(
        self, hs_pad: Tensor, hlens: Tensor, ys_in_pad: Tensor, ys_in_lens: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Score whole label sequences, each label seeing itself and the earlier ones only.

        Shapes:
            hs_pad (B, T, D), hlens (B,), ys_in_pad (B, L), ys_in_lens (B,) -> (B, L, V), (B,)
        """
        source_mask = make_attention_mask(hlens, hs_pad.size(1)).to(hs_pad.device)  # (B, 1, T)
        x = self.decoders.embed(ys_in_pad)
        for block in self._blocks():
            x = block(
                self.dropout(x),
                lambda y, block=block: block.attn(y, y, None, is_causal=True),
                lambda y, block=block: block.cross_attn(y, hs_pad, source_mask),
            )
        return self.decoders.logits(x), ys_in_lens

    def start(self, encoded: Tensor, lengths: Tensor) -> DecoderState:
        """Project the encoder's output for all blocks.

        Shapes:
            encoded (U, T, D), lengths (U,)
        """
        blocks = self._blocks()
        attention = blocks[0].attn
        cache = KeyValueCache(len(blocks), len(encoded), attention.h, attention.d_k, encoded)
        return self.begin(cache, self.project_source(encoded), lengths)

    def project_source(self, encoded: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Keys and values of each block.

        Shapes:
            encoded (U, T, D) -> (U, H, T, d_k), (U, H, T, d_k)
        """
        return [block.cross_attn.project_key_value(encoded) for block in self._blocks()]

    def score(
        self, prefixes: Tensor, state: DecoderState, candidates: Tensor | None = None
    ) -> tuple[Tensor, DecoderState]:
        """Log-probabilities of what follows the prefixes; computes their last tokens only.

        Shapes:
            prefixes (U, K, L) -> (U, K, V)
        """
        by_utterance = prefixes.shape[:2]
        cache = cast(KeyValueCache, state.cache).advance()
        x = self.decoders.embed(prefixes[:, :, -1:].flatten(0, 1), offset=prefixes.size(2) - 1)  # (U * K, 1, D)
        for number, block in enumerate(self._blocks()):

            def look_back(y: Tensor, block: WhisperBlock = block, number: int = number) -> Tensor:
                hypotheses = y.view(*cache.shape, -1)
                keys, values = cache.put(number, *block.attn.project_key_value(hypotheses))
                return block.attn.attend(hypotheses, keys, values, cache.mask).view_as(y)

            def look_at_source(y: Tensor, block: WhisperBlock = block, number: int = number) -> Tensor:
                # the hypotheses of an utterance are so many queries to the one source: (U, K, D)
                keys, values = state.source[number]
                queries = y.view(*by_utterance, -1)
                return block.cross_attn.attend(queries, keys, values, state.source_mask).view_as(y)

            x = block(x, look_back, look_at_source)
        return self.decoders.logits(x).view(*by_utterance, -1).log_softmax(-1), state._replace(cache=cache)
