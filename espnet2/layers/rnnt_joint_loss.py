"""The transducer's loss together with its joint network, utterance after utterance.

The joint network's output is (B, T, U + 1, V), and the layer before it as large again: for a whole batch gigabytes. Here
only one utterance's part is there at a time, without padding and small enough to stay in a processor's cache; the
backward pass computes it once more, which costs less than to fetch it from memory.
"""
# Shapes: B batch, T frames, U labels, J joint size, V vocabulary
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from espnet2.layers.rnnt_lattice import edges, log_likelihoods, logit_gradient

Join = Callable[[Tensor, Tensor], Tensor]  # (T, 1, J), (1, U + 1, J) -> (T, U + 1, V)


def rnnt_joint_losses(
    frames: Tensor,
    prefixes: Tensor,
    join: Join,
    parameters: Iterable[Tensor],
    targets: Tensor,
    frame_lengths: Tensor,
    target_lengths: Tensor,
    blank: int = 0,
) -> Tensor:
    """Negative log-likelihood of each utterance's labels; the same as ``rnnt_loss`` of the joint network's output.

    Args:
        frames: Projected encoder output.
        prefixes: Projected output of the prediction network, which has read blank first.
        join: From both to logits.
        parameters: All parameters that ``join`` uses.
        targets: Labels; blank on padding.
        frame_lengths: Frames, at least one.
        target_lengths: Numbers of labels.
        blank: Id of blank.

    Shapes:
        frames (B, T, J), prefixes (B, U + 1, J), targets (B, U), frame_lengths (B,), target_lengths (B,) -> (B,)
    """
    labels = torch.nn.functional.pad(targets, (0, 1), value=blank)  # (B, U + 1)
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    return _RNNTJointLoss.apply(join, labels, frame_lengths, target_lengths, blank, frames, prefixes, *trained)


class _RNNTJointLoss(torch.autograd.Function):
    """Keeps what is needed to compute an utterance's part again."""

    @staticmethod
    def forward(
        ctx: Any,
        join: Join,
        labels: Tensor,
        frame_lengths: Tensor,
        target_lengths: Tensor,
        blank: int,
        frames: Tensor,
        prefixes: Tensor,
        *parameters: Tensor,
    ) -> Tensor:
        """Shapes: labels (B, U + 1), lengths (B,), (B,), frames (B, T, J), prefixes (B, U + 1, J) -> (B,)."""
        sizes = list(zip(frame_lengths.tolist(), (target_lengths + 1).tolist()))
        grid = frames.new_full((3, len(frames), frames.size(1), prefixes.size(1)), -torch.inf, dtype=torch.float32)
        for row, (t, u) in enumerate(sizes):
            logits = join(frames[row, :t, None], prefixes[row, None, :u]).float()
            for part, values in zip(grid, edges(logits, labels[row, :u], blank)):
                part[row, :t, :u] = values
        stay, move, normaliser = grid
        totals, *occupancies = log_likelihoods(stay, move, frame_lengths, target_lengths)
        ctx.save_for_backward(frames, prefixes, labels, normaliser, *occupancies)
        ctx.join, ctx.parameters, ctx.blank, ctx.sizes = join, parameters, blank, sizes
        device = frames.device.type
        ctx.autocast = device, torch.get_autocast_dtype(device), torch.is_autocast_enabled(device)
        return -totals

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_losses: Tensor) -> tuple[Tensor | None, ...]:
        """Shapes: grad_losses (B,) -> frames' (B, T, J), prefixes' (B, U + 1, J), the parameters'."""
        frames, prefixes, labels, normaliser, *occupancies = ctx.saved_tensors
        scaled = [occupancy * grad_losses[:, None, None] for occupancy in occupancies]
        grad_frames, grad_prefixes = torch.zeros_like(frames), torch.zeros_like(prefixes)
        grad_parameters = [torch.zeros_like(parameter) for parameter in ctx.parameters]
        for row, (t, u) in enumerate(ctx.sizes):
            inputs = frames[row, :t].detach().requires_grad_(), prefixes[row, :u].detach().requires_grad_()
            with torch.enable_grad(), torch.autocast(*ctx.autocast):
                logits = ctx.join(inputs[0][:, None], inputs[1][None]).float()
            known = (part[row, :t, :u] for part in (normaliser, *scaled))
            grad_logits = logit_gradient(logits.detach(), labels[row, :u], ctx.blank, *known)
            grads = torch.autograd.grad(logits, (*inputs, *ctx.parameters), grad_logits)
            grad_frames[row, :t], grad_prefixes[row, :u] = grads[:2]
            for total, grad in zip(grad_parameters, grads[2:]):
                total += grad
        return None, None, None, None, None, grad_frames, grad_prefixes, *grad_parameters
