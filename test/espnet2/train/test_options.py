import argparse
import dataclasses
import subprocess
import sys

from espnet2.config.options import add_options, from_args
from espnet2.train.options import DistributedOptions, OptimOptions, TrainerOptions

ALL = (TrainerOptions, DistributedOptions, OptimOptions)


def parse(*words):
    parser = argparse.ArgumentParser()
    for options in ALL:
        add_options(parser, options)
    return parser.parse_args(words)


def test_defaults_are_the_documented_ones():
    options = from_args(TrainerOptions, parse())
    assert (options.max_epoch, options.grad_clip, options.accum_grad, options.keep_nbest_models) == (40, 5.0, 1, [10])
    assert options.best_model_criterion[3] == ("valid", "acc", "max")
    assert from_args(OptimOptions, parse()).optim == "adadelta"
    assert from_args(DistributedOptions, parse()) == DistributedOptions()


def test_values_are_read():
    words = "--best_model_criterion valid,acc,max (train,loss,min) --keep_nbest_models 3 5 --patience none --optim ADAM"
    args = parse(*words.split(), "--optim_conf", "lr=0.1", "--optim_conf", "{eps: 1}", "--scheduler", "none")
    assert from_args(TrainerOptions, args).best_model_criterion == [("valid", "acc", "max"), ("train", "loss", "min")]
    assert (args.keep_nbest_models, args.patience, args.optim, args.scheduler) == ([3, 5], None, "adam", None)
    assert args.optim_conf == {"lr": 0.1, "eps": 1}


def test_a_name_has_one_home():
    names = [field.name for options in ALL for field in dataclasses.fields(options)]
    assert len(names) == len(set(names))


def test_options_import_no_torch():
    code = "import sys, espnet2.train.options; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
