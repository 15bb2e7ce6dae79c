"""Decoders with convolutions: names of their weights, and cached steps against the whole."""

import pytest
import torch

from espnet2.asr.decoder.conv_decoders import (
    DynamicConv2dDecoder,
    DynamicConvDecoder,
    LightweightConv2dDecoder,
    LightweightConvDecoder,
)
from espnet2.search.beam_search import BeamSearch
from espnet2.search.scorer import take_hypotheses
from espnet2.tasks.asr import decoder_choices
from espnet2.utils.errors import InputError
from test.shared import SHARED, needs_shared

V, D = 11, 8
KINDS = (LightweightConvDecoder, LightweightConv2dDecoder, DynamicConvDecoder, DynamicConv2dDecoder)


def build(kind, **conf):
    torch.manual_seed(0)
    return kind(V, D, **{"attention_heads": 2, "linear_units": 16, "num_blocks": 2, **conf}).eval()


def listed(section):
    """Names and shapes of a section of the key list."""
    text = (SHARED / "spec" / "model_keys.txt").read_text().split(f"##### {section}\n")[1].split("#####")[0]
    rows = (line.strip().removeprefix("decoder.").split(" ", 1) for line in text.splitlines())
    return {name: tuple(int(n) for n in shape.strip("() ").split(",") if n) for name, shape in rows}


@needs_shared
@pytest.mark.parametrize(
    "section, kind", [("lightconv", LightweightConvDecoder), ("dynconv2d", DynamicConv2dDecoder)]
)
def test_keys_and_shapes(section, kind):
    ours = {name: tuple(value.shape) for name, value in build(kind, num_blocks=1).state_dict().items()}
    assert ours == listed(section)


def test_keys_of_the_other_two():
    def convolution(kind):
        state = build(kind, num_blocks=1, conv_usebias=True).state_dict()
        prefix = "decoders.0.self_attn."
        return {k.removeprefix(prefix): tuple(v.shape) for k, v in state.items() if k.startswith(prefix)}

    shared = {"bias": (8,), "linear1.weight": (16, 8), "linear1.bias": (16,), "linear2.bias": (8,)}
    taps = {"linear_weight.weight": (44, 8), "linear_weight.bias": (44,)}
    assert convolution(DynamicConvDecoder) == {**shared, **taps, "linear2.weight": (8, 8)}
    weights = {"weight": (4, 1, 11), "weight_f": (1, 1, 11), "linear2.weight": (8, 16)}
    assert convolution(LightweightConv2dDecoder) == {**shared, **weights}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("conf", [{}, {"normalize_before": False, "conv_kernel_length": [3, 5], "concat_after": True}])
@torch.no_grad()
def test_cached_steps_equal_the_whole(kind, conf):
    decoder = build(kind, **conf)
    encoded, lengths = torch.randn(2, 5, D), torch.tensor([5, 3])
    prefixes = torch.full((2, 1, 1), V - 1)
    state = decoder.start(encoded, lengths)
    for step in range(14):
        scores, state = decoder.score(prefixes, state)
        num_utterances, num_hypotheses, length = prefixes.shape
        whole, _ = decoder(
            encoded.repeat_interleave(num_hypotheses, 0),
            lengths.repeat_interleave(num_hypotheses),
            prefixes.flatten(0, 1),
            torch.full((num_utterances * num_hypotheses,), length),
        )
        torch.testing.assert_close(scores.flatten(0, 1), whole[:, -1].log_softmax(-1), atol=1e-5, rtol=1e-5)
        parents = torch.randint(0, num_hypotheses, (num_utterances, 3))
        tokens = torch.randint(1, V, (num_utterances, 3))
        state = decoder.select(state, parents, tokens)
        prefixes = torch.cat([take_hypotheses(prefixes, parents), tokens.unsqueeze(2)], 2)
        if step == 9:  # one utterance leaves
            state = decoder.keep(state, torch.tensor([1]))
            encoded, lengths, prefixes = encoded[1:], lengths[1:], prefixes[1:]


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_neither_the_future_nor_padding_is_seen(kind):
    decoder = build(kind)
    encoded, lengths, ids = torch.randn(2, 5, D), torch.tensor([5, 3]), torch.randint(1, V, (2, 6))
    logits, olens = decoder(encoded, lengths, ids, torch.tensor([6, 4]))
    assert logits.shape == (2, 6, V) and olens.tolist() == [6, 4]
    changed, noisy = ids.clone(), encoded.clone()
    changed[:, 4:], noisy[1, 3:] = 0, 9.0
    again, _ = decoder(noisy, lengths, changed, torch.tensor([6, 4]))
    torch.testing.assert_close(again[:, :4], logits[:, :4])
    alone, _ = decoder(encoded[1:, :3], lengths[1:], ids[1:, :4], torch.tensor([4]))
    torch.testing.assert_close(alone, logits[1:, :4], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_beam_search_takes_them(kind):
    decoder = build(kind)
    search = BeamSearch({"decoder": decoder}, {"decoder": 1.0}, 3, V, V - 1, V - 1)
    encoded, lengths = torch.randn(2, 5, D), torch.tensor([5, 3])
    together = search(encoded, lengths, maxlenratio=-6)
    for row, length in enumerate(lengths.tolist()):
        alone = search(encoded[row : row + 1, :length], lengths[row : row + 1], maxlenratio=-6)[0]
        assert [h.yseq.tolist() for h in alone] == [h.yseq.tolist() for h in together[row]]


def test_building_warns_once_and_the_menu_knows_them(caplog):
    kinds = ("lightweight_conv", "lightweight_conv2d", "dynamic_conv", "dynamic_conv2d")
    assert tuple(decoder_choices.get_class(name) for name in kinds) == KINDS
    build(DynamicConvDecoder)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "DynamicConvDecoder: it is not verified" in caplog.text


def test_refusals():
    with pytest.raises(InputError, match="conv_kernel_length has 1 numbers for the 2 layers"):
        build(LightweightConvDecoder, conv_kernel_length=[11])
    with pytest.raises(InputError, match="embed or linear"):
        build(DynamicConvDecoder, input_layer="conv2d")
