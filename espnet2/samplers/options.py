"""The options of batching: how utterances become mini-batches, and which iterator walks over them."""

from dataclasses import dataclass

from espnet2.config.options import option
from espnet2.utils.types import int_or_none, str2bool, str_or_int, str_or_none

BATCH_TYPES = ("unsorted", "sorted", "folded", "length", "numel", "catbel", "catpow", "catpow_balance_dataset")
ITERATOR_TYPES = ("sequence", "category", "chunk", "task", "none")
_ORDERS = ("descending", "ascending")


@dataclass
class BatchOptions:
    """Mini-batches. Sizes are totals over all ranks."""

    batch_type: str = option(
        "folded",
        "How batches are made. unsorted: file order, batch_size each. sorted: by length, batch_size each. folded: "
        "by length, batch_size shrinks for long ones (fold_length). length: padded lengths fill batch_bins. "
        "numel: padded elements fill batch_bins. cat*: balanced over the categories of category2utt",
        choices=BATCH_TYPES,
    )
    valid_batch_type: str | None = option(None, "batch_type of the valid set; none: as in training", type=str_or_none)
    batch_size: int = option(20, "Utterances in a batch (unsorted, sorted, folded, catbel)")
    valid_batch_size: int | None = option(None, "batch_size of the valid set; none: as in training", type=int_or_none)
    batch_bins: int = option(1_000_000, "Padded elements in a batch at most (length, numel, catpow*)")
    valid_batch_bins: int | None = option(None, "batch_bins of the valid set; none: as in training", type=int_or_none)
    min_batch_size: int = option(1, "Utterances in a batch at least; raised to the number of ranks")
    max_batch_size: int | None = option(None, "Utterances in a batch at most (folded, length, numel)", int_or_none)
    train_shape_file: list = option([], "Training lengths, lines 'id d0[,d1,..]'", str, action="append")
    valid_shape_file: list = option([], "Valid lengths", str, action="append")
    fold_length: list = option([], "folded: one length per shape file, over which batches shrink", int, action="append")
    sort_in_batch: str = option("descending", "Order by length within a batch", choices=_ORDERS)
    sort_batch: str = option("descending", "Order of the batches by length (before shuffling)", choices=_ORDERS)
    shuffle_within_batch: bool = option(False, "Shuffle the utterances inside each training batch")
    drop_last_iter: bool = option(False, "Leave out the last batch when it is not full")
    num_iters_per_epoch: int | None = option(None, "Batches per training epoch; none: all", type=int_or_none)
    iterator_type: str = option("sequence", "Which iterator reads the batches", choices=ITERATOR_TYPES)
    valid_iterator_type: str | None = option(None, "iterator_type of the valid set; none: as in training", str_or_none)
    multiple_iterator: bool = option(False, "The data paths are folders 'num_splits, split.0, split.1, ..'")
    category_sample_size: int = option(10, "Utterances drawn per category when the task makes its own iterator")
    upsampling_factor: float = option(0.5, "catpow: power over a category's share; 1 natural, 0 uniform")
    category_upsampling_factor: float = option(0.5, "catpow_balance_dataset: the same within a dataset")
    dataset_upsampling_factor: float = option(0.5, "catpow_balance_dataset: power over a dataset's share")
    dataset_scaling_factor: float = option(1.2, "catpow*: utterances drawn per epoch, as a multiple of the corpus")
    chunk_length: str | int = option(500, "chunk: lengths to choose from, '500', '300,400' or '300-400'", str_or_int)
    chunk_shift_ratio: float = option(0.5, "chunk: shift between chunks, as a part of their length")
    num_cache_chunks: int = option(1024, "chunk: chunks that are shuffled together")
    chunk_excluded_key_prefixes: list = option([], "chunk: data names (prefixes) that are not cut", str, nargs="+")
    chunk_default_fs: int | None = option(None, "chunk: sample rate that chunk_length means (utt2fs)", int_or_none)
    chunk_max_abs_length: int | None = option(None, "chunk: longest chunk after scaling by utt2fs", int_or_none)
    chunk_discard_short_samples: bool = option(True, "chunk: leave out what is shorter than all lengths", str2bool)
