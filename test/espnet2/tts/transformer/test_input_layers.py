"""What stands below the positions."""

import torch

from espnet2.tts.transformer.input_layers import frame_input, text_input


def test_text():
    text = torch.tensor([[3, 1, 0]])
    assert list(dict(text_input(9, 8, 4, 0, 6, 5, True, 0.5).named_parameters())) == ["weight"]
    assert text_input(9, 8, 4, 0, 6, 5, True, 0.5)(text).shape == (1, 3, 8)
    convolved = text_input(9, 8, 4, 2, 6, 5, True, 0.5)
    assert convolved(text).shape == (1, 3, 8) and convolved[0].embed.weight.shape == (9, 4)


@torch.no_grad()
def test_frames():
    torch.manual_seed(0)
    frames = torch.randn(1, 3, 5)
    with_prenet = frame_input(5, 8, 2, 4, 0.0, 0.0, 0.0, scaled=True)
    assert "0.0.prenet.1.0.weight" in with_prenet.state_dict() and "1.alpha" in with_prenet.state_dict()
    assert with_prenet(frames).shape == (1, 3, 8)
    linear = frame_input(5, 8, 0, 4, 0.0, 0.0, 0.0, scaled=False)
    expected = torch.nn.functional.layer_norm(linear[0](frames), (8,)).clamp(min=0)
    torch.testing.assert_close(linear[:-1](frames), expected)
