"""Predictors of one value per token."""
import torch

from espnet2.tts.parts.variance_predictor import VariancePredictor, log_durations, to_durations


@torch.no_grad()
def test_padding_is_zero_and_can_be_hidden():
    torch.manual_seed(0)
    predictor = VariancePredictor(4, n_chans=6).eval()
    hs, pad_mask = torch.randn(2, 7, 4), torch.arange(7) >= torch.tensor([[7], [3]])
    values = predictor(hs, pad_mask, hide_padding=True)
    assert values.shape == (2, 7) and (values[1, 3:] == 0).all()
    torch.testing.assert_close(values[1, :3], predictor(hs[1:, :3])[0])
    assert not torch.allclose(predictor(hs, pad_mask)[1, :3], values[1, :3])  # as models are trained


def test_durations_there_and_back():
    durations = torch.tensor([[0, 1, 2, 50]])
    torch.testing.assert_close(to_durations(log_durations(durations)), durations)
    torch.testing.assert_close(to_durations(torch.tensor([[-3.0]])), torch.tensor([[0]]))
