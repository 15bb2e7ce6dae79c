"""What encoders share that take speech in overlapping blocks, whole or as it comes; only their layers differ.

Tsunoo et al., "Transformer ASR with Contextual Block Processing", 2019, https://arxiv.org/abs/1910.07204;
Tsunoo et al., "Streaming Transformer ASR with Blockwise Synchronous Beam Search", 2021, https://arxiv.org/abs/2006.14941.

Trained models of other releases need ``legacy_padding``: there the zeros that fill an utterance's last block, and other
utterances' padding, are attended like frames, and an utterance is cut as if it were as long as the longest of its batch.
Without it they are masked, in the attention and before each convolution, so that an utterance gives the same in every
batch. (In training the statistics of the convolution modules' batch norm do count masked slots.)
"""
# Shapes: B batch, T frames, S frames after subsampling, F features, D model size, L layers; t, s of a piece of a stream
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from espnet2.asr.abs_streaming_encoder import AbsStreamingEncoder
from espnet2.layers.context_blocks import Blocks, BlockSizes, Part, cut, run_blocks, summarise
from espnet2.layers.input_layer import apply_input_layer, build_input_layer
from espnet2.layers.layer_norm import LayerNorm
from espnet2.layers.mask import make_attention_mask, make_pad_mask
from espnet2.layers.positional_encoding import PositionalEncoding
from espnet2.layers.streaming_subsampling import SubsamplingState, stream_subsampling, subsampling_factor
from espnet2.layers.subsampling import Subsampling, output_length
from espnet2.utils.errors import InputError

INPUT_LAYERS = ("linear", "conv2d", "conv2d6", "conv2d8", "embed")


class BlockState(NamedTuple):
    """What one call hands to the next."""

    subsampling: SubsamplingState | None
    frames: Tensor  # (s, D) subsampled, from the beginning of the next block on
    num_blocks: int  # that went through
    summaries: Tensor | None  # (L, D) of the last block, below every layer
    tail: Tensor  # (look_ahead, D) the last block's further outputs, good if the utterance ends where the block does


class ContextualBlockEncoder(AbsStreamingEncoder):
    """Input layer, blocks through the layers, final normalisation.

    Args:
        input_size: Features F.
        output_size: Model size D.
        layers: The layers.
        input_layer: One of ``INPUT_LAYERS``, or None for features as they are.
        dropout_rate: Dropout of the input layer ``linear``.
        positional_dropout_rate: Dropout on frames and summaries when they have got their positions.
        normalize_before: Whether the layers leave the normalisation of their output to the next one.
        padding_idx: Symbol of the input layer ``embed`` that is zero.
        sizes: Sizes of blocks.
        init_average: Start a block's summary as its frames' mean; else as their maximum.
        ctx_pos_enc: Add the block's number to the summary, as a position.
        legacy_padding: Do not mask padding, see above.

    Raises:
        InputError: If an option has an unknown value, or options do not fit together.
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        layers: Sequence[torch.nn.Module],
        input_layer: str | None,
        dropout_rate: float,
        positional_dropout_rate: float,
        normalize_before: bool,
        padding_idx: int,
        sizes: BlockSizes,
        init_average: bool,
        ctx_pos_enc: bool,
        legacy_padding: bool,
    ) -> None:
        super().__init__()
        sizes.check()
        self.sizes = sizes
        self.block_size, self.hop_size, self.look_ahead = sizes
        self._output_size = output_size
        self.embed = build_input_layer(
            input_layer,
            INPUT_LAYERS,
            input_size,
            output_size,
            dropout_rate,
            pos_enc=None,
            padding_idx=padding_idx,
            linear_relu=True,
        )
        self.subsample = subsampling_factor(self.embed)
        self.pos_enc = PositionalEncoding(output_size, positional_dropout_rate)
        self.encoders = torch.nn.ModuleList(layers)
        self.after_norm = LayerNorm(output_size) if normalize_before else torch.nn.Identity()
        self.init_average = init_average
        self.ctx_pos_enc = ctx_pos_enc
        self.legacy_padding = legacy_padding

    def output_size(self) -> int:
        """Model size D."""
        return self._output_size

    def forward(self, xs_pad: Tensor, ilens: Tensor, prev_states: Tensor | None = None) -> tuple[Tensor, Tensor, None]:
        """Encode whole utterances.

        Args:
            xs_pad: Features.
            ilens: Their numbers of frames.
            prev_states: Not used.

        Returns:
            Encoded frames; their numbers; None.

        Raises:
            TooShortUttError: If the longest utterance has too few frames for the input layer.

        Shapes:
            xs_pad (B, T, F), ilens (B,) -> (B, S, D), (B,), None
        """
        frames, _, mask = apply_input_layer(self.embed, xs_pad, make_attention_mask(ilens, xs_pad.size(1)))
        if self.legacy_padding:
            olens = mask.squeeze(1).sum(1)
            if self.sizes.is_whole(frames.size(1)):
                return self._run_unmasked(frames, mask), olens, None
            lengths = [frames.size(1)] * len(frames)
        else:
            lengths = self._own_lengths(ilens.tolist())
            olens = ilens.new_tensor(lengths)
        parts = [self._last_part(length) for length in lengths]
        is_frame = ~make_pad_mask(lengths, frames.size(1)).to(frames.device)
        kept = [part for part in parts if part.num_blocks]
        encoded, _ = self._run(frames[is_frame], kept, frames.new_zeros(0, len(self.encoders), self._output_size))
        return pad_sequence(encoded.split(lengths), batch_first=True), olens, None

    def check_streaming(self) -> None:
        """Refuse an encoder that takes each utterance as a whole.

        Raises:
            InputError: If its block size is 0.
        """
        if self.block_size == 0:
            raise InputError("this model cannot stream: encoder_conf has block_size 0, which needs the whole utterance")

    def _own_lengths(self, lengths: list[int]) -> list[int]:
        """Frames that each utterance would have alone; none where it is too short for the input layer."""
        stages = self.embed.stages if isinstance(self.embed, Subsampling) else []
        return [max(output_length(length, stages), 0) for length in lengths]

    def _run_unmasked(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Short utterances as other releases have them: convolutions see the padding of the batch.

        Shapes:
            frames (B, S, D), mask (B, 1, S) -> (B, S, D)
        """
        x = self.pos_enc(frames)
        for layer in self.encoders:
            x = layer(x, mask)
        return self.after_norm(x)

    def _last_part(self, num_frames: int, num_before: int = 0) -> Part:
        """All that is left of an utterance."""
        if not num_before and self.sizes.is_whole(num_frames):
            return Part(num_frames, int(num_frames > 0), has_summaries=False)
        return Part(num_frames, self.sizes.num_blocks(num_frames), num_before)

    def _run(self, frames: Tensor, parts: Sequence[Part], older: Tensor) -> tuple[Tensor, Tensor | None]:
        """Run blocks.

        Shapes:
            frames (all parts' frames, D), older (parts with blocks before, L, D) -> (new frames, D), (parts, L, D)
        """
        blocks = cut(parts, self.sizes, not self.legacy_padding, frames.device)
        summaries = self._first_summaries(frames, blocks)
        frames = self.pos_enc.at(frames, blocks.positions)
        encoded, summaries_after = run_blocks(self.encoders, frames, blocks, summaries, older)
        return self.after_norm(encoded), summaries_after

    def _first_summaries(self, frames: Tensor, blocks: Blocks) -> Tensor:
        summaries = summarise(frames, blocks, self.init_average)
        return self.pos_enc.at(summaries, blocks.numbers) if self.ctx_pos_enc else summaries

    def stream(
        self, xs: Sequence[Tensor], states: Sequence[BlockState | None], finals: Sequence[bool]
    ) -> tuple[list[Tensor], list[BlockState | None]]:
        """Encode the next pieces of some utterances; every block goes as soon as it is complete.

        Args:
            xs: Next features of each utterance, none too.
            states: From the call before; None at the start.
            finals: Whether an utterance ends here.

        Returns:
            The encoded frames that are complete, none too, and the states; None after the end.

        Shapes:
            xs [(t, F)] -> [(s, D)]
        """
        inner = [None if state is None else state.subsampling for state in states]
        new_frames, inner = stream_subsampling(self.embed, xs, inner, finals)
        before = [_start(frames) if state is None else state for frames, state in zip(new_frames, states, strict=True)]
        before = [
            state._replace(subsampling=kept, frames=torch.cat([state.frames, frames]))
            for state, kept, frames in zip(before, inner, new_frames, strict=True)
        ]
        parts = [self._next_part(state, is_final) for state, is_final in zip(before, finals, strict=True)]
        outputs = self._run_ready(before, parts)
        results = [self._advance(*step) for step in zip(before, parts, outputs, finals, strict=True)]
        return [ys for ys, _ in results], [state for _, state in results]

    def _next_part(self, state: BlockState, is_final: bool) -> Part:
        """The blocks of a stream that are complete; at its end all that is left."""
        num_frames = len(state.frames)
        if is_final:
            return self._last_part(num_frames, state.num_blocks)
        if not state.num_blocks and self.sizes.is_whole(num_frames):
            return Part(0, 0)  # it may end here, and then it is one block without summaries
        num_blocks = self.sizes.num_full_blocks(num_frames)
        return Part(num_blocks * self.hop_size + self.block_size - self.hop_size, num_blocks, state.num_blocks)

    def _run_ready(
        self, states: Sequence[BlockState], parts: Sequence[Part]
    ) -> list[tuple[Tensor, Tensor | None] | None]:
        """Outputs and summaries of each part that has blocks; None for the others."""
        ready = [(state, part) for state, part in zip(states, parts, strict=True) if part.num_blocks]
        if not ready:
            return [None] * len(parts)
        frames = torch.cat([state.frames[: part.num_frames] for state, part in ready])
        older = [state.summaries for state, _ in ready if state.summaries is not None]
        none_before = frames.new_zeros(0, len(self.encoders), self._output_size)
        encoded, summaries = self._run(
            frames, [part for _, part in ready], torch.stack(older) if older else none_before
        )
        sizes = [part.num_frames - (self.sizes.past if part.num_before else 0) for _, part in ready]
        pieces = iter(zip(encoded.split(sizes), [None] * len(ready) if summaries is None else summaries))
        return [next(pieces) if part.num_blocks else None for part in parts]

    def _advance(
        self, state: BlockState, part: Part, output: tuple[Tensor, Tensor | None] | None, is_final: bool
    ) -> tuple[Tensor, BlockState | None]:
        """What a stream gives out, and its state after that."""
        if output is None:
            return (state.tail, None) if is_final else (state.tail[:0], state)
        encoded, summaries = output
        if is_final:
            return encoded, None
        num_complete = len(encoded) - self.look_ahead
        after = state._replace(
            frames=state.frames[part.num_blocks * self.hop_size :].clone(),
            num_blocks=state.num_blocks + part.num_blocks,
            summaries=summaries,
            tail=encoded[num_complete:].clone(),
        )
        return encoded[:num_complete], after


def _start(frames: Tensor) -> BlockState:
    """The state before the first frames."""
    return BlockState(None, frames[:0], 0, None, frames[:0])
