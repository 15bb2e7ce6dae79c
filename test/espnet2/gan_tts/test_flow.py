"""Flows: each maps back to where it came from, and its determinant is that of the Jacobian."""

import pytest
import torch

from espnet2.gan_tts.vits.flow import ConvFlow, ElementwiseAffineFlow
from espnet2.gan_tts.vits.residual_coupling import ResidualAffineCouplingBlock
from espnet2.gan_tts.vits.transform import rational_quadratic_spline


def random_parameters(module):
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.3)
    return module


@pytest.mark.parametrize("build", (lambda: ConvFlow(2, 4, 3, 2), lambda: ElementwiseAffineFlow(2)))
def test_inverse_and_determinant(build):
    torch.manual_seed(0)
    flow, mask = random_parameters(build()).double(), torch.ones(1, 1, 3, dtype=torch.double)
    x = 3 * torch.randn(1, 2, 3, dtype=torch.double)
    y, log_det = flow(x, mask)
    torch.testing.assert_close(flow.inverse(y, mask), x)
    jacobian = torch.autograd.functional.jacobian(lambda v: flow(v.view(1, 2, 3), mask)[0].flatten(), x.flatten())
    torch.testing.assert_close(log_det[0], jacobian.slogdet()[1])


@pytest.mark.parametrize("only_mean", (True, False))
def test_coupling_block_and_its_inverse(only_mean):
    torch.manual_seed(0)
    block = random_parameters(ResidualAffineCouplingBlock(4, 4, 2, 3, 1, 2, 3, use_only_mean=only_mean))
    x, mask, g = torch.randn(2, 4, 6), torch.ones(2, 1, 6), torch.randn(2, 3, 1)
    torch.testing.assert_close(block.inverse(block(x, mask, g), mask, g), x, atol=1e-4, rtol=1e-4)


def test_spline_is_the_identity_outside():
    x = torch.tensor([-7.0, -5.0, 5.0, 6.0])
    parts = torch.randn(4, 10), torch.randn(4, 10), torch.randn(4, 9)
    y, log_slope = rational_quadratic_spline(x, *parts, bound=5.0)
    torch.testing.assert_close(y, x)
    torch.testing.assert_close(log_slope, torch.zeros(4), atol=1e-5, rtol=0)
