"""The loss of autoregressive synthesisers."""

import pytest
import torch

from espnet2.tts.parts.tacotron_loss import TacotronLoss
from espnet2.utils.errors import InputError

LENGTHS = (5, 3)


def values():
    torch.manual_seed(0)
    return torch.randn(2, 5, 4), torch.randn(2, 5, 4), torch.randn(2, 5), torch.randn(2, 5, 4)


def row_losses(length, after, before, logits, feats):
    """Means over the frames of one utterance, from the formulas."""
    l1 = sum((out[:length] - feats[:length]).abs().mean() for out in (after, before))
    l2 = sum((out[:length] - feats[:length]).square().mean() for out in (after, before))
    stop = logits[:length].sigmoid()
    bce = -((1 - stop[:-1]).log().sum() + 5.0 * stop[-1].log()) / length
    return torch.stack([l1, l2, bce])


def test_weighted_masking_is_the_mean_of_utterances():
    rows = torch.stack([row_losses(length, *(v[row] for v in values())) for row, length in enumerate(LENGTHS)])
    losses = TacotronLoss("L1+L2", False, True, 5.0)(*values(), torch.tensor(LENGTHS))
    torch.testing.assert_close(torch.stack(losses[1:]), rows.mean(0))
    torch.testing.assert_close(losses.total, rows.mean(0).sum())


def test_masking_is_the_mean_of_frames():
    rows = torch.stack([row_losses(length, *(v[row] for v in values())) * length for row, length in enumerate(LENGTHS)])
    losses = TacotronLoss("L1", True, False, 5.0)(*values(), torch.tensor(LENGTHS))
    torch.testing.assert_close(torch.stack(losses[1:]), rows.sum(0) / 8)
    torch.testing.assert_close(losses.total, losses.l1 + losses.bce)


@pytest.mark.parametrize("masking", [(True, False), (False, True)])
def test_padding_does_not_count(masking):
    criterion, lengths = TacotronLoss("L2", *masking, 5.0), torch.tensor(LENGTHS)
    expected = criterion(*values(), lengths)
    changed = values()
    for value in changed:
        value[1, 3:] += 100
    torch.testing.assert_close(criterion(*changed, lengths), expected)


def test_without_masking_padding_counts():
    after, before, logits, feats = values()
    losses = TacotronLoss("L2", False, False, 5.0)(after, before, logits, feats, torch.tensor(LENGTHS))
    torch.testing.assert_close(losses.l1, (after - feats).abs().mean() + (before - feats).abs().mean())
    torch.testing.assert_close(losses.total, losses.l2 + losses.bce)


def test_old_checkpoints_have_no_pos_weight():
    criterion = TacotronLoss("L1", True, False, 5.0)
    assert list(criterion.state_dict()) == ["bce_criterion.pos_weight"]
    criterion.load_state_dict({})
    assert criterion.bce_criterion.pos_weight == 5.0
    criterion.load_state_dict({"bce_criterion.pos_weight": torch.tensor(7.0)})
    assert criterion.bce_criterion.pos_weight == 7.0


def test_refusals():
    with pytest.raises(InputError, match="unknown loss_type 'L3'"):
        TacotronLoss("L3", True, False, 5.0)
    with pytest.raises(InputError, match="exclude one another"):
        TacotronLoss("L1", True, True, 5.0)
