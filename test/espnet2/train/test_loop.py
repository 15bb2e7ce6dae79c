"""The step's invariants: accumulation, skipping, and the reference values of clipping and noise."""

import logging

import pytest
import torch
from tiny_training import TinyFactory, TinyModel

from espnet2.schedulers.registry import build_scheduler
from espnet2.train.distributed import Distributed
from espnet2.train.loop import Loop, OptimizationStep, add_gradient_noise
from espnet2.train.options import TrainerOptions


def loop_of(model, scheduler=None, lr=0.1, loop_class=Loop, **options):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    schedule = build_scheduler(scheduler, optimizer, {"warmup_steps": 4} if scheduler else {})
    model.train()
    return loop_class(model, {"default": optimizer}, {"default": schedule}, TrainerOptions(**options), Distributed())


def model_of(seed=0, **kwargs):
    torch.manual_seed(seed)
    return TinyModel(**kwargs).double()


def batches_of(batch_size, number=8):
    return [{"utt_id": ids, **batch} for ids, batch in TinyFactory(range(number), batch_size).build_iter(1)]


def run(loop, batches, group_size):
    norms = {}
    for index, batch in enumerate(batches, 1):
        norms = loop.step(batch, last=index % group_size == 0, group_size=group_size)
    return norms


def test_four_batches_of_two_equal_one_of_eight():
    one, four = model_of(), model_of()
    whole = run(loop_of(one), batches_of(8), 1)
    parts = run(loop_of(four), batches_of(2), 4)
    assert whole["default"] == pytest.approx(float(parts["default"]))
    for a, b in zip(one.parameters(), four.parameters()):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


def test_no_update_before_the_last_of_a_group():
    model = model_of()
    before = [p.clone() for p in model.parameters()]
    norms = loop_of(model, accum_grad=2).step(batches_of(4)[0], last=False)
    assert norms == {}
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters()))


@pytest.mark.parametrize("bad", ["utt3"])
def test_a_norm_that_is_not_finite_is_skipped_with_a_warning(bad, caplog):
    model = model_of(broken_at=bad)
    before = [p.clone() for p in model.parameters()]
    loop = loop_of(model, "warmuplr")
    rate = loop.optimizers["default"].param_groups[0]["lr"]
    norms = loop.step(batches_of(4)[0])
    assert not torch.isfinite(norms["default"])
    assert "The grad norm is nan. Skipping updating the model." in caplog.text
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters()))
    assert loop.optimizers["default"].param_groups[0]["lr"] == rate
    assert torch.isfinite(loop.step(batches_of(4)[1])["default"])
    assert any(not torch.equal(a, b) for a, b in zip(before, model.parameters()))


def test_gradients_are_clipped_to_the_norm_and_the_share_is_reported():
    reported = {}
    model = model_of()
    before = [p.detach().clone() for p in model.parameters()]
    loop = loop_of(model, lr=1.0, grad_clip=0.01)
    loop.report = lambda stats, weight=None: reported.update(stats)
    norm = loop.step(batches_of(8)[0])["default"]
    moved = torch.cat([(a - b).detach().flatten() for a, b in zip(before, model.parameters())]).norm()
    assert norm > 0.01
    assert moved == pytest.approx(0.01, rel=1e-3)
    assert float(reported["clip"]) == 100
    names = [n for n in reported if n != "nothing"]
    assert names == ["forward_time", "loss", "acc", "backward_time", "grad_norm", "clip", "loss_scale",
                     "optim_step_time", "optim0_lr0"]  # fmt: skip


def test_clip_of_zero_only_measures():
    model, free = model_of(), model_of()
    loop_of(model, grad_clip=0.0).step(batches_of(8)[0])
    loop_of(free, grad_clip=1e9).step(batches_of(8)[0])
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), free.parameters()))


def test_schedule_steps_once_per_update():
    loop = loop_of(model_of(), "warmuplr")
    rates = []
    for _ in range(3):
        run(loop, batches_of(4), 2)
        rates.append(loop.optimizers["default"].param_groups[0]["lr"])
    assert rates == pytest.approx([0.05, 0.075, 0.1])


def test_noise_is_a_function_of_the_update_and_decays():
    def noise(update):
        parameter = torch.zeros(20000, requires_grad=True)
        parameter.grad = torch.zeros(20000)
        add_gradient_noise([parameter, torch.zeros(1, requires_grad=True)], update)
        return parameter.grad

    assert torch.equal(noise(3), noise(3))
    assert noise(0).std() == pytest.approx(1.0, rel=0.03)
    assert noise(350).std() == pytest.approx(4**-0.55, rel=0.03)


def test_mixed_precision_on_a_cpu_is_bfloat16():
    model = model_of().float()
    loop = loop_of(model, use_amp=True)
    batch = batches_of(8)[0]
    batch["x"] = batch["x"].float()
    assert loop.amp_dtype is torch.bfloat16
    assert not loop.scaler.is_enabled()
    assert torch.isfinite(loop.step(batch)["default"])


class TwoPlayers(Loop):
    """The second player's loss is computed after the first one's update."""

    def losses(self, batch):
        for name in ("first", "second"):
            yield OptimizationStep(
                sum(p.sum() for p in self.parameters["first"]) * self.parameters[name][0].sum(), name
            )


def test_the_second_loss_sees_the_first_update():
    first, second = torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter(torch.ones(1))
    optimizers = {n: torch.optim.SGD([p], lr=0.1) for n, p in (("first", first), ("second", second))}
    loop = TwoPlayers(torch.nn.Identity(), optimizers, dict.fromkeys(optimizers), TrainerOptions(), Distributed())
    reported = {}
    loop.report = lambda stats, weight=None: reported.update(stats)
    norms = loop.step({})
    assert float(norms["first"]) == pytest.approx(2.0)
    assert float(norms["second"]) == pytest.approx(0.8)  # d/d second = first, which is 1 - 0.1 * 2 by then
    assert {"first_backward_time", "second_grad_norm", "optim0_lr0", "optim1_lr0"} <= set(reported)


def test_a_model_may_return_a_dict(caplog):
    class AsDict(TinyModel):
        def forward(self, **batch):
            loss, stats, weight = super().forward(**batch)
            return {"loss": loss, "stats": stats, "weight": weight}

    with caplog.at_level(logging.WARNING):
        assert loop_of(AsDict().double()).step(batches_of(8)[0])
