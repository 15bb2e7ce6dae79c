"""Weight normalisation: its names, its value, and the forms of other files."""

import pytest
import torch

from espnet2.layers.weight_norm import add_weight_norm, in_known_form, remove_weight_norm, weight_norm


def conv(**options):
    torch.manual_seed(0)
    return torch.nn.Conv1d(2, 3, 5, **options)


def test_names_and_value():
    plain, normalized = conv(), weight_norm(conv())
    assert set(normalized.state_dict()) == {"weight_g", "weight_v", "bias"}
    x = torch.randn(1, 2, 9)
    torch.testing.assert_close(normalized(x), plain(x))
    with torch.no_grad():
        normalized.weight_g *= 2
        torch.testing.assert_close(normalized(x) - normalized.bias[:, None], 2 * (plain(x) - plain.bias[:, None]))


def test_add_and_remove():
    network = torch.nn.Sequential(conv(), torch.nn.ReLU(), torch.nn.ConvTranspose1d(3, 2, 4), torch.nn.Linear(3, 3))
    x = torch.randn(1, 2, 9)
    before = network[:3](x)
    add_weight_norm(network)
    assert network[2].weight_g.shape == (3, 1, 1) and "weight" in network[3]._parameters
    remove_weight_norm(network)
    assert set(network[0].state_dict()) == {"weight", "bias"}
    torch.testing.assert_close(network[:3](x), before)


@pytest.mark.parametrize("form", ("plain", "new", "old"))
@pytest.mark.parametrize("is_normalized", (True, False))
def test_forms(form, is_normalized):
    source = conv()
    if form != "plain":
        (torch.nn.utils.parametrizations.weight_norm if form == "new" else weight_norm)(source)
    target = torch.nn.Conv1d(2, 3, 5)
    target = weight_norm(target) if is_normalized else target
    target.load_state_dict(in_known_form(source.state_dict(), target.state_dict().keys()))
    x = torch.randn(1, 2, 9)
    torch.testing.assert_close(target(x), source(x))


def test_a_model_of_the_newer_form_keeps_its_names():
    state = torch.nn.utils.parametrizations.weight_norm(conv()).state_dict()
    assert in_known_form(state, state.keys()).keys() == state.keys()
