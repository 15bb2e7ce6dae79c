"""Pieces of equal length cut out of utterances, for models that are trained on pieces (separation, vocoders)."""

# L length of an utterance, W length of a chunk, S shift between chunks

import logging
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from espnet2.iterators.abs_iter_factory import AbsIterFactory
from espnet2.iterators.batch_reader import Collate, Item
from espnet2.iterators.sequence_iter_factory import SequenceIterFactory
from espnet2.samplers.batch_plan import BatchPlan, Ids
from espnet2.train.collate_fn import CommonCollateFn
from espnet2.train.dataset import ESPnetDataset
from espnet2.utils.errors import InputError

_UNCUT = ("utt2category", "utt2fs")


def parse_chunk_length(text: str | int) -> list[int]:
    """``500`` -> [500], ``"300,400"`` -> [300, 400], ``"300-400"`` -> [300, ..., 400].

    Raises:
        InputError: If it is none of these.
    """
    lengths: list[int] = []
    try:
        for word in str(text).split(","):
            low, dash, high = word.partition("-")
            lengths += range(int(low), int(high) + 1) if dash else [int(low)]
    except ValueError:
        lengths = []
    if not lengths or min(lengths) < 1:
        raise InputError(f"chunk_length '{text}' is none of '500', '300,400', '300-400'.")
    return lengths


class ChunkIterFactory(AbsIterFactory):
    """Batches of chunks. All data but the excluded must have the same length L in an utterance.

    A length W is chosen at random among those below L, and ``(L - W) // S + 1`` chunks are cut with the shift
    ``S = int(W * chunk_shift_ratio)`` from a random offset. Chunks wait until more than ``num_cache_chunks`` of a
    category and length are there, and leave shuffled. What does not fill a batch in the end is left out.

    Args:
        dataset: ``dataset[uid] -> (uid, arrays)``.
        ids: The utterances.
        batch_size: Chunks in a batch, all ranks together.
        chunk_length: See ``parse_chunk_length``.
        chunk_shift_ratio: S / W.
        num_cache_chunks: All ranks together.
        num_iters_per_epoch: Utterances (not batches) of an epoch, all ranks together; None: all.
        seed: Of all that is random.
        shuffle: Whether utterances are shuffled, offsets drawn and chunks mixed.
        num_workers: Processes that read.
        collate_fn: Makes a batch of chunks.
        pin_memory: For copies to a GPU.
        excluded_key_prefixes: Names that begin so are not cut (nor are utt2category and utt2fs).
        default_fs: The rate that ``chunk_length`` means; lengths grow with the datum ``utt2fs``.
        chunk_max_abs_length: The longest chunk then.
        discard_short_samples: Leave out what is shorter than all lengths; otherwise it is a chunk of its own length.
        rank: This rank.
        world_size: Number of ranks.
        max_bad_utterances: See ``SequenceIterFactory``.
    """

    def __init__(
        self,
        dataset: ESPnetDataset,
        ids: Ids,
        batch_size: int,
        chunk_length: str | int = 500,
        chunk_shift_ratio: float = 0.5,
        num_cache_chunks: int = 1024,
        num_iters_per_epoch: int | None = None,
        seed: int = 0,
        shuffle: bool = False,
        num_workers: int = 0,
        collate_fn: Collate | None = None,
        pin_memory: bool = False,
        excluded_key_prefixes: Sequence[str] = (),
        default_fs: int | None = None,
        chunk_max_abs_length: int | None = None,
        discard_short_samples: bool = True,
        rank: int = 0,
        world_size: int = 1,
        max_bad_utterances: int = 100,
    ):
        if batch_size < world_size:
            raise InputError(f"batch_size {batch_size} does not give each of {world_size} ranks a chunk; raise it.")
        utterances = BatchPlan(ids, np.arange(len(ids)), np.arange(len(ids) + 1), "single utterances")
        self.utterances = SequenceIterFactory(
            dataset,
            utterances.shard(rank, world_size),
            seed=seed,
            num_iters_per_epoch=None if num_iters_per_epoch is None else max(num_iters_per_epoch // world_size, 1),
            num_workers=num_workers,
            collate_fn=_single,
            max_bad_utterances=max_bad_utterances,
        )
        self.batch_size = batch_size // world_size + (rank < batch_size % world_size)
        self.num_cache_chunks = max(num_cache_chunks // world_size, self.batch_size)
        self.chunk_lengths = parse_chunk_length(chunk_length)
        self.chunk_shift_ratio = chunk_shift_ratio
        self.seed = seed
        self.shuffle = shuffle
        self.collate_fn = collate_fn or CommonCollateFn()
        self.pin_memory = pin_memory
        self.excluded_key_prefixes = (*_UNCUT, *excluded_key_prefixes)
        self.default_fs = default_fs
        self.max_abs_length = chunk_max_abs_length
        self.discard_short_samples = discard_short_samples

    def build_iter(
        self, epoch: int, shuffle: bool | None = None, start: int = 0
    ) -> Iterator[tuple[list[str], dict[str, Tensor]]]:
        """See ``AbsIterFactory``; there is no ``len``, and what ``start`` leaves out is read all the same."""
        return islice(self._batches(epoch, self.shuffle if shuffle is None else shuffle), start, None)

    def _batches(self, epoch: int, shuffle: bool) -> Iterator[tuple[list[str], dict[str, Tensor]]]:
        random = np.random.RandomState((self.seed + epoch) % 2**32)
        cache: dict[tuple, list[Item]] = {}
        for (uid,), data in self.utterances.build_iter(epoch, shuffle):
            arrays = {name: value.numpy() for name, value in data.items()}
            category = tuple(np.ravel(arrays.get("utt2category", ())))
            for chunk_length, chunk in self._cut(uid, arrays, random, shuffle):
                chunks = cache.setdefault((category, chunk_length), [])
                chunks.append((uid, chunk))
                if len(chunks) > self.num_cache_chunks:
                    yield from self._flush(chunks, random, shuffle)
        for chunks in cache.values():
            yield from self._flush(chunks, random, shuffle)

    def _flush(
        self, chunks: list[Item], random: np.random.RandomState, shuffle: bool
    ) -> Iterator[tuple[list[str], dict[str, Tensor]]]:
        """Full batches; the rest stays in ``chunks``."""
        if shuffle:
            random.shuffle(chunks)  # type: ignore[arg-type]  # numpy shuffles lists too
        while len(chunks) >= self.batch_size:
            uids, batch = self.collate_fn(chunks[: self.batch_size])
            yield uids, {name: value.pin_memory() for name, value in batch.items()} if self.pin_memory else batch
            del chunks[: self.batch_size]

    def _cut(
        self, uid: str, arrays: dict[str, np.ndarray], random: np.random.RandomState, shuffle: bool
    ) -> Iterator[tuple[int | None, dict[str, np.ndarray]]]:
        """Chunks of an utterance, with the length chosen (None: uncut)."""
        names = [name for name in arrays if not name.startswith(self.excluded_key_prefixes)]
        lengths = {name: len(arrays[name]) for name in names}
        if len(set(lengths.values())) != 1:
            raise InputError(f"utterance '{uid}': chunks need data of one length, not {lengths}; exclude the others.")
        length = lengths[names[0]]
        candidates = [w for w in self._lengths_for(arrays) if w < length]
        if not candidates:
            if self.discard_short_samples:
                logging.warning(f"utterance '{uid}' of length {length} is shorter than chunk_length and is left out")
            else:
                yield None, arrays
            return
        chosen = int(random.choice(candidates))
        shift = max(int(chosen * self.chunk_shift_ratio), 1)
        offset = random.randint((length - chosen) % shift + 1) if shuffle else 0
        for begin in range(offset, length - chosen + 1, shift):
            yield chosen, {k: v[begin : begin + chosen] if k in lengths else v for k, v in arrays.items()}

    def _lengths_for(self, arrays: dict[str, np.ndarray]) -> list[int]:
        """The chunk lengths at this utterance's sample rate."""
        if self.default_fs is None or "utt2fs" not in arrays:
            return self.chunk_lengths
        rate = int(np.ravel(arrays["utt2fs"])[0])
        scaled = [length * rate // self.default_fs for length in self.chunk_lengths]
        return scaled if self.max_abs_length is None else [min(length, self.max_abs_length) for length in scaled]


def _single(items: list[Item]) -> tuple[list[str], dict[str, Tensor]]:
    (uid, arrays), *_ = items
    return [uid], {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
