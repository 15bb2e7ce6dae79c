"""The Whisper network against transformers' own, and its invariants."""
import pytest
import torch

from espnet2.layers.whisper import WHISPER_SIZES, Whisper, sinusoids
from espnet2.layers.whisper_weights import build_whisper
from test.espnet2.whisper_files import TINY, save_hugging_face


@torch.no_grad()
def test_encoder_and_decoder_equal_transformers(tmp_path):
    folder, reference = save_hugging_face(tmp_path)
    model = build_whisper(str(folder)).eval()
    mels, ids = torch.randn(2, 60, 80), torch.randint(0, 40, (2, 7))
    encoded, lengths = model.encoder(mels, torch.tensor([60, 60]))
    expected = reference.model.encoder(mels.transpose(1, 2)).last_hidden_state
    assert lengths.tolist() == [30, 30]
    torch.testing.assert_close(encoded, expected, atol=1e-5, rtol=1e-5)
    x = model.decoder.embed(ids)
    for block in model.decoder.blocks:
        x = block(x, lambda y, b=block: b.attn(y, y, None, True), lambda y, b=block: b.cross_attn(y, expected, None))
    logits = reference(encoder_outputs=(expected,), decoder_input_ids=ids).logits
    torch.testing.assert_close(model.decoder.logits(x), logits, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_an_utterance_is_the_same_alone_and_in_a_batch():
    torch.manual_seed(0)
    encoder = Whisper(TINY).encoder.eval()
    mels = torch.randn(2, 40, 80)
    mels[1, 25:] = 0.0
    whole, lengths = encoder(mels, torch.tensor([40, 25]))
    alone, _ = encoder(mels[1:, :25], torch.tensor([25]))
    assert lengths.tolist() == [20, 13]
    torch.testing.assert_close(whole[1:, :13], alone, atol=1e-5, rtol=1e-5)


def test_frames_and_labels_beyond_the_last_position():
    model = Whisper(TINY).eval()
    encoded, lengths = model.encoder(torch.randn(1, 100, 80), torch.tensor([100]))
    assert encoded.shape == (1, 30, 16)
    assert lengths.tolist() == [30]
    far = model.decoder.embed(torch.tensor([[3, 3]]), offset=50)
    assert torch.equal(far[0, 0], far[0, 1])


def test_positions_follow_their_formula():
    table = sinusoids(10, 6)
    assert table.shape == (10, 6)
    assert table[7, 1].item() == pytest.approx(torch.tensor(7 * 10000**-0.5).sin().item(), abs=1e-6)
    assert table[7, 3].item() == pytest.approx(torch.tensor(7.0).cos().item(), abs=1e-6)


def test_sizes_are_those_of_the_paper():
    millions = {"tiny": 39, "base": 74, "small": 244, "medium": 769, "large-v2": 1550}
    for name, expected in millions.items():
        with torch.device("meta"):
            model = Whisper(WHISPER_SIZES[name])
        total = sum(parameter.numel() for parameter in model.parameters()) / 1e6
        assert total == pytest.approx(expected, rel=0.05), name
