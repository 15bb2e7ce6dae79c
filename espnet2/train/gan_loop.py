"""The training step of two players: a turn of each per batch, with the update of the first before the second begins.

The model is called with ``forward_generator`` true or false and returns the loss of that player. Weights of a discriminator are
frozen in the generator's turn: gradients flow through it, none are computed for it. Where the generator learns alone for a
while, the model is called with ``adversarial`` false.
"""

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from espnet2.train.loop import Loop, OptimizationStep

GENERATOR, DISCRIMINATOR = "generator", "discriminator"


class GANLoop(Loop):
    """Two turns per batch, the discriminator's first unless told otherwise.

    Args:
        *args: As of ``Loop``; the optimisers are called ``generator`` and ``discriminator``.
        generator_first: Let the generator begin.
        skip_discriminator_prob: How often the discriminator misses its turn in training.
        adversarial_start: Updates of the generator alone, by the other losses, before the discriminator joins in.
        **kwargs: As of ``Loop``.
    """

    def __init__(
        self,
        *args: Any,
        generator_first: bool = False,
        skip_discriminator_prob: float = 0.0,
        adversarial_start: int = 0,
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        self.turns = (GENERATOR, DISCRIMINATOR) if generator_first else (DISCRIMINATOR, GENERATOR)
        self.skip_discriminator_prob = skip_discriminator_prob
        self.adversarial_start = adversarial_start

    def losses(self, batch: Mapping[str, Any]) -> Iterator[OptimizationStep]:
        """The loss of each player; also run, without gradients, in validation."""
        alone = self.num_updates < self.adversarial_start
        how = {"adversarial": False} if alone else {}
        for name in self.turns:
            if name == DISCRIMINATOR and (alone or (self.model.training and self._misses_turn())):
                continue
            start = time.perf_counter()
            with self._frozen_discriminator(name):
                loss, weight = self.forward(batch, f"{name}_", forward_generator=name == GENERATOR, **how)
                yield OptimizationStep(loss, name, weight)
            if self.model.training:
                self.report({f"{name}_train_time": time.perf_counter() - start}, None)

    def has_begun(self, name: str) -> bool:
        """The discriminator begins after ``adversarial_start``."""
        return name == GENERATOR or self.num_updates > self.adversarial_start

    def _misses_turn(self) -> bool:
        """Chance, but a function of the update: the same for all ranks and for a resumed run."""
        return random.Random(self.num_updates).random() < self.skip_discriminator_prob

    @contextmanager
    def _frozen_discriminator(self, name: str) -> Iterator[None]:
        """In the generator's turn the discriminator's weights ask for no gradients."""
        learning = [p for p in self.parameters[DISCRIMINATOR] if p.requires_grad] if name == GENERATOR else []
        _require_grad(learning, False)
        try:
            yield
        finally:
            _require_grad(learning, True)


def _require_grad(parameters: list[torch.Tensor], value: bool) -> None:
    for parameter in parameters:
        parameter.requires_grad_(value)
