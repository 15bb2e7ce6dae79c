"""Recurrent stacks against torch's own layers run over one utterance after another."""

import pytest
import torch

from espnet2.layers.recurrent import ProjectedRNN, StackedRNN
from espnet2.layers.too_short import TooShortUttError
from espnet2.utils.errors import InputError

F, H, D = 5, 4, 6
LENGTHS = torch.tensor([7, 12, 1, 9])  # in no order


def projected(rnn_type="lstm", bidirectional=True, dropout=0.0, subsample=()):
    torch.manual_seed(0)
    return ProjectedRNN(F, H, D, 3, rnn_type, bidirectional, dropout, subsample).eval()


def stacked(rnn_type="lstm", bidirectional=True, dropout=0.0):
    torch.manual_seed(0)
    return StackedRNN(F, H, D, 2, rnn_type, bidirectional, dropout).eval()


@torch.no_grad()
@pytest.mark.parametrize("rnn_type", ["lstm", "gru"])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_projected_layers_equal_a_plain_computation(rnn_type, bidirectional):
    """Layer, every n-th frame, linear map, tanh but for the last: models.md 2.7."""
    stack = projected(rnn_type, bidirectional, subsample=[2, 1, 2, 5])  # the fourth names no layer
    xs = torch.randn(4, 12, F)
    ys, olens, _ = stack(xs, LENGTHS)
    assert olens.tolist() == [2, 3, 1, 3]
    for x, length, y, olen in zip(xs, LENGTHS, ys, olens):
        own = x[None, :length]
        for layer, step in enumerate([2, 1, 2]):
            own = getattr(stack, f"{'birnn' if bidirectional else 'rnn'}{layer}")(own)[0][:, ::step]
            own = getattr(stack, f"bt{layer}")(own)
            own = own.tanh() if layer < 2 else own
        torch.testing.assert_close(y[:olen], own[0])


@torch.no_grad()
@pytest.mark.parametrize("rnn_type", ["lstm", "gru"])
def test_stacked_layers_equal_a_plain_computation(rnn_type):
    stack = stacked(rnn_type)
    xs = torch.randn(4, 12, F)
    ys, olens, _ = stack(xs, LENGTHS)
    assert torch.equal(olens, LENGTHS)
    for x, length, y in zip(xs, LENGTHS, ys):
        torch.testing.assert_close(y[:length], stack.l_last(stack.nbrnn(x[None, :length])[0]).tanh()[0])


@torch.no_grad()
def test_dropout_of_projected_layers_never_sleeps():
    """QUIRK of models.md 2.7: stochastic in evaluation, and where there are several layers only."""
    xs = torch.randn(1, 12, F), torch.tensor([12])
    stack = projected(dropout=0.5)
    assert not torch.equal(stack(*xs)[0], stack(*xs)[0])
    one = ProjectedRNN(F, H, D, 1, "lstm", True, 0.5).eval()
    assert torch.equal(one(*xs)[0], one(*xs)[0])
    plain = stacked(dropout=0.5)
    assert torch.equal(plain(*xs)[0], plain(*xs)[0])


@torch.no_grad()
@pytest.mark.parametrize("rnn_type", ["lstm", "gru"])
@pytest.mark.parametrize("build", [projected, stacked])
def test_states_go_on_where_the_last_call_ended(build, rnn_type):
    stack = build(rnn_type, bidirectional=False)
    xs, lengths = torch.randn(3, 12, F), torch.tensor([12, 12, 12])
    whole, _, _ = stack(xs, lengths)
    first, _, states = stack(xs[:, :5], lengths - 7)
    second, _, _ = stack(xs[:, 5:], lengths - 5, states)
    torch.testing.assert_close(torch.cat([first, second], 1), whole)


@torch.no_grad()
@pytest.mark.parametrize("rnn_type", ["lstm", "gru"])
def test_backward_directions_begin_anew(rnn_type):
    """Only the forward direction goes on: a given backward state changes nothing."""
    stack = stacked(rnn_type)
    xs, lengths = torch.randn(2, 6, F), torch.tensor([6, 4])
    _, _, states = stack(xs, lengths)

    def replaced(part, direction):
        changed = part.clone()
        changed[direction::2] = 9.0
        return changed

    def going_on(direction=None):
        parts = states if isinstance(states, tuple) else (states,)
        if direction is not None:
            parts = tuple(replaced(part, direction) for part in parts)
        return stack(xs, lengths, parts if rnn_type == "lstm" else parts[0])[0]

    assert torch.equal(going_on(1), going_on())
    assert not torch.allclose(going_on(0), going_on())


def test_refusals():
    with pytest.raises(InputError, match="rnn_type 'rnn_tanh'"):
        projected("rnn_tanh")
    stack = projected(subsample=[3, 3])
    with pytest.raises(TooShortUttError, match="at least 5 frames"):
        stack(torch.randn(1, 4, F), torch.tensor([4]))
    assert stack(torch.randn(2, 5, F), torch.tensor([5, 1]))[1].tolist() == [1, 0]
