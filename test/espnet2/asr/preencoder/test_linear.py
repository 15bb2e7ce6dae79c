"""Features to fewer of them."""

import torch

from espnet2.asr.preencoder.linear import LinearProjection


def test_a_projection_of_each_frame():
    preencoder = LinearProjection(5, 3, dropout=0.5).eval()
    assert {key: tuple(value.shape) for key, value in preencoder.state_dict().items()} == {
        "linear_out.weight": (3, 5),
        "linear_out.bias": (3,),
    }
    xs, lengths = torch.randn(2, 4, 5), torch.tensor([4, 2])
    ys, olens = preencoder(xs, lengths)
    assert preencoder.output_size() == 3 and olens is lengths
    expected = xs @ preencoder.linear_out.weight.T + preencoder.linear_out.bias
    assert torch.allclose(ys, expected, atol=1e-6)
    assert not torch.equal(preencoder.train()(xs, lengths)[0], ys)
