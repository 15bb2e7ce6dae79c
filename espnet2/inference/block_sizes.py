"""Other blocks at decoding than in training."""

from typing import Any

from espnet2.asr.encoder.block_encoder import ContextualBlockEncoder
from espnet2.asr.encoder.chunked_encoder import ChunkedEncoder
from espnet2.layers.context_blocks import BlockSizes
from espnet2.utils.errors import InputError


def set_blocks(
    encoder: Any, block_size: int | None = None, hop_size: int | None = None, look_ahead: int | None = None
) -> None:
    """Change the blocks of a streaming encoder, in encoder frames; None: as it was trained.

    Raises:
        InputError: If the sizes do not fit together, or the encoder has no such size.
    """
    if block_size is None and hop_size is None and look_ahead is None:
        return
    if isinstance(encoder, ChunkedEncoder):
        if hop_size not in (None, block_size) or look_ahead:
            raise InputError(
                "This encoder was trained with chunks, which do not overlap: give block_size, and no hop_size or look_ahead."
            )
        if block_size is not None:
            encoder.decoding_chunk_size = block_size
    elif isinstance(encoder, ContextualBlockEncoder):
        given = zip((block_size, hop_size, look_ahead), encoder.sizes)
        sizes = BlockSizes(*(trained if size is None else size for size, trained in given))
        if sizes.block == 0:
            raise InputError("block_size is 0: streaming needs blocks.")
        sizes.check()
        encoder.sizes = sizes
        encoder.block_size, encoder.hop_size, encoder.look_ahead = sizes
    else:
        raise InputError(f"A {type(encoder).__name__} has no blocks of other sizes than it was trained with.")
