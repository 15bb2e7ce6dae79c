import sys
import types
from pathlib import Path

import pytest
import torch
from PIL import Image
from tiny_training import TinyFactory, TinyModel

from espnet2.train.monitors import Curves, TensorBoard, build_monitors
from espnet2.train.options import TrainerOptions
from espnet2.train.reporter import Reporter
from espnet2.utils.errors import InputError


def reporter_of(num_epochs=2):
    reporter = Reporter()
    for epoch in range(1, num_epochs + 1):
        reporter.epoch = epoch
        for phase in ("train", "valid"):
            values = {"loss": 1.0 / epoch, "time": 1.0, "total_count": 5 * epoch}
            reporter.stats.setdefault(epoch, {})[phase] = values
    return reporter


def png(directory):
    Image.new("RGB", (5, 4), "red").save(directory / "a.png")
    return directory / "a.png"


def read_scalars(directory):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(directory))
    events.Reload()
    return {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}, events.Tags()


def test_tensorboard_tags_and_steps(tmp_path):
    board = TensorBoard(tmp_path)
    board.interval({"loss": 2.0}, 3)
    board.epoch(reporter_of(1), 5)
    board.picture("layer_utt", png(tmp_path), 1)
    board.close()
    train, tags = read_scalars(tmp_path / "train")
    assert train == {"loss": [(3, 2.0), (5, 1.0)], "iter_epoch": [(5, 1.0)]}
    assert tags["images"] == ["layer_utt"]
    assert read_scalars(tmp_path / "valid")[0] == {"loss": [(5, 1.0)]}


def test_the_graph_of_a_model(tmp_path):
    board = TensorBoard(tmp_path, with_graph=True)
    ids, batch = TinyFactory(range(2), 2).build_iter(1)[0]

    class Model(TinyModel):
        def forward(self, x, x_lengths, utt_id=(), **kwargs):
            return super().forward(x, x_lengths, utt_id)

    board.graph(Model().double(), {**batch, "utt_id": ids})
    board.close()
    assert read_scalars(tmp_path / "train")[1]["graph"]


def test_curves_are_drawn_at_once_then_rarely_and_at_the_end(tmp_path, monkeypatch):
    drawn = []
    curves = Curves(tmp_path)
    draw = curves._draw
    monkeypatch.setattr(curves, "_draw", lambda reporter: (drawn.append(reporter.epoch), draw(reporter)))
    reporter = reporter_of(1)
    for epoch in (1, 2, 3):
        reporter.epoch = epoch
        curves.epoch(reporter, 5 * epoch)
    assert drawn == [1]
    curves.close()
    curves.close()
    assert drawn == [1, 3]
    assert [path.name for path in tmp_path.iterdir()] == ["loss.png"]


def test_wandb_gets_what_there_is(tmp_path, monkeypatch):
    logged, settings, files = [], {}, []

    class Run:
        id = "x"
        log = staticmethod(logged.append)
        log_artifact = staticmethod(files.append)
        finish = staticmethod(lambda: logged.append("finished"))

    class Artifact:
        def __init__(self, *args, **kwargs):
            pass

        def add_file(self, path):
            self.path = path

    fake = types.SimpleNamespace(
        init=lambda **kw: settings.update(kw) or Run, Image=lambda path: Path(path).name, Artifact=Artifact
    )
    monkeypatch.setitem(sys.modules, "wandb", fake)
    options = TrainerOptions(use_wandb=True, use_matplotlib=False, use_tensorboard=False, wandb_model_log_interval=2)
    (monitor,) = build_monitors(options, tmp_path, "ASRTask")
    monitor.interval({"loss": 1.0}, 7)
    monitor.epoch(reporter_of(1), 9)
    monitor.picture("layer_utt", tmp_path / "a.png", 1)
    for epoch in (1, 2):
        monitor.weights(tmp_path / f"{epoch}epoch.pth", epoch)
    monitor.close()
    assert settings["project"] == "ESPnet_ASRTask"
    assert settings["dir"] == str(tmp_path)
    assert logged == [
        {"train/loss": 1.0, "iteration": 7},
        {"metrics/train_loss_epoch": 1.0, "metrics/valid_loss_epoch": 1.0, "epoch": 1, "iteration": 9},
        {"attn/layer_utt": "a.png", "epoch": 1},
        "finished",
    ]
    assert [file.path for file in files] == [str(tmp_path / "2epoch.pth")]


@pytest.mark.parametrize(
    "module, command", [("wandb", "pip install wandb"), ("torch.utils.tensorboard", "tensorboard")]
)
def test_missing_packages_are_named(tmp_path, monkeypatch, module, command):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=command):
        build_monitors(TrainerOptions(use_wandb=True), tmp_path)


def test_nothing_is_watched_if_nothing_is_asked_for(tmp_path):
    assert build_monitors(TrainerOptions(use_matplotlib=False, use_tensorboard=False), tmp_path) == []
    assert torch.is_grad_enabled()
