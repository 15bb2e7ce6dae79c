"""The options are a parser group without torch."""

import argparse
import subprocess
import sys

from espnet2.config.options import add_options, from_args
from espnet2.samplers.options import BatchOptions
from espnet2.train.data_options import AugmentOptions, DataOptions, TextOptions


def test_flags_become_values():
    parser = argparse.ArgumentParser()
    for options in (BatchOptions, DataOptions, TextOptions, AugmentOptions):
        add_options(parser, options)
    words = "--batch_type numel --valid_batch_size none --fold_length 80 --fold_length 9 --chunk_length 300,400"
    words += " --train_data_path_and_name_and_type wav.scp,speech,sound --max_cache_size 10MB --noise_scp none"
    args = parser.parse_args(words.split())
    batch, data = from_args(BatchOptions, args), from_args(DataOptions, args)
    assert (batch.batch_type, batch.valid_batch_size, batch.fold_length) == ("numel", None, [80, 9])
    assert batch.chunk_length == "300,400" and BatchOptions().fold_length == []
    assert data.train_data_path_and_name_and_type == [("wav.scp", "speech", "sound")]
    assert data.max_cache_size == 10_000_000 and from_args(AugmentOptions, args).noise_scp is None


def test_no_torch():
    code = "import sys, espnet2.samplers.options, espnet2.train.data_options; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
