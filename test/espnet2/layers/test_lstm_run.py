"""A run of an LSTM cell against the cell itself."""

import pytest
import torch

from espnet2.layers.lstm_run import start_lstm

B, S, D, H = 3, 7, 4, 5


def setting():
    torch.manual_seed(0)
    return torch.nn.LSTMCell(D, H).double(), torch.randn(S, B, D, dtype=torch.double, requires_grad=True)


def fed_back(step, xs):
    """Run with inputs that depend on the outputs; the sum of what comes out."""
    state = (xs.new_zeros(B, H), xs.new_zeros(B, H))
    outputs = []
    for x in xs:
        state = step(x + state[0][:, :D], state)
        outputs.append(state[0] * state[1].sin())
    return torch.stack(outputs)


def test_run_and_gradients_equal_those_of_the_cell():
    cell, xs = setting()
    found = {}
    for name, step in (("cell", cell), ("run", start_lstm(cell, S, B))):
        cell.zero_grad()
        xs.grad = None
        outputs = fed_back(step, xs)
        outputs.square().sum().backward()
        found[name] = [outputs.detach(), xs.grad, *(own.grad for own in cell.parameters())]
    for expected, own in zip(found["cell"], found["run"]):
        torch.testing.assert_close(own, expected)


@pytest.mark.parametrize("num_steps", [S, None])
def test_without_gradients(num_steps):
    cell, xs = setting()
    with torch.no_grad():
        torch.testing.assert_close(fed_back(start_lstm(cell, num_steps, B), xs), fed_back(cell, xs))


def test_frozen_weights_let_the_gradient_through():
    cell, xs = setting()
    cell.requires_grad_(False)
    fed_back(start_lstm(cell, S, B), xs).sum().backward()
    expected = xs.grad.clone()
    xs.grad = None
    fed_back(cell, xs).sum().backward()
    torch.testing.assert_close(xs.grad, expected)
