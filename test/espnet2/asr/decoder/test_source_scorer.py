"""States of decoders that attend to the encoder's output."""

import pytest
import torch

from espnet2.asr.decoder.conv_decoders import LightweightConvDecoder
from espnet2.asr.decoder.transformer_decoder import TransformerDecoder
from espnet2.asr.decoder.whisper_decoder import WhisperDecoder
from test.espnet2.whisper_files import save_release

V, D = 11, 16
SIZES = {"attention_heads": 2, "linear_units": 8, "num_blocks": 2}


@pytest.fixture(params=["transformer", "convolution", "whisper"])
def decoder(request, tmp_path):
    if request.param == "whisper":
        return WhisperDecoder(V, D, whisper_model=str(save_release(tmp_path))).eval()
    if request.param == "transformer":
        return TransformerDecoder(V, D, **SIZES).eval()
    return LightweightConvDecoder(V, D, conv_wshare=2, conv_kernel_length=[3, 3], **SIZES).eval()


@torch.no_grad()
def test_hypotheses_that_went_apart_are_judged_together(decoder):
    prefixes = torch.randint(1, V, (1, 3, 4))
    state = decoder.start(torch.randn(1, 6, D), torch.tensor([6]))
    state = decoder.select(state, torch.zeros(1, 3, dtype=torch.long), prefixes[:, :, 0])
    for length in range(1, 4):
        _, state = decoder.score(prefixes[:, :, :length], state)
    apart = [decoder.select(state, torch.tensor([rows]), prefixes[:, rows, -1]) for rows in ([2], [0, 1])]
    scores, _ = decoder.score(prefixes[:, [2, 0, 1]], decoder.join(apart))
    expected, _ = decoder.score(prefixes, decoder.select(state, torch.tensor([[0, 1, 2]]), prefixes[:, :, -1]))
    torch.testing.assert_close(scores, expected[:, [2, 0, 1]])
