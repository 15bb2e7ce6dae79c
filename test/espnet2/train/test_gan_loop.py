"""Two players in turns."""

import pytest
import torch

from espnet2.train.abs_espnet_model import AbsESPnetModel
from espnet2.train.distributed import Distributed
from espnet2.train.gan_loop import GANLoop
from espnet2.train.options import TrainerOptions


class TwoNumbers(AbsESPnetModel):
    """The generator is a number that wants the discriminator's times itself small; the discriminator wants it large."""

    def __init__(self):
        super().__init__()
        self.generator = torch.nn.Linear(1, 1, bias=False)
        self.discriminator = torch.nn.Linear(1, 1, bias=False)
        self.turns = []
        for layer in (self.generator, self.discriminator):
            torch.nn.init.ones_(layer.weight)

    def forward(self, x, forward_generator=True):
        self.turns.append(forward_generator)
        self.frozen = not self.discriminator.weight.requires_grad
        made = self.generator(x)
        loss = self.discriminator(made).mean() if forward_generator else -self.discriminator(made.detach()).mean()
        name = "generator_loss" if forward_generator else "discriminator_loss"
        return {
            "loss": loss,
            "stats": {name: loss.detach()},
            "weight": torch.tensor(1),
            "optim_idx": int(not forward_generator),
        }

    def collect_feats(self, **batch):
        return {}


def build(**options):
    model = TwoNumbers()
    optimizers = {
        name: torch.optim.SGD(getattr(model, name).parameters(), lr=0.5) for name in ("generator", "discriminator")
    }
    schedulers = dict.fromkeys(optimizers)
    return model, GANLoop(model, optimizers, schedulers, TrainerOptions(grad_clip=0.0), Distributed(), **options)


def test_the_second_player_sees_the_update_of_the_first():
    model, loop = build()
    reported = {}
    loop.report = lambda stats, weight: reported.update(stats)
    norms = loop.step({"x": torch.ones(1, 1)})
    assert model.turns == [False, True] and list(norms) == ["discriminator", "generator"]
    assert model.discriminator.weight.item() == 1.5  # 1 + 0.5 * generator
    assert model.generator.weight.item() == 0.25  # 1 - 0.5 * the new discriminator
    assert model.frozen and model.discriminator.weight.requires_grad
    assert {
        "generator_forward_time",
        "discriminator_backward_time",
        "generator_train_time",
        "optim0_lr0",
        "optim1_lr0",
    } <= set(reported)


def test_generator_first():
    model, loop = build(generator_first=True)
    loop.step({"x": torch.ones(1, 1)})
    assert model.turns == [True, False]
    assert model.generator.weight.item() == 0.5 and model.discriminator.weight.item() == 1.25


@pytest.mark.parametrize(("probability", "turns"), ((0.0, 20), (1.0, 0)))
def test_missed_turns(probability, turns):
    model, loop = build(skip_discriminator_prob=probability)
    model.train()
    for _ in range(20):
        loop.step({"x": torch.ones(1, 1)})
    assert model.turns.count(False) == turns and model.turns.count(True) == 20
    model.eval()
    model.turns.clear()
    assert len(list(loop.losses({"x": torch.ones(1, 1)}))) == 2  # validation has both


def test_gradients_add_up_over_a_group():
    model, loop = build()
    loop.step({"x": torch.ones(1, 1)}, last=False, group_size=2)
    assert model.discriminator.weight.grad.item() == -0.5 and model.generator.weight.grad.item() == 0.5
    loop.step({"x": torch.ones(1, 1)}, last=True, group_size=2)
    assert model.discriminator.weight.item() == 1.5 and model.generator.weight.item() == 1 - 0.5 * (0.5 + 0.75)


def test_the_generator_begins_alone():
    model, loop = build(adversarial_start=3)
    told = []
    forward = model.forward
    model.forward = lambda x, adversarial=True, **turn: told.append(adversarial) or forward(x, **turn)
    begun = []
    for _ in range(5):
        loop.step({"x": torch.ones(1, 1)})
        begun.append((loop.has_begun("generator"), loop.has_begun("discriminator")))
    assert begun == [(True, False)] * 3 + [(True, True)] * 2
    assert model.turns == [True] * 3 + [False, True] * 2
    assert told == [False] * 3 + [True] * 4
