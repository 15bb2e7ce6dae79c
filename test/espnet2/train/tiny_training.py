"""A training of seconds' fractions with every part real: model, optimiser, factories, processes. Also a script.

``python tiny_training.py --output_dir D [trainer and distributed options]`` trains; the tests start it to have real processes.
"""

import argparse
import os
import signal

import numpy as np
import torch

from espnet2.config.options import add_options, from_args
from espnet2.layers.attention import MultiHeadedAttention
from espnet2.optimizers.registry import build_optimizer
from espnet2.schedulers.registry import build_scheduler
from espnet2.train.abs_espnet_model import AbsESPnetModel
from espnet2.train.options import DistributedOptions, OptimOptions, TrainerOptions
from espnet2.train.trainer import Trainer
from espnet2.train.workers import run_workers
from espnet2.utils.door import run_door
from espnet2.utils.errors import InputError

NUM_UTTERANCES, DIM = 23, 4


class TinyModel(AbsESPnetModel):
    """Self-attention, BatchNorm and a linear layer that guess the mean of a sequence.

    Args:
        dropout: Makes a training depend on random numbers.
        broken_at: The loss of batches that hold this utterance is not a number.
        batch_norm: Makes it depend on which utterances are in a batch.
    """

    def __init__(self, dropout: float = 0.0, broken_at: str = "", batch_norm: bool = False):
        super().__init__()
        self.attention = MultiHeadedAttention(2, DIM, 0.0)
        self.norm = torch.nn.BatchNorm1d(DIM) if batch_norm else torch.nn.Identity()
        self.dropout = torch.nn.Dropout(dropout)
        self.out = torch.nn.Linear(DIM, DIM)
        self.broken_at = broken_at

    def forward(self, x, x_lengths, utt_id, **kwargs):
        mask = (torch.arange(x.shape[1], device=x.device) < x_lengths[:, None]).unsqueeze(1)  # (B, 1, T)
        ys = self.out(self.dropout(self.attention(x, x, x, mask)))
        ys = self.norm(ys.transpose(1, 2)).transpose(1, 2)
        mean = x.sum(1) / x_lengths[:, None]  # (B, D)
        errors = (ys - mean[:, None]).square().masked_fill(~mask.transpose(1, 2), 0.0).sum((1, 2)) / x_lengths
        loss = errors.mean()
        if self.broken_at in utt_id:
            loss = loss * float("nan")
        accuracy = (errors.detach() < 0.5).double().mean()  # of (B,)
        return loss, {"loss": loss.detach(), "acc": accuracy, "nothing": None}, torch.tensor(len(x))

    def collect_feats(self, x, x_lengths):
        return {"feats": x, "feats_lengths": x_lengths}


def utterance(number: int) -> np.ndarray:
    """The same (T, D) for the same number."""
    random = np.random.RandomState(number)
    return random.randn(3 + number % 5, DIM)


class TinyFactory:
    """Batches of a plan that is a function of the epoch, dealt to ranks as the real factories do."""

    def __init__(self, ids, batch_size, shuffle=False, rank=0, world_size=1, dtype=torch.float64):
        self.ids, self.batch_size, self.shuffle = list(ids), batch_size, shuffle
        self.rank, self.world_size, self.dtype = rank, world_size, dtype

    def build_iter(self, epoch, shuffle=None, start=0):
        ids = list(self.ids)
        if self.shuffle:
            np.random.RandomState(epoch).shuffle(ids)
        batches = [ids[i : i + self.batch_size] for i in range(0, len(ids), self.batch_size)]
        return [self.batch(b[self.rank :: self.world_size]) for b in batches[start:]]

    def batch(self, numbers):
        arrays = [torch.as_tensor(utterance(n), dtype=self.dtype) for n in numbers]
        lengths = torch.tensor([len(a) for a in arrays])
        return [f"utt{n}" for n in numbers], {
            "x": torch.nn.utils.rnn.pad_sequence(arrays, batch_first=True),
            "x_lengths": lengths,
        }


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    for options in (TrainerOptions, DistributedOptions, OptimOptions):
        add_options(parser, options)
    parser.add_argument("--output_dir", required=True)
    parser.add_argument("--log_level", default="INFO")
    parser.add_argument("--ngpu", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch_size", type=int, default=5)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--broken_at", default="")
    parser.add_argument("--batch_norm", action="store_true")
    parser.add_argument("--die", default="")
    return parser


def worker(args: argparse.Namespace, distributed) -> None:
    if args.die and distributed.rank == distributed.world_size - 1:
        _die(args.die)
    torch.manual_seed(args.seed)
    model = TinyModel(args.dropout, args.broken_at, args.batch_norm).to(torch.float64).to(distributed.device)
    optimizer = build_optimizer(args.optim, model, args.optim_conf)
    ranks = {"rank": distributed.rank, "world_size": distributed.world_size}
    train_ids, valid_ids = range(NUM_UTTERANCES - 6), range(NUM_UTTERANCES - 6, NUM_UTTERANCES)
    Trainer.run(
        model=model,
        optimizers=[optimizer],
        schedulers=[build_scheduler(args.scheduler, optimizer, args.scheduler_conf)],
        train_iter_factory=TinyFactory(train_ids, args.batch_size, shuffle=True, **ranks),
        valid_iter_factory=TinyFactory(valid_ids, 3, **ranks),
        plot_iter_factory=TinyFactory(valid_ids, 1),
        output_dir=args.output_dir,
        options=from_args(TrainerOptions, args),
        distributed=distributed,
        seed=args.seed,
    )


def _die(how: str) -> None:
    if how == "input":
        raise InputError("the file x is not there")
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise ValueError("a bug of rank 1")


def train(output_dir, *words: object) -> None:
    """Train in this process."""
    run_workers(worker, parser().parse_args(["--output_dir", str(output_dir), *map(str, words)]))


if __name__ == "__main__":
    run_door(lambda: run_workers(worker, parser().parse_args()))
