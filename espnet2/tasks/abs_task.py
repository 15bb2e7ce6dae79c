"""What all tasks share: from options to a configuration, a model, data and a training.

A task is a menu (its ``class_choices_list`` and ``option_groups``) and ``build_model``. This file reads the command line, writes
``config.yaml`` and hands everything to the trainer; nothing here knows a model.
"""

import argparse
import logging
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from espnet2 import __version__
from espnet2.config.cli import ConfigParser
from espnet2.config.options import add_options, required_names
from espnet2.config.registry import ClassChoices, keyword_arguments
from espnet2.config.yaml import dump_yaml, to_yaml
from espnet2.samplers.options import BatchOptions
from espnet2.tasks.options import RunOptions
from espnet2.train.data_options import DataOptions
from espnet2.train.options import DistributedOptions, OptimOptions, TrainerOptions
from espnet2.utils.errors import InputError

loop_choices = ClassChoices(
    "loop", {"default": "espnet2.train.loop:Loop"}, type_check="espnet2.train.loop:Loop", default="default"
)
COMMON_OPTIONS: tuple[type, ...] = (RunOptions, TrainerOptions, DistributedOptions, OptimOptions, DataOptions, BatchOptions)


class AbsTask(ABC):
    """A task of class methods only."""

    num_optimizers: int = 1
    class_choices_list: tuple[ClassChoices, ...] = ()
    option_groups: tuple[type, ...] = ()

    # ----- what a task says -----
    @classmethod
    @abstractmethod
    def build_model(cls, args: argparse.Namespace) -> Any:
        """The model that the options describe."""

    @classmethod
    @abstractmethod
    def build_collate_fn(cls, args: argparse.Namespace, train: bool) -> Callable:
        """``[(uid, data), ...] -> (uids, batch)``."""

    @classmethod
    @abstractmethod
    def build_preprocess_fn(cls, args: argparse.Namespace, train: bool) -> Callable | None:
        """``(uid, data) -> data``, or None."""

    @classmethod
    @abstractmethod
    def required_data_names(cls, train: bool = True, inference: bool = False) -> tuple[str, ...]:
        """Data that each utterance must have."""

    @classmethod
    @abstractmethod
    def optional_data_names(cls, train: bool = True, inference: bool = False) -> tuple[str, ...]:
        """Data that an utterance may have."""

    # ----- the command line -----
    @classmethod
    def get_parser(cls) -> ConfigParser:
        """All options of the task; ``--help`` imports no torch."""
        parser = ConfigParser(description=(cls.__doc__ or "").strip().replace("`", ""))
        parser.add_argument("--print_config", action="store_true", help="Print all options with their defaults and exit")
        for options in COMMON_OPTIONS:
            add_options(parser, options)
        for options in cls.option_groups:
            add_options(parser, options)
        group = parser.add_argument_group("Parts: a name from the list, or module:Class, and its keyword arguments")
        for choices in cls.class_choices_list:
            choices.add_arguments(group)
        return parser

    @classmethod
    def main(cls, args: argparse.Namespace | None = None, cmd: Sequence[str] | None = None) -> None:
        """Train, collect statistics or print the configuration, as the options say.

        Args:
            args: Parsed options; or
            cmd: the words of a command line (by default this process's own).
        """
        if args is None:
            parser = cls.get_parser()
            args = parser.parse_args(cmd)
            if args.print_config:
                cls.print_config(args)
                return
            cls.check_required_command_args(args, parser)
        from espnet2.train.workers import run_workers

        run_workers(cls.main_worker, args)

    @classmethod
    def check_required_command_args(cls, args: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
        """Exit 2 with the usage if a required option has no value."""
        missing = [f"--{name}" for name in cls._required() if getattr(args, name) in (None, [])]
        if missing:
            parser.error(f"required: {', '.join(missing)}")

    @classmethod
    def _required(cls) -> list[str]:
        return required_names(*COMMON_OPTIONS, *cls.option_groups)

    @classmethod
    def print_config(cls, args: argparse.Namespace, file: Any = None) -> None:
        """Print every option, with the chosen classes' own defaults below ``*_conf``."""
        config = {k: v for k, v in vars(args).items() if k not in ("print_config", "config", "ngpu", *cls._required())}
        from espnet2.optimizers.registry import optim_choices
        from espnet2.schedulers.registry import scheduler_choices

        for choices in (*cls.class_choices_list, optim_choices, scheduler_choices):
            name = config[choices.name]
            if name is not None:
                config[f"{choices.name}_conf"] = _with_defaults(choices.get_class(name), config[f"{choices.name}_conf"])
        print(to_yaml(config), file=file or sys.stdout, end="")

    # ----- one process of a training -----
    @classmethod
    def main_worker(cls, args: argparse.Namespace, distributed: Any) -> None:
        """Build everything and train (or collect statistics) in this process.

        Args:
            args: All options.
            distributed: This process among others.
        """
        from espnet2.fileio.hugging_face import experiment
        from espnet2.tasks.training import prepare_torch, refuse_unsupported

        refuse_unsupported(args)
        prepare_torch(args)
        with experiment(args.output_dir, is_training=True):
            cls._work(args, distributed)

    @classmethod
    def _work(cls, args: argparse.Namespace, distributed: Any) -> None:
        """Build the model, and train it or collect statistics."""
        from espnet2.tasks.adapter import build_adapted
        from espnet2.tasks.training import collect, train

        model = build_adapted(cls, args)
        if distributed.is_main:
            logging.info(f"Model structure:\n{describe_model(model)}")
            if args.dry_run or args.collect_stats:
                cls.save_config(args, distributed.distributed)
        if args.dry_run:
            return
        if args.collect_stats:
            collect(cls, args, model, distributed.device)
        else:
            train(cls, args, model, distributed)

    @classmethod
    def save_config(cls, args: argparse.Namespace, is_distributed: bool) -> Path:
        """Write ``config.yaml``: all options as they are used."""
        path = Path(args.output_dir) / "config.yaml"
        logging.info(f"Saving the configuration in {path}")
        config = dict(vars(args))
        config.update(required=cls._required(), version=__version__, distributed=is_distributed)
        dump_yaml(config, path)
        return path

    # ----- building blocks for tasks and doors -----
    @classmethod
    def read_token_list(cls, args: argparse.Namespace) -> list[str]:
        """The token list, which takes the place of its path in ``args``.

        Raises:
            InputError: If the file is no list of tokens, or lacks the token for unknown ones that the preprocessor needs.
        """
        from espnet2.text.token_id_converter import TokenIDConverter
        from espnet2.text.token_list import read_token_list

        if args.use_preprocessor and isinstance(args.token_list, str):
            unknown = args.preprocessor_conf.get("unk_symbol", "<unk>")
            args.token_list = TokenIDConverter(args.token_list, unknown).token_list
        else:
            args.token_list = read_token_list(args.token_list)
        return args.token_list

    @classmethod
    def build_common_preprocessor(cls, args: argparse.Namespace, train: bool, choices: ClassChoices) -> Callable | None:
        """The preprocessor with everything that text (and augmentation) options say."""
        if not args.use_preprocessor:
            return None
        fixed = {
            "train": train,
            "token_type": args.token_type,
            "token_list": args.token_list,
            "bpemodel": args.bpemodel,
            "non_linguistic_symbols": args.non_linguistic_symbols,
            "text_cleaner": args.cleaner,
            "g2p_type": args.g2p,
        }
        for name in ("rir_scp", "rir_apply_prob", "noise_scp", "noise_apply_prob", "noise_db_range", "short_noise_thres",
                     "speech_volume_normalize"):
            if name in args:
                fixed[name] = getattr(args, name)
        if "aux_ctc_tasks" in args:
            fixed["aux_task_names"] = args.aux_ctc_tasks
        return choices.build(args.preprocessor, args.preprocessor_conf, **fixed)

    @classmethod
    def build_optimizers(cls, args: argparse.Namespace, model: Any) -> list:
        """One optimiser for all parameters that learn."""
        from espnet2.optimizers.registry import build_optimizer

        return [build_optimizer(args.optim, model, args.optim_conf, args.exclude_weight_decay, args.exclude_weight_decay_conf)]

    @classmethod
    def build_schedulers(cls, args: argparse.Namespace, optimizers: list) -> list:
        """One schedule (or None) per optimiser."""
        from espnet2.schedulers.registry import build_scheduler

        return [build_scheduler(args.scheduler, optimizers[0], args.scheduler_conf)]

    @classmethod
    def loop_class(cls, args: argparse.Namespace) -> Callable:
        """What makes a training step."""
        return loop_choices.get_class(args.loop)

    @classmethod
    def check_task_requirements(
        cls, names: Iterable[str], allow_variable_data_keys: bool, train: bool, inference: bool = False
    ) -> None:
        """Refuse data that the task does not know, or too little of it.

        Raises:
            InputError: With the names that are missing or unknown.
        """
        names = list(names)
        required = cls.required_data_names(train, inference)
        known = (*required, *cls.optional_data_names(train, inference))
        missing = [name for name in required if name not in names]
        unknown = [name for name in names if name not in known]
        if missing:
            raise InputError(f"{cls.__name__} needs data named {', '.join(missing)}; given: {', '.join(names) or 'none'}.")
        if unknown and not allow_variable_data_keys:
            raise InputError(
                f"{cls.__name__} does not know data named {', '.join(unknown)} (known: {', '.join(known)}); "
                "--allow_variable_data_keys true lets them pass."
            )

    @classmethod
    def default_args(cls) -> argparse.Namespace:
        """Every option at its default."""
        parser = cls.get_parser()
        return argparse.Namespace(**{a.dest: a.default for a in parser._actions if a.dest != "help"})

    @classmethod
    def build_model_from_file(
        cls,
        config_file: str | Path | None = None,
        model_file: str | Path | None = None,
        device: str = "cpu",
        allow_missing: bool = False,
    ) -> tuple[Any, argparse.Namespace]:
        """A trained model.

        Args:
            config_file: The training's ``config.yaml``; by default the one beside ``model_file``.
            model_file: A ``.pth`` of weights; None builds the model without loading any.
            device: Where to put it.
            allow_missing: Accept a file that lacks some parameters.
        Returns:
            The model (in training mode, as built) and all its options.
        Raises:
            InputError: If a file is missing or does not fit.
        """
        from espnet2.tasks.load import load_model

        if config_file is None:
            if model_file is None:
                raise InputError("Name a configuration or a model file.")
            config_file = Path(model_file).parent / "config.yaml"
        return load_model(cls, config_file, model_file, device, allow_missing)

    @classmethod
    def build_streaming_iterator(
        cls,
        data_path_and_name_and_type: Sequence[tuple[str, str, str]],
        preprocess_fn: Callable | None,
        collate_fn: Callable,
        key_file: str | None = None,
        batch_size: int = 1,
        dtype: str = "float32",
        num_workers: int = 1,
        allow_variable_data_keys: bool = False,
        ngpu: int = 0,
        inference: bool = False,
    ) -> Iterable:
        """Batches ``(uids, batch)`` of a data set read once, in the order of the key file.

        Raises:
            InputError: If the data are not those of the task; while iterating, if an utterance is damaged.
        """
        from espnet2.iterators.streaming_iterator import StreamingIterator
        from espnet2.train.dataset import ESPnetDataset

        names = [name for _, name, _ in data_path_and_name_and_type]
        cls.check_task_requirements(names, allow_variable_data_keys, train=False, inference=inference)
        dataset = ESPnetDataset(data_path_and_name_and_type, preprocess_fn, float_dtype=dtype)
        return StreamingIterator(dataset, collate_fn, batch_size, key_file, num_workers, pin_memory=ngpu > 0)


def _with_defaults(class_: type, conf: dict | None) -> dict:
    """A class's keyword defaults, updated by the user's values."""
    defaults = {name: p.default for name, p in keyword_arguments(class_).items() if p.default is not p.empty}
    return {**defaults, **(conf or {})}


def describe_model(model: Any) -> str:
    """The structure of a model, its size and how much of it learns."""
    total = sum(p.numel() for p in model.parameters())
    learns = sum(p.numel() for p in model.parameters() if p.requires_grad)
    megabytes = sum(p.numel() * p.element_size() for p in model.parameters()) / 1e6
    return (
        f"{model}\nParameters: {total / 1e6:.2f} M ({megabytes:.1f} MB), of which {learns / 1e6:.2f} M learn"
        f" ({100 * learns / max(total, 1):.1f} %)"
    )
