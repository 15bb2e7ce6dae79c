"""Overlapping blocks of frames, and the context that a block inherits from the one before.

Tsunoo et al., "Transformer ASR with Contextual Block Processing", 2019, https://arxiv.org/abs/1910.07204.

A block of N frames begins S frames after the one before and keeps only S outputs: those after its past part P, and
before its look-ahead R = N - S - P. It has a slot more at each end. The last one summarises the block: it starts as the
mean of the frames and nobody looks at it. The first one is the summary of the block before, as the layer below left it,
and looks at nothing itself. So no layer waits for a later block, and all blocks of all streams go through it together.

An utterance of at most a block is one block without summaries; beside others its two slots are padding.
"""
# Shapes: K blocks of all streams, N frames in a block, W = N + 2 slots (N without summaries), M frames of all streams,
# O outputs of all streams, D model size, L layers, C streams that have a block behind them
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from espnet2.utils.errors import InputError

MOST_BLOCKS_OF_KEPT_PLANS = 64  # a stream has the same plan in nearly every call


class BlockSizes(NamedTuple):
    """Sizes in encoder frames; ``block`` 0 takes each utterance as a whole."""

    block: int
    hop: int
    look_ahead: int

    @property
    def past(self) -> int:
        """Frames at the beginning of a block whose outputs came from the block before."""
        return self.block - self.hop - self.look_ahead

    def check(self) -> None:
        """Refuse what does not fit together.

        Raises:
            InputError: If a size is out of its range, or hop and look-ahead exceed the block.
        """
        if self.block and (self.block < 0 or self.hop < 1 or self.look_ahead < 0 or self.past < 0):
            raise InputError(
                f"encoder_conf: block_size {self.block} must be 0, or at least hop_size {self.hop} (1 or more) plus"
                f" look_ahead {self.look_ahead} (0 or more)"
            )

    def is_whole(self, num_frames: int) -> bool:
        """Whether an utterance is one block without summaries."""
        return self.block == 0 or num_frames <= self.block

    def num_blocks(self, num_frames: int) -> int:
        """Blocks of an utterance that ends, or of what is left of it and its past."""
        return -(-max(num_frames - self.past - self.look_ahead, 0) // self.hop)

    def num_full_blocks(self, num_frames: int) -> int:
        """Blocks that are complete."""
        return max(num_frames - self.block + self.hop, 0) // self.hop


class Part(NamedTuple):
    """The part of a stream that goes through the layers in one call."""

    num_frames: int
    num_blocks: int
    num_before: int = 0  # blocks that went through in earlier calls
    has_summaries: bool = True


class Blocks(NamedTuple):
    """How the frames of some parts, one part after another, are cut into blocks and joined again."""

    frames: Tensor  # (K, N) numbers of frames; anything where there is none
    is_beyond: Tensor | None  # (K, N) True where there is none; None if there are all
    positions: Tensor  # (M,) of the frames in their streams
    numbers: Tensor  # (K,) of the blocks in their streams
    sources: Tensor  # (K,) where the summary of the block before is: in K blocks and then C older ones
    last: Tensor  # (parts,) the last block of each part
    outputs: Tensor  # (O,) numbers of the slots that give the outputs
    attention_mask: Tensor | None  # (1 or K, W, W), or (K, 1, W) without summaries
    pad_mask: Tensor | None  # (K, W) what convolutions are to see as zeros
    has_summaries: bool


def cut(parts: Sequence[Part], sizes: BlockSizes, masks_ends: bool, device: torch.device) -> Blocks:
    """Plan the blocks of some parts.

    Args:
        parts: In the order of their frames; each has a block at least.
        sizes: Sizes of blocks.
        masks_ends: Mask what is beyond the end in an utterance's last block, if it has more than one.
        device: Where the plan is used.
    """
    # all that matters of the blocks before, but for positions, is whether there are any
    begun = tuple(part._replace(num_before=min(part.num_before, 1)) for part in parts)
    is_small = sum(part.num_blocks for part in parts) <= MOST_BLOCKS_OF_KEPT_PLANS
    make = _kept_plan if is_small and not torch.is_grad_enabled() else _plan
    plan = make(begun, sizes, masks_ends, device)
    if all(part.num_before <= 1 for part in parts):
        return plan
    more = torch.tensor([part.num_before - other.num_before for part, other in zip(parts, begun)])
    num_frames, num_blocks = (torch.tensor([part[column] for part in parts]) for column in range(2))
    return plan._replace(
        positions=plan.positions + (more * sizes.hop).repeat_interleave(num_frames).to(device),
        numbers=plan.numbers + more.repeat_interleave(num_blocks).to(device),
    )


def _plan(parts: Sequence[Part], sizes: BlockSizes, masks_ends: bool, device: torch.device) -> Blocks:
    """As ``cut``."""
    num_frames, num_blocks, num_before, has_summaries = (torch.tensor(column) for column in zip(*parts, strict=True))
    part_of = torch.repeat_interleave(num_blocks)  # (K,)
    ends = num_blocks.cumsum(0)
    index = torch.arange(len(part_of)) - (ends - num_blocks)[part_of]  # (K,) of the block in its part
    with_summaries = bool(has_summaries.any())
    width = sizes.block if with_summaries else int(num_frames.max())
    local = index.unsqueeze(1) * sizes.hop + torch.arange(width)  # (K, N) of the frame in its part
    first = num_frames.cumsum(0) - num_frames  # (parts,)
    is_beyond = local >= num_frames[part_of].unsqueeze(1)
    frames = (local + first[part_of].unsqueeze(1)).clamp(max=int(num_frames.sum()) - 1)
    frame_part = torch.repeat_interleave(num_frames)  # (M,)
    frame_local = torch.arange(len(frame_part)) - first[frame_part]
    is_padding = is_beyond if masks_ends else is_beyond & ~has_summaries[part_of].unsqueeze(1)
    attention_mask, pad_mask = _masks(is_padding, has_summaries[part_of], with_summaries)
    plan = Blocks(
        frames,
        is_beyond if bool(is_beyond.any()) else None,
        frame_local + (num_before * sizes.hop)[frame_part],
        index + num_before[part_of],
        _sources(index, num_before),
        ends - 1,
        _outputs(frame_part, frame_local, parts, sizes, with_summaries, width),
        attention_mask,
        pad_mask,
        with_summaries,
    )
    return Blocks._make(item.to(device) if isinstance(item, Tensor) else item for item in plan)


_kept_plan = lru_cache(maxsize=32)(_plan)


def _sources(index: Tensor, num_before: Tensor) -> Tensor:
    """The block before; for a stream's first block itself, for others the one of an earlier call."""
    sources = torch.arange(len(index)) - 1
    starts = (index == 0).nonzero().squeeze(1)  # (parts,)
    continues = num_before > 0
    sources[starts] = torch.where(continues, len(index) - 1 + continues.cumsum(0), starts)
    return sources


def _outputs(
    frame_part: Tensor, frame_local: Tensor, parts: Sequence[Part], sizes: BlockSizes, with_summaries: bool, width: int
) -> Tensor:
    """The slot of each frame whose output is new, in the order of frames.

    Shapes:
        frame_part (M,), frame_local (M,) -> (O,)
    """
    num_blocks = torch.tensor([part.num_blocks for part in parts])
    begin = torch.tensor([sizes.past if part.num_before else 0 for part in parts])
    is_new = frame_local >= begin[frame_part]
    part_of, local = frame_part[is_new], frame_local[is_new]
    last = num_blocks[part_of] - 1
    block = torch.clamp((local - sizes.past) // max(sizes.hop, 1), min=0).minimum(last)
    slot = local - block * sizes.hop + int(with_summaries)
    return (block + (num_blocks.cumsum(0) - num_blocks)[part_of]) * (width + 2 * int(with_summaries)) + slot


def _masks(is_padding: Tensor, has_summaries: Tensor, with_summaries: bool) -> tuple[Tensor | None, Tensor | None]:
    """What may look where, and what is padding.

    Shapes:
        is_padding (K, N), has_summaries (K,) -> (1 or K, W, W) or (K, 1, W), (K, W)
    """
    if with_summaries:
        outer = (~has_summaries).unsqueeze(1)
        is_padding = torch.cat([outer, is_padding, outer], dim=1)
    pad_mask = is_padding if bool(is_padding.any()) else None
    if not with_summaries:
        return None if pad_mask is None else ~pad_mask.unsqueeze(1), pad_mask
    width = is_padding.size(1)
    may_look = torch.ones(1, width, width, dtype=torch.bool)
    may_look[:, 0] = False
    may_look[:, :, -1] = False
    return may_look if pad_mask is None else may_look & ~pad_mask.unsqueeze(1), pad_mask


def summarise(frames: Tensor, blocks: Blocks, use_mean: bool) -> Tensor:
    """The mean of each block's frames, or their maximum.

    Shapes:
        frames (M, D) -> (K, D)
    """
    own = _frames_of(frames, blocks)  # (K, N, D)
    if blocks.is_beyond is None:
        return own.mean(1) if use_mean else own.amax(1)
    is_beyond = blocks.is_beyond.unsqueeze(2)
    if use_mean:
        return own.masked_fill(is_beyond, 0.0).sum(1) / (~is_beyond).sum(1)
    return own.masked_fill(is_beyond, -torch.inf).amax(1)


def run_blocks(
    layers: Iterable[torch.nn.Module],
    frames: Tensor,
    blocks: Blocks,
    summaries: Tensor,
    older: Tensor,
) -> tuple[Tensor, Tensor | None]:
    """Run all blocks through the layers.

    Args:
        layers: Called with the slots, an attention mask, and ``pad_mask``.
        frames: All parts' frames in a row, with positions.
        blocks: How to cut them.
        summaries: What each block's last slot starts as.
        older: Of each stream that has blocks behind it: the summaries of the last one of these below every layer.

    Returns:
        The last layer's outputs for all new frames in a row, and the summaries of each part's last block below every
        layer, which the next call wants; None if no utterance has any.

    Shapes:
        frames (M, D), summaries (K, D), older (C, L, D) -> (O, D), (parts, L, D)
    """
    x = _frames_of(frames, blocks)
    if blocks.is_beyond is not None:
        x = x.masked_fill(blocks.is_beyond.unsqueeze(2), 0.0)
    if blocks.has_summaries:
        slot = summaries.unsqueeze(1)
        x = torch.cat([slot, x, slot], dim=1)  # the first one is put in below
    kept = []
    for number, layer in enumerate(layers):
        if blocks.has_summaries:
            summaries = x[:, -1]
            kept.append(summaries.index_select(0, blocks.last))
            before = torch.cat([summaries, older[:, number]]).index_select(0, blocks.sources)
            x = torch.cat([before.unsqueeze(1), x[:, 1:]], dim=1)
        x = layer(x, blocks.attention_mask, pad_mask=blocks.pad_mask)
    return x.flatten(0, 1).index_select(0, blocks.outputs), torch.stack(kept, 1) if kept else None


def _frames_of(frames: Tensor, blocks: Blocks) -> Tensor:
    """Shapes: frames (M, D) -> (K, N, D)."""
    return frames.index_select(0, blocks.frames.flatten()).unflatten(0, blocks.frames.shape)
