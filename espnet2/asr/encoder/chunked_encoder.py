"""Encoders that read an utterance whole or chunk by chunk with the same weights.

Zhang et al., "Unified Streaming and Non-streaming Two-pass End-to-end Model for Speech Recognition", 2020,
https://arxiv.org/abs/2012.05481; chunks and their masks: ``espnet2.layers.chunk_mask``.

Frames see their chunk and some chunks before it. A stream keeps just that of each layer, so a chunk costs the same
however long the stream has been, and gives what ``forward`` gives with the mask of the same chunks.
"""

# Shapes: B batch, S frames, D model size, N layers; of a stream: t new frames, s new outputs, w waiting frames, L frames
# of a chunk, K frames kept before it, R = 2L + K - 1 distances
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from espnet2.asr.abs_streaming_encoder import AbsStreamingEncoder
from espnet2.asr.encoder.layered_encoder import LayeredEncoder
from espnet2.layers.chunk_cache import ChunkCache, LayerState
from espnet2.layers.chunk_mask import Chunking, chunk_mask, draw_chunking
from espnet2.layers.relative_attention import RelPositionalEncoding
from espnet2.layers.streaming_subsampling import (
    SubsamplingState,
    split_positions,
    stream_subsampling,
    subsampling_factor,
)
from espnet2.utils.errors import InputError

DECODING_CHUNK_SIZE = 16
DECODING_LEFT_CHUNKS = 16


class ChunkOptions(NamedTuple):
    """How an encoder is trained with chunks.

    Attributes:
        dynamic_chunk_training: Draw a chunk size for each batch.
        static_chunk_size: Always use this one instead; 0 for none.
        num_left_chunks: Chunks on the left that a chunk sees; -1 for all.
        use_dynamic_left_chunk: Draw their number too.
    """

    dynamic_chunk_training: bool = False
    static_chunk_size: int = 0
    num_left_chunks: int = -1
    use_dynamic_left_chunk: bool = False

    def has_chunks(self) -> bool:
        """Whether there are any chunks."""
        return self.dynamic_chunk_training or self.static_chunk_size > 0

    def check(self, needs: Mapping[str, bool]) -> None:
        """Refuse chunks where other options let frames see beyond them.

        Args:
            needs: Options that are needed, and whether they are so.

        Raises:
            InputError: If one is not so, or chunks are both drawn and given.
        """
        if self.dynamic_chunk_training and self.static_chunk_size > 0:
            raise InputError("encoder_conf: give static_chunk_size or dynamic_chunk_training: true, not both")
        missing = [option for option, is_so in needs.items() if not is_so]
        if self.has_chunks() and missing:
            raise InputError(f"encoder_conf: training with chunks needs {', '.join(missing)}")


class ChunkState(NamedTuple):
    """What one call hands to the next."""

    subsampling: SubsamplingState | None
    waiting: Tensor  # (w, D) embedded frames that wait for a full chunk
    num_frames: int  # encoded so far
    layers: tuple[LayerState, ...]  # N


class ChunkedEncoder(LayeredEncoder, AbsStreamingEncoder):
    """Layers of attention and causal convolution that were trained with chunks, or not.

    Args:
        chunks: How it is trained.
        **options: Of ``LayeredEncoder``.

    Attributes:
        num_decoding_left_chunks: Chunks on the left that a chunk sees in evaluation; -1 for all, which costs ever more
            time and memory as a stream goes on.
    """

    def __init__(self, chunks: ChunkOptions, **options: Any) -> None:
        super().__init__(**options)
        self.chunks = chunks
        self.decoding_chunk_size = 0
        self.num_decoding_left_chunks = DECODING_LEFT_CHUNKS if chunks.num_left_chunks < 0 else chunks.num_left_chunks
        self.look_ahead = 0
        self.subsample = subsampling_factor(self.embed)

    @property
    def decoding_chunk_size(self) -> int:
        """Frames of a chunk in evaluation.

        0, as it is at first: ``forward`` reads utterances whole (with static chunks: as in training), and ``stream``
        reads chunks of ``block_size`` frames.
        """
        return self._decoding_chunk_size

    @decoding_chunk_size.setter
    def decoding_chunk_size(self, num_frames: int) -> None:
        if num_frames < 0:
            raise InputError(f"decoding_chunk_size must be 0 or more, but it is {num_frames}")
        self._decoding_chunk_size = num_frames
        self.block_size = self.hop_size = num_frames or self.chunks.static_chunk_size or DECODING_CHUNK_SIZE

    def check_streaming(self) -> None:
        """Refuse an encoder that was trained on whole utterances.

        Raises:
            InputError: If it was.
        """
        if not self.chunks.has_chunks():
            raise InputError(
                f"this model cannot stream: its {type(self).__name__} was trained on whole utterances. Decode it with"
                " use_streaming: false, or train with encoder_conf: dynamic_chunk_training: true and rel_pos_type:"
                " latest, or with encoder: contextual_block_conformer"
            )

    def _chunk_mask(self, x: Tensor) -> Tensor | None:
        chunking: Chunking | None = None
        chunks = self.chunks
        if self.training and chunks.dynamic_chunk_training:
            chunking = draw_chunking(x.size(1), chunks.num_left_chunks, chunks.use_dynamic_left_chunk)
        elif self.training and chunks.static_chunk_size > 0:
            chunking = Chunking(chunks.static_chunk_size, chunks.num_left_chunks)
        elif not self.training and (self.decoding_chunk_size or chunks.static_chunk_size) > 0:
            chunking = Chunking(self.block_size, self.num_decoding_left_chunks)
        return None if chunking is None else chunk_mask(x.size(1), chunking, x.device)

    def stream(
        self, xs: Sequence[Tensor], states: Sequence[ChunkState | None], finals: Sequence[bool]
    ) -> tuple[list[Tensor], list[ChunkState | None]]:
        """Encode the next frames of several independent utterances; see ``AbsStreamingEncoder.stream``.

        ``forward`` gives the same in evaluation with ``decoding_chunk_size`` set to ``block_size``. Of an utterance that
        is too short for the input layer nothing is returned.

        Raises:
            InputError: If the encoder was trained on whole utterances.

        Shapes:
            xs [(t, F)] -> [(s, D)]
        """
        self.check_streaming()
        begun = [self._first_state() if state is None else state for state in states]
        embedded, subsampling = stream_subsampling(self.embed, xs, [state.subsampling for state in begun], finals)
        after = [
            state._replace(subsampling=inner, waiting=torch.cat([state.waiting, new]))
            for state, inner, new in zip(begun, subsampling, embedded, strict=True)
        ]
        outputs = [[state.waiting[:0]] for state in after]
        chunking = Chunking(self.block_size, self.num_decoding_left_chunks)
        least = [1 if is_final else chunking.chunk_size for is_final in finals]
        while ready := [row for row, state in enumerate(after) if len(state.waiting) >= least[row]]:
            encoded, advanced = self._encode_chunks([after[row] for row in ready], chunking)
            for row, ys, state in zip(ready, encoded, advanced, strict=True):
                outputs[row].append(ys)
                after[row] = state
        ended = [None if is_final else state for is_final, state in zip(finals, after, strict=True)]
        return [torch.cat(parts) for parts in outputs], ended

    def _first_state(self) -> ChunkState:
        like = next(self.parameters())
        layers = []
        for layer in self.encoders:
            attention: Any = layer.self_attn
            module: Any = layer.conv_module
            none = like.new_empty(attention.h, 0, attention.d_k)
            num_convolved = 0 if module is None else module.num_kept
            layers.append(LayerState(none, none, like.new_zeros(self.output_size(), num_convolved)))
        return ChunkState(None, like.new_empty(0, self.output_size()), 0, tuple(layers))

    def _encode_chunks(self, states: Sequence[ChunkState], chunking: Chunking) -> tuple[list[Tensor], list[ChunkState]]:
        """One chunk of each stream; only at the end of a stream it may be shorter.

        Shapes:
            -> [(L, D)]
        """
        lengths = [min(len(state.waiting), chunking.chunk_size) for state in states]
        x = pad_sequence([state.waiting[:length] for state, length in zip(states, lengths)], batch_first=True)
        num_kept = [state.layers[0].keys.size(1) for state in states]
        mask = _visible(num_kept, lengths, x.device)
        x, pos_emb = self._add_positions(x, [state.num_frames for state in states], max(num_kept))
        caches = [ChunkCache(layer_states) for layer_states in zip(*(state.layers for state in states))]
        for layer, cache in zip(self.encoders, caches, strict=True):
            x = layer(x, mask, pos_emb, cache)
        advanced = []
        for row, (state, length) in enumerate(zip(states, lengths)):
            seen = num_kept[row] + length
            kept = seen if chunking.left_frames is None else min(seen, chunking.left_frames)
            layers = tuple(cache.state(row, kept) for cache in caches)
            advanced.append(
                ChunkState(state.subsampling, state.waiting[length:].clone(), state.num_frames + length, layers)
            )
        return [ys[:length] for ys, length in zip(self._normalize(x), lengths)], advanced

    def _add_positions(self, x: Tensor, offsets: Sequence[int], num_kept: int) -> tuple[Tensor, Tensor | None]:
        """Shapes: x (B, L, D) -> (B, L, D), (1, R, D)."""
        positions: Any = split_positions(self.embed)[1]
        if isinstance(positions, RelPositionalEncoding):
            return x * positions.xscale, positions.distances(x.size(1), num_kept + x.size(1))
        return torch.cat([positions(row.unsqueeze(0), offset) for row, offset in zip(x, offsets)]), None


def _visible(num_kept: Sequence[int], lengths: Sequence[int], device: torch.device) -> Tensor | None:
    """What is not filled up, in front of what is kept or behind the chunk; None if nothing is.

    Shapes:
        -> (B, 1, K + L)
    """
    if len(set(num_kept)) == len(set(lengths)) == 1:
        return None
    frames = torch.arange(-max(num_kept), max(lengths), device=device)
    begins, ends = -torch.tensor(num_kept, device=device), torch.tensor(lengths, device=device)
    return ((frames >= begins.unsqueeze(1)) & (frames < ends.unsqueeze(1))).unsqueeze(1)
