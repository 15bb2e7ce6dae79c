"""Whole trainings of a tiny model: files, log lines, and the resumed run that equals the uninterrupted one."""

import logging
import re

import pytest
import torch
from tiny_training import train

from espnet2.train.trainer import Trainer
from espnet2.utils.errors import InputError

PLAIN = ["--use_tensorboard", "false", "--use_matplotlib", "false"]
ADAM = ["--optim", "adam", "--optim_conf", "lr=0.05", "--scheduler", "warmuplr", "--scheduler_conf", "warmup_steps=6"]


@pytest.fixture
def logs(caplog, monkeypatch):
    monkeypatch.setattr(
        "espnet2.train.workers.setup_logging", lambda *args: None
    )  # it would take pytest's handler away
    caplog.set_level(logging.INFO)
    return caplog


def load(path):
    return torch.load(path, weights_only=True)


def values(checkpoint, epoch, phase):
    return {k: v for k, v in checkpoint["reporter"]["stats"][epoch][phase].items() if "time" not in k}


def test_files_of_a_training(tmp_path, logs):
    train(tmp_path, "--max_epoch", 3, "--keep_nbest_models", 2, "--log_interval", 2, *ADAM)
    names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if not path.is_dir()}
    names = {re.sub("tfevents.*", "tfevents", name) for name in names}
    for phase in ("train", "valid"):
        for name in ("loss", "acc"):
            assert {f"{phase}.{name}.{end}.pth" for end in ("best", "ave", "ave_2best")} <= names
        assert f"tensorboard/{phase}/events.out.tfevents" in names
    assert {"checkpoint.pth", "checkpoint.prev.pth", "latest.pth", "3epoch.pth"} <= names
    assert {"images/loss.png", "images/optim0_lr0.png", "att_ws/utt17/attention.1ep.png"} <= names
    assert "images/time.png" not in names
    assert "att_ws/utt19/attention.3ep.png" in names
    assert "att_ws/utt20/attention.3ep.png" not in names  # num_att_plot is 3
    assert (tmp_path / "latest.pth").readlink().name == "3epoch.pth"
    assert set(load(tmp_path / "checkpoint.pth")) >= {"model", "reporter", "optimizers", "schedulers", "scaler"}


def test_log_lines(tmp_path, logs):
    train(tmp_path, "--max_epoch", 2, "--log_interval", 2, "--num_att_plot", 1, *ADAM)
    text = logs.messages
    assert "1/2epoch started" in text
    assert any(re.fullmatch(r"2/2epoch started\. Estimated time to finish: [\d.]+ .*", line) for line in text)
    keys = ["iter_time", "forward_time", "loss", "acc", "backward_time", "grad_norm", "clip", "loss_scale",
            "optim_step_time", "optim0_lr0", "train_time"]  # fmt: skip
    interval = next(line for line in text if line.startswith("1epoch:train:3-4batch: "))
    assert [word.split("=")[0] for word in interval.split(": ")[1].split(", ")] == keys
    results = next(line for line in text if line.startswith("2epoch results: [train] iter_time="))
    assert re.search(r"time=[\d.]+ \w+, total_count=8, \[valid\] loss=[\d.e+-]+, acc=", results)
    assert re.search(r"total_count=4, \[att_plot\] time=[\d.]+ \w+, total_count=0$", results)
    assert "The best model has been updated: train.loss, valid.loss, train.acc, valid.acc" in text
    assert "The training was finished at 2 epochs " in text


@pytest.mark.parametrize("accum_grad", [1, 3])
def test_a_resumed_training_equals_an_uninterrupted_one_bit_for_bit(tmp_path, accum_grad):
    words = ["--dropout", 0.3, "--batch_norm", "--grad_noise", "true", "--accum_grad", accum_grad, *ADAM, *PLAIN]
    train(tmp_path / "whole", "--max_epoch", 4, *words)
    train(tmp_path / "parts", "--max_epoch", 2, *words)
    train(tmp_path / "parts", "--max_epoch", 4, "--resume", "true", *words)
    whole, parts = (load(tmp_path / name / "checkpoint.pth") for name in ("whole", "parts"))
    for name, value in whole["model"].items():
        assert torch.equal(value, parts["model"][name]), name
    for own, other in zip(whole["optimizers"][0]["state"].values(), parts["optimizers"][0]["state"].values()):
        assert all(torch.equal(own[key], other[key]) for key in own)
    assert whole["schedulers"][0]["last_epoch"] == parts["schedulers"][0]["last_epoch"] > 4
    for epoch in (1, 3, 4):
        assert values(whole, epoch, "train") == values(parts, epoch, "train")
        assert values(whole, epoch, "valid") == values(parts, epoch, "valid")
    assert len(list((tmp_path / "parts").glob("*epoch.pth"))) == 4


def test_resume_falls_back_to_the_predecessor(tmp_path, logs):
    train(tmp_path / "a", "--max_epoch", 3, *ADAM, *PLAIN)
    train(tmp_path / "b", "--max_epoch", 2, *ADAM, *PLAIN)
    (tmp_path / "b" / "checkpoint.pth").write_bytes(b"half")
    train(tmp_path / "b", "--max_epoch", 3, "--resume", "true", *ADAM, *PLAIN)
    assert f"The training was resumed using {tmp_path}/b/checkpoint.prev.pth" in logs.messages
    whole, resumed = (load(tmp_path / name / "3epoch.pth") for name in "ab")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_resume_of_a_finished_training_only_averages(tmp_path, logs):
    train(tmp_path, "--max_epoch", 1, *PLAIN)
    (tmp_path / "valid.acc.ave.pth").unlink()
    train(tmp_path, "--max_epoch", 1, "--resume", "true", *PLAIN)
    assert "The training has already reached max_epoch: 1" in logs.messages
    assert (tmp_path / "valid.acc.ave.pth").exists()


def test_resume_with_other_options_is_refused(tmp_path):
    train(tmp_path, "--max_epoch", 1, *PLAIN)
    with pytest.raises(InputError, match="does not fit the model"):
        train(tmp_path, "--max_epoch", 2, "--resume", "true", "--batch_norm", *PLAIN)


def test_an_incomplete_group_at_the_end_of_an_epoch_is_an_update_of_its_own(tmp_path):
    """Four batches in groups of three: two updates, the second of the mean over one batch."""
    train(tmp_path, "--max_epoch", 1, "--accum_grad", 3, *ADAM, *PLAIN)
    assert load(tmp_path / "checkpoint.pth")["num_updates"] == 2


def test_only_the_best_and_the_newest_are_kept(tmp_path, logs):
    words = ["--keep_nbest_models", 1, "--best_model_criterion", "valid,loss,max"]
    train(tmp_path, "--max_epoch", 4, *words, *ADAM, *PLAIN)
    losses = load(tmp_path / "checkpoint.pth")["reporter"]["stats"]
    worst = max(losses, key=lambda epoch: losses[epoch]["valid"]["loss"])
    assert {path.name for path in tmp_path.glob("*epoch.pth")} == {f"{worst}epoch.pth", "4epoch.pth"}
    assert any(line.startswith("The model files were removed: ") for line in logs.messages)
    assert (tmp_path / "valid.loss.ave_1best.pth").readlink().name == f"{worst}epoch.pth"


def test_early_stopping(tmp_path, logs):
    words = ["--patience", 1, "--early_stopping_criterion", "valid", "loss", "max"]
    train(tmp_path, "--max_epoch", 9, *words, *ADAM, *PLAIN)
    assert (
        "[Early stopping] valid.loss has not been improved 2 epochs continuously. The training was stopped at 3epoch"
        in logs.messages
    )
    assert not (tmp_path / "4epoch.pth").exists()
    assert (tmp_path / "valid.loss.ave.pth").exists()


def test_a_training_without_any_valid_update_stops(tmp_path, logs):
    train(tmp_path, "--max_epoch", 3, "--broken_at", "utt1", "--batch_size", 17, *PLAIN)
    assert "The gradients at all steps are invalid" in logs.text
    assert not (tmp_path / "2epoch.pth").exists()


def test_averages_on_the_way(tmp_path):
    words = ["--nbest_averaging_interval", 2, "--keep_nbest_models", 2]
    train(tmp_path, "--max_epoch", 3, *words, *ADAM, *PLAIN)
    assert (tmp_path / "valid.loss.ave_2best.till2epoch.pth").exists()
    assert (tmp_path / "valid.loss.ave.till2epoch.pth").is_symlink()
    assert not (tmp_path / "valid.loss.ave_2best.till3epoch.pth").exists()


def test_plateau_schedule_watches_its_value(tmp_path):
    words = [
        "--optim",
        "sgd",
        "--scheduler",
        "reducelronplateau",
        "--scheduler_conf",
        "{patience: 0, threshold: 1.0e+9}",
    ]
    train(tmp_path, "--max_epoch", 3, "--val_scheduler_criterion", "valid", "acc", *words, *PLAIN)
    assert load(tmp_path / "checkpoint.pth")["schedulers"][0]["num_bad_epochs"] == 0
    assert load(tmp_path / "checkpoint.pth")["optimizers"][0]["param_groups"][0]["lr"] < 0.1


def test_no_forward_run_only_reads(tmp_path, logs):
    train(tmp_path, "--max_epoch", 1, "--no_forward_run", "true", *PLAIN)
    assert any(line.startswith("1epoch results: [train] iter_time=") for line in logs.messages)
    assert not list(tmp_path.glob("*.pth"))


@pytest.mark.parametrize(
    "words, message",
    [
        (["--early_stopping_criterion", "valid", "wer", "min", "--patience", 1], "no 'valid wer'.*Known: .*valid loss"),
        (["--val_scheduler_criterion", "valid", "wer", "--scheduler", "reducelronplateau"], "no 'valid wer'"),
        (["--best_model_criterion", "valid,loss,least"], "must be min or max, not 'least'"),
        (["--keep_nbest_models", 0], "must be 1 or more"),
        (["--accum_grad", 0], "accum_grad must be 1 or more"),
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path, words, message):
    with pytest.raises(InputError, match=message):
        train(tmp_path, "--max_epoch", 1, *words, *PLAIN)


def test_several_optimisers_need_names():
    from espnet2.train.trainer import _by_name

    with pytest.raises(ValueError, match="need names"):
        _by_name([1, 2])
    assert _by_name({"a": 1, "b": 2}) == {"a": 1, "b": 2}
    assert Trainer.run.__doc__
