"""Formulas of the documentation, evaluated independently, and what happens when."""

import io
import math

import pytest
import torch

from espnet2.schedulers.registry import SCHEDULERS, build_scheduler, stepped
from espnet2.utils.errors import InputError

NEEDED = {
    "lambdalr": {"lr_lambda": lambda n: 1.0},
    "steplr": {"step_size": 1},
    "multisteplr": {"milestones": [1, 2]},
    "exponentiallr": {"gamma": 0.9},
    "cosineannealinglr": {"T_max": 3},
    "cycliclr": {"base_lr": 0.1, "max_lr": 0.2, "cycle_momentum": False},
    "onecyclelr": {"max_lr": 0.2, "total_steps": 20},
    "cosineannealingwarmrestarts": {"T_0": 3},
    "cosineannealingwarmuprestarts": {"first_cycle_steps": 5},
    "exponentialdecaywarmup": {"max_lr": 1.0, "min_lr": 0.1, "total_steps": 9},
}
KINDS = {
    "batch": "warmuplr noamlr piecewiselinearwarmuplr warmupsteplr tristagelr exponentialdecaywarmup "
    "cosineannealingwarmuprestarts cycliclr onecyclelr cosineannealingwarmrestarts",
    "epoch": "lambdalr steplr multisteplr exponentiallr cosineannealinglr",
    "value": "reducelronplateau",
    "batch value": "warmupreducelronplateau",
}


def sgd(lr):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def rates(name, number, lr=2.0, **conf):
    """The learning rates of the first updates."""
    optimizer = sgd(lr)
    scheduler = build_scheduler(name, optimizer, conf)
    found = []
    for _ in range(number):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize("kinds", KINDS)
def test_when_each_is_stepped(kinds):
    for name in KINDS[kinds].split():
        assert stepped(build_scheduler(name, sgd(0.1), NEEDED.get(name))) == set(kinds.split()), name


def test_every_name_is_of_a_kind():
    assert {name for names in KINDS.values() for name in names.split()} == set(SCHEDULERS)


@pytest.mark.parametrize("name", sorted(set(SCHEDULERS) - {"lambdalr"}))
def test_a_restored_schedule_goes_on(name):
    """Through a file that holds plain containers only."""
    optimizers = [sgd(0.1), sgd(0.1)]
    whole, parts = (build_scheduler(name, optimizer, NEEDED.get(name)) for optimizer in optimizers)
    step = (lambda s, n: s.step(n)) if stepped(whole) == {"value"} else (lambda s, n: s.step())
    for n in range(4):
        step(whole, n)
        step(parts, n)
    stream = io.BytesIO()
    torch.save([parts.state_dict(), optimizers[1].state_dict()], stream)
    restored_optimizer = sgd(0.1)
    restored = build_scheduler(name, restored_optimizer, NEEDED.get(name))
    stream.seek(0)
    schedule_state, optimizer_state = torch.load(stream, weights_only=True)
    restored.load_state_dict(schedule_state)
    restored_optimizer.load_state_dict(optimizer_state)
    for n in range(4, 9):
        step(whole, n)
        step(restored, n)
        assert restored_optimizer.param_groups[0]["lr"] == optimizers[0].param_groups[0]["lr"]


def test_warmup_peaks_at_lr0():
    found = rates("WarmupLR", 8, warmup_steps=4)
    assert found == pytest.approx([2 * 2 * min(n**-0.5, n * 4**-1.5) for n in range(1, 9)])
    assert max(found) == found[3] == pytest.approx(2.0)


def test_noam_and_its_warning(caplog):
    found = rates("noamlr", 5, model_size=16, warmup_steps=2)
    assert found == pytest.approx([2 * 16**-0.5 * min(n**-0.5, n * 2**-1.5) for n in range(1, 6)])
    assert f"lr={2 * (16 * 2) ** -0.5:.4g}" in caplog.text


def test_warmup_steps():
    conf = {"warmup_steps": 4, "steps_per_epoch": 3, "step_size": 2, "gamma": 0.5}
    assert rates("warmupsteplr", 12, **conf) == pytest.approx([0.5, 1, 1.5, 2] + [2] * 4 + [1] * 4)


def test_piecewise_linear():
    found = rates("piecewiselinearwarmuplr", 8, warmup_steps_list=[0, 2, 6], warmup_lr_list=[0.0, 1.0, 3.0])
    assert found == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 2 * (6 / 7) ** 0.5, 2 * (6 / 8) ** 0.5])


def test_three_stages():
    conf = {"max_steps": 10, "warmup_ratio": 0.2, "hold_ratio": 0.4, "decay_ratio": 0.4}
    found = rates("tristagelr", 12, init_lr_scale=0.1, final_lr_scale=0.01, **conf)
    decay = [2 * math.exp(math.log(0.01) * k / 4) for k in range(5)]
    assert found == pytest.approx([2 * 0.55, 2, 2, 2, 2, *decay, 0.02, 0.02])


def test_cosine_cycles_with_warmup():
    conf = {"first_cycle_steps": 6, "cycle_mult": 2.0, "max_lr": 1.0, "min_lr": 0.2, "warmup_steps": 2, "gamma": 0.5}
    found = rates("cosineannealingwarmuprestarts", 17, lr=99.0, **conf)
    first = [0.2, 0.6] + [0.2 + 0.8 * (1 + math.cos(math.pi * k / 4)) / 2 for k in range(4)]
    second = [0.2, 0.35] + [0.2 + 0.3 * (1 + math.cos(math.pi * k / 8)) / 2 for k in range(8)]
    assert found == pytest.approx([*first, *second, 0.2])


@pytest.mark.parametrize("from_zero", [False, True])
def test_exponential_decay(from_zero):
    conf = {"max_lr": 1.0, "min_lr": 0.01, "total_steps": 6, "warmup_steps": 2, "warm_from_zero": from_zero}
    warmup = [0.0, 0.5] if from_zero else [1.0, 1.0]
    assert rates("exponentialdecaywarmup", 7, **conf) == pytest.approx(warmup + [0.01 ** (k / 4) for k in range(5)])


def test_plateau_with_warmup():
    optimizer = sgd(1.0)
    scheduler = build_scheduler("warmupreducelronplateau", optimizer, {"warmup_steps": 4, "patience": 0, "factor": 0.5})

    def rate():
        return optimizer.param_groups[0]["lr"]

    found = [rate()]
    for n in range(4):
        scheduler.step()
        found.append(rate())
        if n == 1:
            for value in (1.0, 2.0):
                scheduler.step(value)
    assert found == [0.25, 0.5, 0.75, 1.0, 1.0]  # the worse value came during the warm-up
    scheduler.step(3.0)
    scheduler.step()
    assert rate() == 0.5
    scheduler.step(0.1)
    assert rate() == 0.5


def test_a_class_of_the_recipe_says_when_itself():
    class Own(torch.optim.lr_scheduler.LRScheduler):
        stepped = ("batch",)

        def get_lr(self):
            return self.base_lrs

    assert stepped(Own(sgd(1.0))) == {"batch"}
    assert stepped(None) == frozenset()
    assert build_scheduler(None, sgd(1.0)) is None


@pytest.mark.parametrize(
    "name, conf, message",
    [
        ("warmplr", {}, "Did you mean 'warmuplr'"),
        ("warmuplr", {"warmup": 3}, "no option 'warmup'.*Did you mean 'warmup_steps'"),
        ("warmuplr", {"warmup_steps": 0}, "must be positive"),
        ("tristagelr", {"hold_ratio": 0.9}, "must sum to 1"),
        ("piecewiselinearwarmuplr", {"warmup_steps_list": [5, 5]}, "must ascend"),
        ("exponentialdecaywarmup", {"max_lr": 1, "min_lr": 2, "total_steps": 3}, "min_lr <= max_lr"),
        ("steplr", {}, "needs a value for step_size"),
    ],
)
def test_refusals(name, conf, message):
    with pytest.raises(InputError, match=message):
        build_scheduler(name, sgd(1.0), conf)
