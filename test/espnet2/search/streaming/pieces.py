"""Frames of a stream in pieces."""

import torch


def in_pieces(search, encoded, generator, most=20):
    """Feed a search random pieces, none too, and see what it gives after each: encoded (T, D)."""
    state, results, start = search.start(), [], 0
    while start < len(encoded):
        size = int(torch.randint(0, most + 1, (1,), generator=generator))
        state, nbest = search.advance(state, encoded[start : start + size], is_final=start + size >= len(encoded))
        results.append(nbest)
        start += size
    return results


def as_rows(nbest):
    return [(h.yseq.tolist(), round(h.score, 3)) for h in nbest]
