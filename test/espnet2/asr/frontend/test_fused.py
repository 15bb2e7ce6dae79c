"""Several front ends side by side."""

import pytest
import torch

from espnet2.asr.frontend.fused import FusedFrontends
from espnet2.utils.errors import InputError

COARSE = {"frontend_type": "default", "n_mels": 20, "hop_length": 320}
FINE = {"frontend_type": "default", "n_mels": 30, "hop_length": 80, "n_fft": 256}


def test_shapes_and_keys():
    frontend = FusedFrontends([COARSE, FINE], proj_dim=7, fs="8k")
    feats, lengths = frontend(torch.randn(2, 4000), torch.tensor([4000, 2000]))
    # 13 frames of four parts each against 51 frames, 7 frames of four against 26
    assert feats.shape == (2, 51, 14) and lengths.tolist() == [51, 26]
    assert frontend.output_size() == 14 and frontend.sample_rate == 8000
    assert {key: tuple(value.shape) for key, value in frontend.state_dict().items()} == {
        "frontends.0.logmel.melmat": (257, 20),
        "frontends.1.logmel.melmat": (129, 30),
        "projection_layers.0.weight": (28, 20),
        "projection_layers.0.bias": (28,),
        "projection_layers.1.weight": (7, 30),
        "projection_layers.1.bias": (7,),
    }


def test_each_part_is_its_front_end_projected():
    frontend = FusedFrontends([COARSE, FINE], proj_dim=7)
    speech, lengths = torch.randn(1, 4000), torch.tensor([4000])
    feats, _ = frontend(speech, lengths)
    coarse, fine = (part(speech, lengths)[0] for part in frontend.frontends)
    split = frontend.projection_layers[0](coarse)[0, 3].view(4, 7)  # frame 3 makes frames 12 to 15
    assert torch.allclose(feats[0, 12:16, :7], split)
    assert torch.allclose(feats[0, :51, 7:], frontend.projection_layers[1](fine)[0])
    feats.sum().backward()
    assert all(parameter.grad is not None for parameter in frontend.parameters())


def test_padding_changes_only_frames_whose_window_reaches_it():
    frontend = FusedFrontends([COARSE, FINE])
    speech = torch.randn(2, 8000)
    speech[1, 4800:] = 0.0
    together, lengths = frontend(speech, torch.tensor([8000, 4800]))
    alone, alone_lengths = frontend(speech[1:, :4800], torch.tensor([4800]))
    assert lengths[1] == alone_lengths[0] == 61
    assert torch.allclose(together[1, :56], alone[0, :56], atol=1e-4)
    assert together[1, 61:].abs().max() == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frontends": [COARSE, {"frontend_type": "s3prl"}]}, r"frontends\[1\]: s3prl is not supported"),
        ({"frontends": [{"frontend_type": "whisper"}]}, "must be default, not whisper"),
        ({"frontends": [{**COARSE, "n_mel": 3}]}, r"frontends\[0\]: DefaultFrontend has no option 'n_mel'"),
        ({"frontends": [{**COARSE, "fs": "8k"}]}, "fs is 8000, but that of the fused front end is 16000"),
        ({"frontends": [COARSE], "align_method": "crop"}, "align_method must be linear_projection"),
        ({"frontends": []}, "frontends is empty"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(InputError, match=message):
        FusedFrontends(**options)
