"""An LSTM cell over many steps whose inputs become known one after another, as in a decoder with attention.

A cell that is called step after step adds to the gradient of its weights in each of them, and with the few rows of a batch that
moves all the weights through memory for next to no arithmetic. Here the steps leave what the gradient is made of, and one
product makes it in the end: half of Tacotron 2's training time on a CPU.
"""

# Shapes: B batch, S steps, D input size, H hidden units
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

State = tuple[Tensor, Tensor]  # output (B, H) and cells (B, H)
Step = Callable[[Tensor, State], State]  # (B, D) and the state before -> the state after


class _DeferredGradient(torch.autograd.Function):
    """Zeros for the gates of all steps; what flows back through them makes the gradient of weights and biases."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, bias: Tensor, inputs: list[Tensor], num_steps: int, num_rows: int) -> Tensor:
        ctx.inputs = inputs
        return weight.new_zeros(()).expand(num_steps, num_rows, len(weight))

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        flat = grads[0].flatten(0, 1)  # (S * B, 4 H)
        return flat.t() @ torch.cat(ctx.inputs).to(flat.dtype), flat.sum(0), None, None, None


def start_lstm(cell: torch.nn.LSTMCell, num_steps: int | None, num_rows: int) -> Step:
    """Make ready for a run.

    Args:
        cell: The cell.
        num_steps: S; None if unknown, in inference.
        num_rows: B.
    Returns:
        A function that takes one step, to be called S times.
    """
    weight = torch.cat([cell.weight_ih, cell.weight_hh], 1)  # (4 H, D + H)
    bias = cell.bias_ih + cell.bias_hh
    inputs: list[Tensor] = []  # (B, D + H) of each step
    deferred = iter(())
    if torch.is_grad_enabled() and num_steps is not None:
        deferred = iter(_DeferredGradient.apply(weight, bias, inputs, num_steps, num_rows).unbind())
        weight, bias = weight.detach(), bias.detach()

    def step(x: Tensor, state: State) -> State:
        joined = torch.cat([x, state[0]], 1)
        gates = torch.nn.functional.linear(joined, weight, bias)
        own_zeros = next(deferred, None)
        if own_zeros is not None:
            inputs.append(joined.detach())
            gates = gates + own_zeros
        enter, keep, new, leave = gates.chunk(4, 1)
        cells = keep.sigmoid() * state[1] + enter.sigmoid() * new.tanh()
        return leave.sigmoid() * cells.tanh(), cells

    return step
