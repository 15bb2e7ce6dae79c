"""Zoneout."""

import torch

from espnet2.tts.tacotron2.zoneout import ZoneOutCell, build_cell, start_cell


def states(rate, training):
    torch.manual_seed(0)
    cell = build_cell(3, 400, rate).train(training)
    x, state = torch.randn(2, 3), (torch.randn(2, 400), torch.randn(2, 400))
    plain = cell.cell if isinstance(cell, ZoneOutCell) else cell
    return start_cell(cell, 1, 2)(x, state), state, plain(x, state)


@torch.no_grad()
def test_evaluation_mixes():
    found, old, new = states(0.3, training=False)
    for own, before, after in zip(found, old, new):
        torch.testing.assert_close(own, 0.3 * before + 0.7 * after, atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_training_keeps_some():
    found, old, new = states(0.3, training=True)
    for own, before, after in zip(found, old, new):
        is_kept = own == before
        assert 0.25 < is_kept.float().mean() < 0.35
        torch.testing.assert_close(own[~is_kept], after[~is_kept])


@torch.no_grad()
def test_without():
    assert list(build_cell(3, 4, 0.0).state_dict()) == ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
    assert list(build_cell(3, 4, 0.1).state_dict())[0] == "cell.weight_ih"
    found, _, new = states(0.0, training=True)
    torch.testing.assert_close(found, new)
