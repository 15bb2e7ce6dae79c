"""Encoders that begin as wav2vec 2.0 or HuBERT, with tiny random networks."""
import re
from functools import partial

import pytest
import torch
from torchaudio.models import wav2vec2_model
from torchaudio.models.wav2vec2.utils.import_fairseq import _map_key

from espnet2.asr.encoder.hubert_encoder import HubertEncoder
from espnet2.asr.encoder.wav2vec2_encoder import Wav2Vec2Encoder
from espnet2.layers import wav2vec2
from espnet2.layers.fairseq_names import torchaudio_name
from espnet2.layers.initialize import initialize
from espnet2.layers.pretrained import pretrained_weights_come_from_checkpoint
from espnet2.layers.too_short import TooShortUttError
from espnet2.tasks.load import load_weights
from espnet2.utils.errors import InputError

D = 16


def tiny(mode="group_norm"):
    return wav2vec2_model(
        extractor_mode=mode, extractor_conv_layer_config=[(8, 10, 5), (8, 8, 8), (8, 8, 8)], extractor_conv_bias=False,
        encoder_embed_dim=D, encoder_projection_dropout=0.0, encoder_pos_conv_kernel=4, encoder_pos_conv_groups=2,
        encoder_num_layers=2, encoder_num_heads=2, encoder_attention_dropout=0.0, encoder_ff_interm_features=32,
        encoder_ff_interm_dropout=0.0, encoder_dropout=0.0, encoder_layer_norm_first=mode == "layer_norm",
        encoder_layer_drop=0.0, aux_num_out=None,
    )  # fmt: skip


@pytest.fixture(params=["group_norm", "layer_norm"])
def saved(request, tmp_path, monkeypatch):
    """A file, and the network in it."""
    torch.manual_seed(0)
    network = tiny(request.param).eval()
    monkeypatch.setattr(wav2vec2, "ARCHITECTURES", {mode: partial(tiny, mode) for mode in ("group_norm", "layer_norm")})
    torch.save(network.state_dict(), tmp_path / "network.pth")
    return str(tmp_path / "network.pth"), network


def speech(*lengths):
    torch.manual_seed(1)
    waves = torch.randn(len(lengths), max(lengths))
    for row, length in enumerate(lengths):
        waves[row, length:] = 0.0
    return waves, torch.tensor(lengths)


@torch.no_grad()
def test_it_equals_the_network(saved):
    path, network = saved
    encoder = Wav2Vec2Encoder(1, path, output_size=D).eval()
    waves, lengths = speech(4000)
    encoded, olens, _ = encoder(waves, lengths)
    expected, expected_lens = network(waves, lengths)
    torch.testing.assert_close(encoded, expected, atol=1e-5, rtol=1e-5)
    assert torch.equal(olens, expected_lens)
    assert {name.split(".")[0] for name in encoder.state_dict()} == {"encoders", "num_updates"}


@torch.no_grad()
def test_an_utterance_is_the_same_alone_and_in_a_batch(saved):
    encoder = HubertEncoder(1, saved[0], output_size=10, normalize_before=True).eval()
    waves, lengths = speech(4000, 2700)
    encoded, olens, _ = encoder(waves, lengths)
    alone, alone_lens, _ = encoder(waves[1:, :2700], lengths[1:])
    assert encoded.shape == (2, int(olens[0]), 10) and olens[1] == alone_lens[0]
    torch.testing.assert_close(encoded[1:, : olens[1]], alone, atol=1e-5, rtol=1e-5)
    assert encoder(*speech(4000, 90))[1].tolist() == [int(olens[0]), 0]
    assert {"output_layer.0.weight", "after_norm.bias", "mask_generator.mask_embedding"} <= set(encoder.state_dict())


def test_the_network_learns_after_its_updates_and_convolutions_by_their_share(saved):
    batch = speech(4000, 2700)
    encoder = Wav2Vec2Encoder(1, saved[0], output_size=10, freeze_finetune_updates=2).train()
    learning = []
    for _ in range(4):
        encoder.zero_grad()
        encoder(*batch)[0].sum().backward()
        learning.append(encoder.encoders.encoder.feature_projection.projection.weight.grad is not None)
    assert learning == [False, False, True, True]
    assert encoder.num_updates.tolist() == [3]
    for share, learns in ((0.0, False), (0.5, True)):
        encoder = HubertEncoder(1, saved[0], output_size=10, layerdrop=0.0, feature_grad_mult=share, mask_channel_prob=0.0)
        encoder.train()(*batch)[0].sum().backward()
        assert (encoder.encoders.feature_extractor.conv_layers[1].conv.weight.grad is not None) == learns
        assert encoder.mask_generator.mask_embedding.grad is not None


def fairseq_name(name):
    """The inverse of what torchaudio makes of fairseq's names."""
    pairs = [
        (r"conv_layers\.(\d+)\.conv\.", r"conv_layers.\1.0."),
        (r"encoder\.feature_projection\.projection\.", "post_extract_proj."),
        (r"encoder\.feature_projection\.layer_norm\.", "layer_norm."),
        (r"encoder\.transformer\.pos_conv_embed\.conv\.", "encoder.pos_conv.0."),
        (r"parametrizations\.weight\.original0", "weight_g"),
        (r"parametrizations\.weight\.original1", "weight_v"),
        (r"encoder\.transformer\.", "encoder."),
        (r"(layers\.\d+)\.layer_norm\.", r"\1.self_attn_layer_norm."),
        (r"(layers\.\d+)\.attention\.", r"\1.self_attn."),
        (r"feed_forward\.intermediate_dense", "fc1"),
        (r"feed_forward\.output_dense", "fc2"),
    ]
    name = re.sub(r"^feature_extractor\.conv_layers\.(\d+)\.layer_norm\.", r"feature_extractor.conv_layers.\1.2.", name)
    for old, new in pairs:
        name = re.sub(old, new, name)
    return name


def with_weight_norm(name):
    """What today's torch makes of the older names of a normalised weight."""
    return name.replace("weight_g", "parametrizations.weight.original0").replace(
        "weight_v", "parametrizations.weight.original1"
    )


@torch.no_grad()
def test_names_of_fairseq_are_mapped_as_torchaudio_maps_them(saved, tmp_path):
    path, network = saved
    theirs = {fairseq_name(name): value for name, value in network.state_dict().items()}
    if isinstance(network.feature_extractor.conv_layers[0].layer_norm, torch.nn.LayerNorm):
        theirs = {re.sub(r"(conv_layers\.\d+\.2\.)", r"\g<1>1.", name): value for name, value in theirs.items()}
    for name in theirs:
        assert torchaudio_name(name) == with_weight_norm(_map_key(name))
    theirs["mask_emb"] = torch.full((D,), 3.0)
    theirs["final_proj.weight"] = torch.zeros(3, 3)
    torch.save({"model": theirs}, tmp_path / "fairseq.pt")
    batch = speech(3000)
    expected = network(*batch)[0]
    read = HubertEncoder(1, "https://somewhere/fairseq.pt", str(tmp_path), output_size=D).eval()
    torch.testing.assert_close(read(*batch)[0], expected)
    holder = torch.nn.Module()
    holder.encoder = HubertEncoder(1, path, output_size=D).eval()
    initialize(holder.encoder.encoders.encoder.transformer, "chainer")
    checkpoint = {"encoder.num_updates": torch.tensor([7]), **{f"encoder.encoders.{k}": v for k, v in theirs.items()}}
    load_weights(holder, checkpoint, "checkpoint")
    torch.testing.assert_close(holder.encoder(*batch)[0], expected)
    assert holder.encoder.mask_generator.mask_embedding.unique().tolist() == [3.0]


@torch.no_grad()
@pytest.mark.parametrize("family", ["wav2vec2", "hubert"])
def test_a_folder_of_hugging_face(tmp_path, family):
    transformers = pytest.importorskip("transformers", reason="its network is the reference")
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(
        family, hidden_size=D, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, conv_dim=(8, 8),
        conv_kernel=(10, 8), conv_stride=(5, 8), num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2,
    )  # fmt: skip
    network = transformers.AutoModel.from_config(config).eval()
    network.save_pretrained(tmp_path)
    encoder = Wav2Vec2Encoder(1, str(tmp_path), output_size=D).eval()
    waves, lengths = speech(3000)
    torch.testing.assert_close(encoder(waves, lengths)[0], network(waves).last_hidden_state, atol=1e-5, rtol=1e-5)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    initialize(encoder, "xavier_normal")
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())


def test_below_a_checkpoint_a_published_name_is_enough(monkeypatch, tmp_path):
    monkeypatch.setitem(wav2vec2.ARCHITECTURES, "wav2vec2_base", tiny)
    url = "https://somewhere/wav2vec_small.pt"
    with pytest.raises(InputError, match=f"Put wav2vec_small.pt into {tmp_path}"):
        Wav2Vec2Encoder(1, url, str(tmp_path))
    with pretrained_weights_come_from_checkpoint():
        assert Wav2Vec2Encoder(1, url, str(tmp_path)).output_size() == 256


def test_refusals(saved, tmp_path):
    with pytest.raises(InputError, match="set input_size to 1"):
        Wav2Vec2Encoder(80, saved[0])
    with pytest.raises(TooShortUttError, match="at least 400 samples"):
        Wav2Vec2Encoder(1, saved[0])(*speech(399))
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(InputError, match="holds the weights of none of"):
        Wav2Vec2Encoder(1, str(tmp_path / "other.pth"))
    (tmp_path / "broken.pth").write_bytes(b"no")
    with pytest.raises(InputError, match="objects of fairseq too"):
        Wav2Vec2Encoder(1, str(tmp_path / "broken.pth"))
