"""A run of an LSTM cell against the cell itself."""

import pytest
import torch

from espnet2.layers import packed_linear
from espnet2.layers.lstm_run import start_lstm

B, S, D = 3, 7, 40
SIZES = {"plain": (5, torch.double), "packed": (160, torch.float32)}  # hidden units; weights worth packing come in float32


def setting(kind="plain"):
    torch.manual_seed(0)
    hidden_size, dtype = SIZES[kind]
    cell = torch.nn.LSTMCell(D, hidden_size).to(dtype)
    return cell, torch.randn(S, B, D, dtype=dtype, requires_grad=True)


def fed_back(cell, xs, step, num_known=0):
    """Run with inputs of which all but the last depend on the outputs; what comes out."""
    nothing = xs.new_zeros(B, cell.hidden_size)
    state = (nothing, nothing)
    outputs = []
    for x in xs:
        own = x[:, : D - num_known]
        state = step(own + state[0][:, :1] if own.numel() else None, state)
        outputs.append(state[0] * state[1].sin())
    return torch.stack(outputs)


def whole(cell, xs, num_known=0):
    """The same by the cell."""
    nothing = xs.new_zeros(B, cell.hidden_size)
    state = (nothing, nothing)
    outputs = []
    for x in xs:
        fed = x.clone()
        fed[:, : D - num_known] += state[0][:, :1]
        state = cell(fed, state)
        outputs.append(state[0] * state[1].sin())
    return torch.stack(outputs)


@pytest.mark.parametrize("num_known", [0, 15, D])
@pytest.mark.parametrize("kind", SIZES)
def test_run_and_gradients_equal_those_of_the_cell(kind, num_known):
    cell, xs = setting(kind)
    found = {}
    for name in ("cell", "run"):
        cell.zero_grad()
        xs.grad = None
        known = xs[..., D - num_known :] if num_known else None
        step = start_lstm(cell, S, B, known)
        outputs = fed_back(cell, xs, step, num_known) if name == "run" else whole(cell, xs, num_known)
        outputs.square().sum().backward()
        found[name] = [outputs.detach(), xs.grad, *(own.grad for own in cell.parameters())]
    for expected, own in zip(found["cell"], found["run"]):
        torch.testing.assert_close(own, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", SIZES)
def test_what_is_kept_stays(kind):
    cell, xs = setting(kind)
    kept = torch.rand(S, 2, B, cell.hidden_size) < 0.3
    found = {}
    for name, step in (("cell", cell), ("run", start_lstm(cell, S, B, kept=kept))):
        cell.zero_grad()
        xs.grad = None
        nothing = xs.new_zeros(B, cell.hidden_size)
        state, outputs = (nothing, nothing), []
        for x, (kept_output, kept_cells) in zip(xs, kept):
            output, cells = step(x + state[0][:, :1], state)
            if name == "cell":
                output, cells = torch.where(kept_output, state[0], output), torch.where(kept_cells, state[1], cells)
            state = output, cells
            outputs.append(output * cells.sin())
        torch.stack(outputs).square().sum().backward()
        found[name] = [torch.stack(outputs).detach(), xs.grad, *(own.grad for own in cell.parameters())]
    for expected, own in zip(found["cell"], found["run"]):
        torch.testing.assert_close(own, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("num_steps", [S, None])
@pytest.mark.parametrize("kind", SIZES)
def test_without_gradients(kind, num_steps):
    cell, xs = setting(kind)
    with torch.no_grad():
        found = fed_back(cell, xs, start_lstm(cell, num_steps, B))
        torch.testing.assert_close(found, whole(cell, xs), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", SIZES)
def test_frozen_weights_let_the_gradient_through(kind):
    cell, xs = setting(kind)
    cell.requires_grad_(False)
    fed_back(cell, xs, start_lstm(cell, S, B)).sum().backward()
    expected = xs.grad.clone()
    xs.grad = None
    whole(cell, xs).sum().backward()
    torch.testing.assert_close(xs.grad, expected, atol=1e-6, rtol=1e-5)


def test_mixed_precision():
    cell, xs = setting("packed")
    found = []
    for run in (lambda: fed_back(cell, xs, start_lstm(cell, S, B)), lambda: whole(cell, xs)):
        cell.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            run().float().sum().backward()
        found.append(cell.weight_hh.grad.clone())
    torch.testing.assert_close(*found, atol=0.05, rtol=0.1)


def test_products_equal_the_ordinary_ones():
    torch.manual_seed(0)
    x, weight, bias = (torch.randn(*size, requires_grad=True) for size in ((5, 4, 300), (260, 300), (260,)))
    gradients = []
    for linear in (packed_linear.linear, torch.nn.functional.linear):
        y = linear(x / 20, weight, bias)
        gradients.append([y.detach(), *torch.autograd.grad(y.sin().sum(), (x, weight, bias))])
    for own, expected in zip(*gradients):
        torch.testing.assert_close(own, expected, atol=1e-4, rtol=1e-5)
