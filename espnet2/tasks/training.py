"""From a built model to a run: devices, data, optimisers, and the trainer.

The steps of ``AbsTask.main_worker`` that need torch stand here, so that reading a command line does not load it.
"""

import argparse
import logging
from typing import Any

import torch

from espnet2.config.options import from_args
from espnet2.tasks.data import build_iter_factory, build_plot_iter_factory, build_stats_iterator, data_files, splits_of
from espnet2.train.abs_espnet_model import AbsESPnetModel
from espnet2.train.collect_stats import collect_stats
from espnet2.train.data_check import check_training_inputs
from espnet2.train.data_options import DataOptions
from espnet2.train.distributed import Distributed
from espnet2.train.input_needs import InputNeeds
from espnet2.train.load_pretrained import load_pretrained_model
from espnet2.train.options import TrainerOptions
from espnet2.train.trainer import Trainer
from espnet2.utils.errors import InputError
from espnet2.utils.seed import set_all_random_seed


def prepare_torch(args: argparse.Namespace) -> None:
    """Seeds and the switches of torch's back ends."""
    set_all_random_seed(args.seed)
    torch.backends.cudnn.enabled = args.cudnn_enabled
    torch.backends.cudnn.benchmark = args.cudnn_benchmark
    torch.backends.cudnn.deterministic = args.cudnn_deterministic
    if args.detect_anomaly:
        torch.autograd.set_detect_anomaly(True)
    if args.use_tf32:
        if args.use_amp:
            raise InputError("--use_tf32 and --use_amp exclude each other.")
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True


def refuse_unsupported(args: argparse.Namespace) -> None:
    """Say so at once when an option asks for what is not there."""
    from_args(DataOptions, args)
    if args.pretrain_path is not None:
        raise InputError("--pretrain_path is obsolete: use --init_param FILE.")
    if args.adapter_conf and not args.use_adapter:
        raise InputError("--adapter_conf has no effect without --use_adapter true.")
    if args.save_strategy == "adapter_only" and not args.use_adapter:
        raise InputError("--save_strategy adapter_only: the model has no adapters without --use_adapter true.")


def place(model: torch.nn.Module, args: argparse.Namespace, device: torch.device) -> torch.nn.Module:
    """Give the model its type and device, and freeze what is not to learn.

    Raises:
        InputError: If a name of ``freeze_param`` fits no parameter.
    """
    model = model.to(dtype=getattr(torch, args.train_dtype), device=device)
    for target in args.freeze_param:
        found = [p for name, p in model.named_parameters() if name == target or name.startswith(f"{target}.")]
        if not found:
            raise InputError(f"--freeze_param: there is no parameter '{target}' in the model.")
        for parameter in found:
            parameter.requires_grad = False
        logging.info(f"{len(found)} parameters of {target} are frozen")
    return model


def collect(task: Any, args: argparse.Namespace, model: AbsESPnetModel, device: torch.device) -> None:
    """Write shapes and statistics of the training and validation data."""
    needs = check_data(task, args, model)
    collect_stats(
        model.to(device),
        build_stats_iterator(task, args, "train", needs),
        build_stats_iterator(task, args, "valid", needs),
        output_dir=args.output_dir,
        device=device,
        log_interval=args.log_interval,
        write_collected_feats=args.write_collected_feats,
    )


def check_data(task: Any, args: argparse.Namespace, model: AbsESPnetModel) -> InputNeeds:
    """Refuse data that would fail later.

    Returns:
        What the model asks of each utterance.
    Raises:
        InputError: With all problems of all sets together.
    """
    inputs = [(data_files(args, mode), getattr(args, f"{mode}_shape_file")) for mode in ("train", "valid")]
    if args.multiple_iterator:
        inputs = [*splits_of(*inputs[0]), inputs[1]]
    rates = {} if args.allow_multi_rates else model.sample_rates()
    problems = []
    for files, shape_files in inputs:
        if args.collect_stats and not shape_files:
            shape_files = [files[0][0]]  # whose ids are read
        try:
            check_training_inputs(
                files,
                shape_files,
                task.required_data_names(train=True),
                task.optional_data_names(train=True),
                args.allow_variable_data_keys,
                rates,
            )
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("\n".join(problems))
    model.check_data_names([name for _, name, _ in data_files(args, "train")])
    return InputNeeds(rates, model.least_lengths(), check=model.utterance_check())


def train(task: Any, args: argparse.Namespace, model: AbsESPnetModel, distributed: Distributed) -> None:
    """Train the model. ``config.yaml`` is written when all is found well: an earlier one stays true to the earlier weights.

    Raises:
        InputError: If the data does not fit; all its problems together, before the first epoch.
    """
    needs = check_data(task, args, model)
    for item in args.init_param:
        logging.info(f"Loading pretrained parameters from {item}")
        load_pretrained_model(item, model, args.ignore_init_mismatch, map_location="cpu")
    placed = place(model, args, distributed.device)
    optimizers = task.build_optimizers(args, placed)
    Trainer.run(
        model=placed,
        optimizers=optimizers,
        schedulers=task.build_schedulers(args, optimizers),
        train_iter_factory=build_iter_factory(task, args, "train", distributed, needs),
        valid_iter_factory=build_iter_factory(task, args, "valid", distributed, needs),
        plot_iter_factory=build_plot_iter_factory(task, args, needs) if args.num_att_plot > 0 else None,
        output_dir=args.output_dir,
        options=from_args(TrainerOptions, args),
        distributed=distributed,
        loop_class=task.loop_class(args),
        seed=args.seed,
        task_name=task.__name__,
        on_begin=lambda: task.save_config(args, distributed.distributed),
    )
