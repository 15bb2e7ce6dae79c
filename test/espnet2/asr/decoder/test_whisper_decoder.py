"""Whisper's decoder: transformers' is the reference; its cached steps equal the whole."""
import pytest
import torch

from espnet2.asr.decoder.whisper_decoder import WhisperDecoder
from espnet2.layers.initialize import initialize
from espnet2.utils.errors import InputError
from test.espnet2.whisper_files import save_hugging_face, save_release

D = 16


@torch.no_grad()
def test_logits_equal_transformers(tmp_path):
    folder, reference = save_hugging_face(tmp_path)
    decoder = WhisperDecoder(40, D, whisper_model=str(folder)).eval()
    encoded, ids = torch.randn(2, 9, D), torch.randint(0, 40, (2, 7))
    logits, olens = decoder(encoded, torch.tensor([9, 9]), ids, torch.tensor([7, 7]))
    expected = reference(encoder_outputs=(encoded,), decoder_input_ids=ids).logits
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=1e-5)
    assert olens.tolist() == [7, 7]


@torch.no_grad()
def test_cached_steps_equal_the_whole_beyond_the_last_position(tmp_path):
    decoder = WhisperDecoder(40, D, whisper_model=str(save_release(tmp_path))).eval()
    encoded, lengths = torch.randn(2, 9, D), torch.tensor([9, 4])
    ids = torch.randint(1, 40, (2, 3, 20))
    state = decoder.start(encoded, lengths)
    state = decoder.select(state, torch.zeros(2, 3, dtype=torch.long), ids[:, :, 0])
    for length in range(1, 21):
        scores, state = decoder.score(ids[:, :, :length], state)
        state = decoder.select(state, torch.arange(3).expand(2, 3), ids[:, :, 0])
    whole, _ = decoder(
        encoded.repeat_interleave(3, 0), lengths.repeat_interleave(3), ids.flatten(0, 1), torch.full((6,), 20)
    )
    torch.testing.assert_close(scores.flatten(0, 1), whole[:, -1].log_softmax(-1), atol=1e-5, rtol=1e-5)
    kept = decoder.keep(state, torch.tensor([1]))
    ids = torch.cat([ids, ids[:, :, :1]], 2)
    both, _ = decoder.score(ids, state)
    one, _ = decoder.score(ids[1:], kept)
    torch.testing.assert_close(one, both[1:], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_other_token_lists(tmp_path):
    path = str(save_release(tmp_path))
    own = WhisperDecoder(40, D, whisper_model=path)
    fresh = WhisperDecoder(11, D, whisper_model=path)
    added = WhisperDecoder(43, D, whisper_model=path, load_origin_token_embedding=True)
    batch = torch.randn(1, 9, D), torch.tensor([9]), torch.tensor([[3, 4]]), torch.tensor([2])
    assert fresh(*batch)[0].shape == (1, 2, 11)
    assert "decoders.token_embedding.weight" in fresh.state_dict()
    assert {"decoders.token_embedding.ori_emb.weight", "decoders.token_embedding.add_emb.weight"} <= set(added.state_dict())
    logits = added(*batch)[0]
    assert logits.shape == (1, 2, 43)
    torch.testing.assert_close(logits[..., :40], own(*batch)[0])
    with pytest.raises(InputError, match="needs the 40 tokens"):
        WhisperDecoder(39, D, whisper_model=path, load_origin_token_embedding=True)


def test_an_initialisation_keeps_the_weights(tmp_path):
    decoder = WhisperDecoder(40, D, whisper_model=str(save_release(tmp_path)))
    before = {name: value.clone() for name, value in decoder.state_dict().items()}
    initialize(torch.nn.ModuleList([decoder]), "xavier_uniform")
    assert all(torch.equal(value, before[name]) for name, value in decoder.state_dict().items())


def test_another_size_of_the_encoder_is_refused(tmp_path):
    with pytest.raises(InputError, match="reads 16 dimensions, but the encoder gives 8"):
        WhisperDecoder(40, 8, whisper_model=str(save_release(tmp_path)))
