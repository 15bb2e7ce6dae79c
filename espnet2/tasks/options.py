"""The options that belong to a run as a whole. No torch is imported here."""

from dataclasses import dataclass

from espnet2.config.options import option
from espnet2.utils.types import str_or_none


@dataclass
class RunOptions:
    """Run: where to, on what, and how much of it."""

    output_dir: str | None = option(None, "Everything is written below this folder", type=str_or_none, required=True)
    log_level: str = option("INFO", "How much is logged", choices=["ERROR", "WARNING", "INFO", "DEBUG", "NOTSET"])
    ngpu: int = option(0, "GPUs of this machine; 0 is the CPU")
    seed: int = option(0, "Seed of all random numbers")
    dry_run: bool = option(False, "Build the model, write config.yaml and stop")
    collect_stats: bool = option(False, "Write shapes and feature statistics instead of training")
    write_collected_feats: bool = option(False, "With collect_stats: write the features too")
    loop: str = option("default", "How a training step is made: default, or module:Class derived from espnet2.train.loop:Loop")
    pretrain_path: str | None = option(None, "Obsolete; use --init_param", type=str_or_none)
