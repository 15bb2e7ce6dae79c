"""Phases by iteration: utterances of a few frames (longer ones: ``feats_extract/test_values.py``)."""
import pytest
import torch

from espnet2.tts.feats_extract.spectrum import LogMelFbank
from espnet2.tts.griffin_lim import GriffinLim


@pytest.mark.parametrize("num_frames, num_samples", [(1, 256), (2, 256), (3, 512), (5, 1024)])
def test_few_frames(num_frames, num_samples):
    made = GriffinLim(LogMelFbank(), iterations=2)(torch.zeros(num_frames, 80))
    assert made.shape == (num_samples,) and torch.isfinite(made).all()
