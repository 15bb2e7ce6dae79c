"""An LSTM cell over many steps, in training and in inference, where at least a part of its inputs becomes known step after step.

With the few rows of a batch a step moves all the weights through memory for next to no arithmetic, so it has little to do with
them here: inputs that are known beforehand go through their weights at once, the others through weights that are laid out for
the processor (``packed_linear``), forth and back, and the steps leave what the weights' gradient is made of to one product in
the end. What is done to the gates has its gradient written out: a dozen small operations less in each step.
"""

# Shapes: B batch, S steps, D input size, K inputs known beforehand, H hidden units
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.layers.packed_linear import linear, packed_product, product

State = tuple[Tensor, Tensor]  # output (B, H) and cells (B, H)
Step = Callable[[Tensor | None, State], State]  # (B, D - K), None if that is nothing, and the state before -> the state after
Product = Callable[[Tensor], Tensor]


class _DeferredGradient(torch.autograd.Function):
    """What is known of the gates of all steps; what flows back through it makes the gradient of the weights of the rest."""

    @staticmethod
    def forward(ctx: Any, known: Tensor, weight: Tensor, inputs: list[Tensor]) -> Tensor:
        ctx.inputs = inputs
        return known.view_as(known)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        flat = grads[0].flatten(0, 1)  # (S * B, 4 H)
        inputs = torch.cat(ctx.inputs).to(flat.dtype)
        return grads[0], product(flat.t(), inputs.t()) if ctx.needs_input_grad[1] else None, None


class _PackedProduct(torch.autograd.Function):
    """A product with packed weights, whose gradient is made elsewhere."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, there: Product, back: Product) -> Tensor:
        ctx.back = back
        return there(x)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        return ctx.back(grads[0].contiguous()), None, None


class _Update(torch.autograd.Function):
    """Gates (B, 4 H) in the order enter, keep, new, leave, the state, and what of it stays as it is (2, B, H) -> the next state."""

    @staticmethod
    def forward(ctx: Any, gates: Tensor, output: Tensor, cells: Tensor, kept: Tensor | None) -> State:
        acts = gates.sigmoid()
        enter, keep, new, leave = acts.chunk(4, 1)
        torch.tanh(gates.chunk(4, 1)[2], out=new)
        after = torch.addcmul(keep * cells, enter, new)
        heard = after.tanh()
        ctx.save_for_backward(acts, cells, heard, kept)
        return _partly(kept, (output, cells), (leave * heard, after))

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        acts, cells, heard, kept = ctx.saved_tensors
        enter, keep, new, leave = acts.chunk(4, 1)
        by_heard, by_cells = grads
        if kept is not None:
            by_old = grads[0] * kept[0], grads[1] * kept[1]
            by_heard, by_cells = by_heard - by_old[0], by_cells - by_old[1]
        by_after = torch.addcmul(by_cells, by_heard * leave, 1.0 - heard.square())
        slopes = torch.addcmul(acts, acts, acts, value=-1.0)
        slopes.chunk(4, 1)[2].copy_(1.0 - new.square())
        by_gates = torch.cat([by_after * new, by_after * cells, by_after * enter, by_heard * heard], 1).mul_(slopes)
        if kept is None:
            return by_gates, None, by_after * keep, None
        return by_gates, by_old[0], torch.addcmul(by_old[1], by_after, keep), None


def _partly(kept: Tensor | None, old: State, new: State) -> State:
    if kept is None:
        return new
    return torch.where(kept[0], old[0], new[0]), torch.where(kept[1], old[1], new[1])


def start_lstm(
    cell: torch.nn.LSTMCell,
    num_steps: int | None,
    num_rows: int,
    known: Tensor | None = None,
    kept: Tensor | None = None,
) -> Step:
    """Make ready for a run.

    Args:
        cell: The cell.
        num_steps: S; None if unknown, in inference.
        num_rows: B.
        known: The last K inputs of each step.
        kept: Which outputs and which cells stay what they are, in each step; None for none.
    Returns:
        A function that takes one step, to be called S times.

    Shapes:
        known (S, B, K), kept (S, 2, B, H)
    """
    num_known = 0 if known is None else known.size(-1)
    mine, others = cell.weight_ih.split([cell.input_size - num_known, num_known], 1)
    weight = torch.cat([mine, cell.weight_hh], 1)  # (4 H, D - K + H)
    bias = cell.bias_ih + cell.bias_hh
    gates_known = bias.expand(num_steps or 1, num_rows, -1) if known is None else linear(known, others, bias)
    product_of = start_linear(weight, gates_known, is_run=num_steps is not None)
    staying: Iterator[Tensor | None] = repeat(None) if kept is None else iter(kept)

    def step(x: Tensor | None, state: State) -> State:
        gates = product_of(state[0] if x is None else torch.cat([x, state[0]], 1))
        if gates.dtype == state[1].dtype:
            return _Update.apply(gates, *state, next(staying))
        enter, keep, new, leave = gates.chunk(4, 1)  # in mixed precision
        cells = keep.sigmoid() * state[1] + enter.sigmoid() * new.tanh()
        return _partly(next(staying), state, (leave.sigmoid() * cells.tanh(), cells))

    return step


def start_linear(weight: Tensor, known: Tensor, is_run: bool = True) -> Product:
    """Make a linear map ready for many steps.

    Args:
        weight: Its weights.
        known: What is added in each step, such as a bias; zeros for nothing.
        is_run: Whether there are S steps; else any number of them, each with the first of ``known``, in inference.
    Returns:
        From the inputs of a step (B, I) to its outputs (B, O).

    Shapes:
        weight (O, I), known (S, B, O)
    """
    inputs: list[Tensor] = []  # (B, I) of each step
    is_training = torch.is_grad_enabled() and is_run
    if is_training:
        known = _DeferredGradient.apply(known, weight, inputs)
    multiply = _multiplier(weight.detach() if is_training else weight, with_gradient=is_training)
    rows = iter(known.unbind()) if is_run else repeat(known[0, 0])

    def step(x: Tensor) -> Tensor:
        if is_training:
            inputs.append(x.detach())
        return multiply(x) + next(rows)

    return step


def _multiplier(weight: Tensor, with_gradient: bool) -> Product:
    """Multiplies rows by weights (O, I), which get no gradient: (B, I) -> (B, O)."""
    there = None if torch.is_autocast_enabled(weight.device.type) else packed_product(weight.detach())
    if there is None:
        return lambda x: F.linear(x, weight)
    if not with_gradient:
        return there
    back = packed_product(weight.t().contiguous())
    return lambda x: _PackedProduct.apply(x, there, back)
