"""Monotonic splines of rational quadratic pieces, and their inverse.

Durkan et al., "Neural Spline Flows", 2019, https://arxiv.org/abs/1906.04032, section 3.1 and appendix A.2 (the inverse);
Gregory & Delbourgo, "Piecewise rational quadratic interpolation to monotonic data", 1982.
"""

# Shapes: K pieces; all other axes are alike
import math

import torch
import torch.nn.functional as F
from torch import Tensor

LEAST_SIZE = 1.0e-3  # of the width and the height of a piece, as parts of the whole
LEAST_SLOPE = 1.0e-3


def _knots(values: Tensor, bound: float) -> tuple[Tensor, Tensor]:
    """Borders of the pieces from -bound to bound, and the sizes of the pieces.

    Shapes:
        values (..., K) -> (..., K + 1), (..., K)
    """
    sizes = LEAST_SIZE + (1 - LEAST_SIZE * values.size(-1)) * values.softmax(-1)
    inner = 2 * bound * sizes.cumsum(-1)[..., :-1] - bound
    knots = torch.cat([torch.full_like(inner[..., :1], -bound), inner, torch.full_like(inner[..., :1], bound)], -1)
    return knots, knots.diff(dim=-1)


def rational_quadratic_spline(
    x: Tensor, widths: Tensor, heights: Tensor, slopes: Tensor, bound: float, inverse: bool = False
) -> tuple[Tensor, Tensor]:
    """Map each value by a spline of its own, which is the identity outside of [-bound, bound].

    Args:
        x: Values.
        widths: Of the pieces, before the softmax.
        heights: Of the pieces, before the softmax.
        slopes: At the knots between pieces, before the softplus; it is 1 at both ends.
        bound: Where the tails begin.
        inverse: Map back.
    Returns:
        The mapped values, and the logarithms of the slopes there.

    Shapes:
        x (...), widths (..., K), heights (..., K), slopes (..., K - 1) -> (...), (...)
    """
    x_knots, widths = _knots(widths, bound)
    y_knots, heights = _knots(heights, bound)
    ends = math.log(math.expm1(1 - LEAST_SLOPE))  # so that both ends have slope 1
    slopes = LEAST_SLOPE + F.softplus(F.pad(slopes, (1, 1), value=ends))
    inside = x.clamp(-bound, bound)
    knots = y_knots if inverse else x_knots
    piece = (torch.searchsorted(knots[..., 1:-1].contiguous(), inside.unsqueeze(-1), right=True)).squeeze(-1)

    def at_piece(values: Tensor) -> Tensor:
        return values.gather(-1, piece.unsqueeze(-1)).squeeze(-1)

    x0, y0, width, height = at_piece(x_knots), at_piece(y_knots), at_piece(widths), at_piece(heights)
    d0, d1 = at_piece(slopes), at_piece(slopes[..., 1:])
    s = height / width
    if inverse:
        theta = _solve(inside - y0, height, s, d0, d1)
        mapped = theta * width + x0
    else:
        theta = (inside - x0) / width
    between = theta * (1 - theta)
    denominator = s + (d0 + d1 - 2 * s) * between
    if not inverse:
        mapped = y0 + height * (s * theta.square() + d0 * between) / denominator
    slope = s.square() * (d1 * theta.square() + 2 * s * between + d0 * (1 - theta).square())
    log_slope = slope.log() - 2 * denominator.log()
    is_inside = (x >= -bound) & (x <= bound)
    log_slope = torch.where(is_inside, -log_slope if inverse else log_slope, 0.0)
    return torch.where(is_inside, mapped, x), log_slope


def _solve(rise: Tensor, height: Tensor, s: Tensor, d0: Tensor, d1: Tensor) -> Tensor:
    """The place in the piece, from 0 to 1, where the spline has risen so much: the root of a quadratic equation."""
    bend = rise * (d0 + d1 - 2 * s)
    a = height * (s - d0) + bend
    b = height * d0 - bend
    c = -s * rise
    return 2 * c / (-b - (b.square() - 4 * a * c).clamp(min=0).sqrt())
