"""Stacks of layers: a row of a batch comes out as it does alone if padding is hidden."""
import pytest
import torch

from espnet2.tts.parts.token_encoder import ConformerOptions, StackOptions, conformer_stack, transformer_stack
from espnet2.utils.errors import InputError

OPTIONS = StackOptions(8, 2, 16, 2, positionwise_conv_kernel_size=3)


def stack(kind):
    torch.manual_seed(0)
    embedding = torch.nn.Embedding(5, 8, padding_idx=0)
    if kind == "transformer":
        return transformer_stack(embedding, OPTIONS, scaled=True)
    return conformer_stack(embedding, OPTIONS, ConformerOptions(7, rel_pos_type=kind))


@pytest.mark.parametrize("kind", ["transformer", "latest", "legacy"])
@torch.no_grad()
def test_padding_is_hidden(kind):
    model = stack(kind).eval()
    tokens, lengths = torch.randint(1, 5, (3, 9)), torch.tensor([9, 4, 6])
    together = model(tokens, lengths, hide_padding=True)
    assert together.shape == (3, 9, 8)
    for row, length in enumerate(lengths):
        alone = model(tokens[row : row + 1, :length])[0]
        torch.testing.assert_close(together[row, :length], alone, atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_trained_models_see_padding_through_convolutions():
    model = stack("latest").eval()
    tokens, lengths = torch.randint(1, 5, (2, 9)), torch.tensor([9, 4])
    as_trained = model(tokens, lengths)[1, :4]
    assert (as_trained - model(tokens[1:, :4])[0]).abs().max() > 1e-4


def test_names_of_parameters():
    names = set(stack("transformer").state_dict())
    assert {"embed.0.weight", "embed.1.alpha", "encoders.1.feed_forward.w_1.weight", "after_norm.weight"} <= names
    decoder = transformer_stack(None, OPTIONS, scaled=True)
    assert "embed.0.alpha" in decoder.state_dict()
    assert decoder.position_scale is not None and decoder.position_scale.item() == 1.0
    assert stack("latest").position_scale is None


def test_old_names_of_parameters():
    model = torch.nn.ModuleDict({"encoder": stack("transformer")})
    wanted = model.state_dict()
    renamed = {key.replace("embed.", "input_layer.").replace("after_norm", "norm"): value for key, value in wanted.items()}
    assert "encoder.input_layer.0.weight" in renamed and "encoder.norm.bias" in renamed
    model.load_state_dict(renamed)


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="tts_conf.*pos_enc_layer_type"):
        conformer_stack(None, OPTIONS, ConformerOptions(7, pos_enc_layer_type="sideways"))
    with pytest.raises(InputError, match="positionwise_layer_type"):
        transformer_stack(None, StackOptions(8, 2, 16, 1, positionwise_layer_type="conv9d"), scaled=False)
