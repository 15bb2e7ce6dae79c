"""The encoder of Tacotron 2."""

import pytest
import torch

from espnet2.tts.tacotron2.encoder import Encoder
from espnet2.utils.errors import InputError

PRENET = {"idim": 9, "embed_dim": 6, "num_layers": 1, "channels": 6, "kernel_size": 5, "use_batch_norm": True}
PRENET |= {"use_residual": False, "dropout_rate": 0.0}


@torch.no_grad()
def test_batches():
    """The recurrent layers see no padding; of one convolution after a zero embedding neither does the result."""
    torch.manual_seed(0)
    encoder = Encoder(2, 8, **PRENET).eval()
    text, lengths = torch.tensor([[3, 1, 0, 0], [5, 2, 7, 1], [4, 4, 4, 0]]), torch.tensor([2, 4, 3])
    encoded = encoder.encode(text, lengths)
    assert encoded.shape == (3, 4, 8) and encoder.output_size == 8
    for row, length in enumerate(lengths.tolist()):
        alone = encoder.encode(text[row : row + 1, :length], lengths[row : row + 1])[0]
        torch.testing.assert_close(encoded[row, :length], alone, atol=1e-6, rtol=1e-5)


def test_without_recurrent_layers():
    encoder = Encoder(0, 8, **PRENET)
    assert encoder.output_size == 6 and encoder.blstm is None
    assert encoder.encode(torch.tensor([[3, 1]]), torch.tensor([2])).shape == (1, 2, 6)


def test_refusal():
    with pytest.raises(InputError, match="eunits must be even"):
        Encoder(1, 7, **PRENET)
