"""An encoder of Hugging Face behind the encoder."""
import pytest
import torch

from espnet2.asr.postencoder.hugging_face_transformers import HuggingFaceTransformersPostEncoder
from espnet2.utils.errors import InputError
from test.espnet2.hugging_face_folders import save_network


@torch.no_grad()
@pytest.mark.parametrize("family", ["bart", "t5", "bert"])
def test_it_equals_the_network_on_vectors(tmp_path, family):
    folder, reference = save_network(tmp_path, family)
    post = HuggingFaceTransformersPostEncoder(6, folder).eval()
    x = torch.randn(1, 9, 6)
    ys, lengths = post(x, torch.tensor([9]))
    network = reference.get_encoder() if family != "bert" else reference
    expected = network(inputs_embeds=post.linear_in(x)).last_hidden_state
    assert post.output_size() == 16 and lengths.tolist() == [9]
    torch.testing.assert_close(ys, expected, atol=1e-5, rtol=1e-5)
    names = {name.split(".")[0] for name in post.state_dict()}
    assert names == {"transformer", "linear_in"}
    assert not any("embed_tokens" in name or "word_embeddings" in name for name in post.state_dict())


@torch.no_grad()
def test_lengths_are_halved_and_padding_changes_nothing(tmp_path):
    folder, _ = save_network(tmp_path, "bart")
    post = HuggingFaceTransformersPostEncoder(6, folder, length_adaptor_n_layers=2).eval()
    x = torch.randn(2, 21, 6)
    ys, lengths = post(x, torch.tensor([21, 11]))
    alone, _ = post(x[1:, :11], torch.tensor([11]))
    assert ys.shape == (2, 5, 16) and lengths.tolist() == [5, 2]
    assert "length_adaptor.2.weight" in post.state_dict()
    torch.testing.assert_close(ys[1:, :2], alone, atol=1e-5, rtol=1e-5)


def test_a_language_token_is_refused():
    with pytest.raises(InputError, match="lang_token_id is not supported"):
        HuggingFaceTransformersPostEncoder(6, "anything", lang_token_id=3)
