"""From live samples to encoded frames: pieces equal the whole."""

import numpy as np
import pytest
import torch

from espnet2.asr.ctc import CTC
from espnet2.asr.encoder.conformer_encoder import ConformerEncoder
from espnet2.asr.encoder.transformer_encoder import TransformerEncoder
from espnet2.asr.espnet_model import ESPnetASRModel
from espnet2.asr.frontend.default import DefaultFrontend
from espnet2.asr.postencoder.length_adaptor import LengthAdaptorPostEncoder
from espnet2.asr.streaming import encode_stream
from espnet2.layers.global_mvn import GlobalMVN
from espnet2.layers.too_short import TooShortUttError
from espnet2.layers.utterance_mvn import UtteranceMVN
from espnet2.utils.errors import InputError
from test.espnet2.layers.pieces import cut_at_random

TOKENS = ["<blank>", "<unk>", "a", "<sos/eos>"]
D, M = 16, 20
CONFORMER = {"rel_pos_type": "latest", "dynamic_chunk_training": True}


@pytest.fixture
def stats_file(tmp_path):
    path = tmp_path / "stats.npz"
    np.savez(path, count=10, sum=np.linspace(-30, 10, M), sum_square=np.linspace(200, 400, M))
    return path


def build(stats_file, **parts):
    torch.manual_seed(0)
    sizes = {"output_size": D, "attention_heads": 2, "linear_units": 24, "num_blocks": 2, "cnn_module_kernel": 5}
    defaults = {
        "frontend": DefaultFrontend(n_fft=400, hop_length=160, n_mels=M),
        "normalize": GlobalMVN(stats_file),
        "encoder": ConformerEncoder(M, **sizes, **CONFORMER),
        "postencoder": None,
    }
    model = ESPnetASRModel(
        len(TOKENS), TOKENS, specaug=None, preencoder=None, decoder=None, ctc=CTC(len(TOKENS), D), ctc_weight=1.0,
        **{**defaults, **parts},
    )  # fmt: skip
    model.encoder.decoding_chunk_size = 4
    return model.eval()


@torch.no_grad()
def test_pieces_equal_the_whole(stats_file):
    model = build(stats_file)
    generator = torch.Generator().manual_seed(0)
    for length in (1500, 8000, 20000):
        speech = torch.randn(length, generator=generator) * 0.1
        expected, _ = model.encode(speech.unsqueeze(0), torch.tensor([length]))
        for step in (160, 777, 5000, length):
            parts, state = [], None
            for start in range(0, length, step):
                is_final = start + step >= length
                (ys,), (state,) = encode_stream(model, [speech[start : start + step]], [state], [is_final])
                parts.append(ys)
            assert state is None
            torch.testing.assert_close(torch.cat(parts), expected[0], atol=1e-5, rtol=0)


@torch.no_grad()
def test_streams_of_different_age_go_together(stats_file):
    model = build(stats_file)
    first, second = torch.randn(9000) * 0.1, torch.randn(4000) * 0.1
    begun, (state,) = encode_stream(model, [first[:5000]], [None], [False])
    later, states = encode_stream(model, [first[5000:], second], [state, None], [True, True])
    assert states == [None, None]
    for speech, streamed in [(first, torch.cat([*begun, later[0]])), (second, later[1])]:
        expected, _ = model.encode(speech.unsqueeze(0), torch.tensor([len(speech)]))
        torch.testing.assert_close(streamed, expected[0], atol=1e-5, rtol=0)


@torch.no_grad()
def test_of_several_channels_the_first_is_taken(stats_file):
    model = build(stats_file)
    speech = torch.randn(4000, 2) * 0.1
    (streamed,), _ = encode_stream(model, [speech], [None], [True])
    expected, _ = model.encode(speech.unsqueeze(0), torch.tensor([4000]))
    torch.testing.assert_close(streamed, expected[0], atol=1e-5, rtol=0)


@torch.no_grad()
def test_features_may_come_instead_of_samples(stats_file):
    model = build(stats_file, frontend=None)
    feats = torch.randn(120, M)
    parts, state = [], None
    for piece, is_final in cut_at_random(feats, torch.Generator().manual_seed(3)):
        (ys,), (state,) = encode_stream(model, [piece], [state], [is_final])
        parts.append(ys)
    expected, _ = model.encode(feats.unsqueeze(0), torch.tensor([120]))
    torch.testing.assert_close(torch.cat(parts), expected[0], atol=1e-5, rtol=0)


@torch.no_grad()
def test_too_short_a_signal_leaves_the_others_untouched(stats_file):
    model = build(stats_file)
    speech = torch.randn(6000) * 0.1
    begun, (state,) = encode_stream(model, [speech[:3000]], [None], [False])
    with pytest.raises(TooShortUttError, match="has 100"):
        encode_stream(model, [speech[3000:], speech[:100]], [state, None], [True, True])
    ended, _ = encode_stream(model, [speech[3000:]], [state], [True])
    expected, _ = model.encode(speech.unsqueeze(0), torch.tensor([6000]))
    torch.testing.assert_close(torch.cat(begun + ended), expected[0], atol=1e-5, rtol=0)


def other_front_end():
    return DefaultFrontend(n_fft=400, hop_length=160, n_mels=M, apply_stft=False)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            lambda: {"encoder": TransformerEncoder(M, D, 2, 16, 1)},
            "encoder TransformerEncoder needs the whole utterance",
        ),
        (lambda: {"encoder": ConformerEncoder(M, D, 2, 16, 1)}, "trained on whole utterances"),
        (lambda: {"normalize": UtteranceMVN()}, "train with normalize: global_mvn"),
        (lambda: {"normalize": torch.nn.LayerNorm(M)}, "its normalisation LayerNorm"),
        (lambda: {"frontend": torch.nn.Identity()}, "its frontend Identity"),
        (lambda: {"frontend": other_front_end()}, "apply_stft: false"),
        (lambda: {"postencoder": LengthAdaptorPostEncoder(D)}, "it has a postencoder"),
    ],
)
def test_refusals(stats_file, parts, message):
    with pytest.raises(InputError, match=message):
        encode_stream(build(stats_file, **parts()), [torch.randn(3000)], [None], [False])
