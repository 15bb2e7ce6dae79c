"""Which frames may look at which, when an utterance is read chunk by chunk.

Zhang et al., "Unified Streaming and Non-streaming Two-pass End-to-end Model for Speech Recognition", 2020,
https://arxiv.org/abs/2012.05481, section 2.2: a model that is trained with a new chunk size for each batch decodes with
any.
"""

# Shapes: B batch, S frames
from typing import NamedTuple

import torch
from torch import Tensor

FULL_CONTEXT_PROBABILITY = 0.5
MAX_CHUNK_FRAMES = 25


class Chunking(NamedTuple):
    """How far frames look.

    Attributes:
        chunk_size: Frames of a chunk. Those of a chunk see each other.
        num_left_chunks: Chunks before it that they see; -1 for all.
    """

    chunk_size: int
    num_left_chunks: int = -1

    @property
    def left_frames(self) -> int | None:
        """Frames before a chunk that it sees; None for all."""
        return None if self.num_left_chunks < 0 else self.num_left_chunks * self.chunk_size


def chunk_mask(num_frames: int, chunking: Chunking, device: torch.device | str | None = None) -> Tensor:
    """Let each frame look at its chunk and at some chunks before.

    Shapes:
        -> (S, S) bool, True where a frame may look
    """
    frames = torch.arange(num_frames, device=device)
    start = frames.div(chunking.chunk_size, rounding_mode="floor") * chunking.chunk_size
    mask = frames < (start + chunking.chunk_size).unsqueeze(1)
    return mask if chunking.left_frames is None else mask & (frames >= (start - chunking.left_frames).unsqueeze(1))


def draw_chunking(num_frames: int, num_left_chunks: int = -1, use_dynamic_left_chunk: bool = False) -> Chunking | None:
    """Draw how far the frames of a training batch look.

    Args:
        num_frames: Frames of the longest utterance.
        num_left_chunks: Chunks on the left; -1 for all.
        use_dynamic_left_chunk: Draw their number too, from none to all.

    Returns:
        One to ``MAX_CHUNK_FRAMES`` frames a chunk, or None for the whole utterance.
    """
    if float(torch.rand(1)) < FULL_CONTEXT_PROBABILITY:
        return None
    chunk_size = int(torch.randint(1, MAX_CHUNK_FRAMES + 1, (1,)))
    if use_dynamic_left_chunk:
        num_left_chunks = int(torch.randint(0, (num_frames - 1) // chunk_size + 1, (1,)))
    return Chunking(chunk_size, num_left_chunks)


def restrict(attention_mask: Tensor, mask: Tensor | None) -> Tensor:
    """Let frames look where both masks let them.

    Shapes:
        attention_mask (B, 1, S), mask (S, S) -> (B, S, S), or (B, 1, S) without the second
    """
    return (
        attention_mask if mask is None else attention_mask & mask[: attention_mask.size(-1), : attention_mask.size(-1)]
    )
