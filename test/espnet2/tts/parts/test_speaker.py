"""What is added to encoded text."""

import pytest
import torch

from espnet2.tts.parts.speaker import ConditionedTTS, ConditionOptions
from espnet2.utils.errors import InputError

STYLE = {"gst_conv_layers": 1, "gst_conv_chans_list": [2], "gst_heads": 2, "gst_gru_units": 3}


class Network(ConditionedTTS):
    def forward(self, *args, **kwargs):
        raise NotImplementedError

    def inference(self, *args, **kwargs):
        raise NotImplementedError


def network(project_concat=True, **options):
    torch.manual_seed(0)
    return Network(5, 4, ConditionOptions(**options, **STYLE), project_concat).eval()


ENCODED, SPEAKERS = torch.randn(2, 3, 4), torch.randn(2, 6)
NORMALISED = SPEAKERS / SPEAKERS.norm(dim=1, keepdim=True)


@torch.no_grad()
def test_speakers_and_languages():
    tts = network(spks=3, langs=2)
    sids, lids = torch.tensor([[2], [0]]), torch.tensor([[1], [1]])
    expected = ENCODED + tts.sid_emb.weight[[2, 0]][:, None] + tts.lid_emb.weight[[1, 1]][:, None]
    torch.testing.assert_close(tts.condition(ENCODED, sids=sids, lids=lids, durations=None), expected)


@torch.no_grad()
def test_vectors():
    tts = network(spk_embed_dim=6)
    expected = ENCODED + (NORMALISED @ tts.projection.weight.t() + tts.projection.bias)[:, None]
    torch.testing.assert_close(tts.condition(ENCODED, spembs=SPEAKERS), expected)
    joined = torch.cat([ENCODED, NORMALISED[:, None].expand(-1, 3, -1)], 2)
    tts = network(project_concat=False, spk_embed_dim=6, spk_embed_integration_type="concat")
    assert tts.conditioned_size == 10 and tts.projection is None
    torch.testing.assert_close(tts.condition(ENCODED, spembs=SPEAKERS), joined)
    tts = network(spk_embed_dim=6, spk_embed_integration_type="concat")
    assert tts.conditioned_size == 4
    torch.testing.assert_close(tts.condition(ENCODED, spembs=SPEAKERS), tts.projection(joined))


@torch.no_grad()
def test_style():
    tts, feats = network(use_gst=True), torch.randn(2, 8, 5)
    torch.testing.assert_close(tts.condition(ENCODED, feats), ENCODED + tts.gst(feats)[:, None])


def test_nothing_asked_for():
    tts = network(spks=1, langs=None)
    assert not list(tts.parameters())
    assert tts.condition(ENCODED, spembs=SPEAKERS, sids=torch.tensor([[9], [9]])) is ENCODED


@pytest.mark.parametrize(
    ("options", "given", "message"),
    [
        ({"spks": 3}, {}, "needs sids"),
        ({"langs": 3}, {}, "needs lids"),
        ({"spk_embed_dim": 6}, {}, "needs spembs"),
        ({"use_gst": True}, {}, "reference"),
        ({"spks": 3}, {"sids": torch.tensor([[1], [3]])}, "sids must be 0 to 2"),
        ({"spk_embed_dim": 5}, {"spembs": SPEAKERS}, "spembs have 6 values"),
        ({"spk_embed_integration_type": "sum"}, {}, "spk_embed_integration_type 'sum'"),
    ],
)
def test_refusals(options, given, message):
    with pytest.raises(InputError, match=message):
        network(**options).condition(ENCODED, **given)
