"""The Transformer decoder: parity, causality, and its cached steps against the whole."""
import numpy as np
import pytest
import torch
import yaml

from espnet2.asr.decoder.transformer_decoder import TransformerDecoder
from espnet2.utils.errors import InputError
from test.shared import SHARED, needs_shared

V, D = 7, 8


def build(**conf):
    torch.manual_seed(0)
    return TransformerDecoder(V, D, attention_heads=2, linear_units=16, num_blocks=2, **conf).eval()


@needs_shared
@pytest.mark.parametrize("name", ["asr_conformer", "asr_conformer_specaug_gmvn", "asr_transformer"])
@torch.no_grad()
def test_reference_logits(name):
    folder = SHARED / "parity" / name
    config = yaml.safe_load((folder / "config.yaml").read_text())
    weights = torch.load(folder / "model.pth", weights_only=True)
    output, lengths = np.load(folder / "output.npz"), np.load(folder / "input.npz")["text_lengths"]
    decoder = TransformerDecoder(19, config["encoder_conf"]["output_size"], **config["decoder_conf"])
    prefix = "decoder."
    decoder.load_state_dict({k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)})
    arrays = [torch.from_numpy(output[key]) for key in ("encoder_out", "encoder_out_lens", "decoder_in")]
    logits, _ = decoder.eval()(*arrays, torch.from_numpy(lengths) + 1)
    np.testing.assert_allclose(logits, output["decoder_logits"], atol=1e-5)


@pytest.mark.parametrize("conf", [{}, {"normalize_before": False}, {"concat_after": True}, {"qk_norm": True}])
@torch.no_grad()
def test_cached_steps_equal_the_whole(conf):
    decoder = build(**conf)
    encoded, lengths = torch.randn(2, 5, D), torch.tensor([5, 3])
    ids = torch.randint(1, V, (2, 3, 20))  # two utterances, three hypotheses of each; longer than the cache's room
    state = decoder.start(encoded, lengths)
    state = decoder.select(state, torch.zeros(2, 3, dtype=torch.long), ids[:, :, 0])
    for length in range(1, 21):
        scores, state = decoder.score(ids[:, :, :length], state)
        state = decoder.select(state, torch.arange(3).expand(2, 3), ids[:, :, 0])
    whole, _ = decoder(
        encoded.repeat_interleave(3, 0), lengths.repeat_interleave(3), ids.flatten(0, 1), torch.full((6,), 20)
    )
    torch.testing.assert_close(scores.flatten(0, 1), whole[:, -1].log_softmax(-1), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_select_and_keep_move_the_right_rows():
    decoder = build()
    encoded, lengths = torch.randn(2, 5, D), torch.tensor([5, 3])
    first = torch.tensor([[[6]], [[6]]])
    _, state = decoder.score(first, decoder.start(encoded, lengths))
    state = decoder.select(state, torch.zeros(2, 2, dtype=torch.long), torch.tensor([[1, 2], [3, 4]]))
    _, state = decoder.score(torch.tensor([[[6, 1], [6, 2]], [[6, 3], [6, 4]]]), state)
    state = decoder.keep(decoder.select(state, torch.tensor([[0, 1], [1, 1]]), first[:, 0]), torch.tensor([1]))
    scores, _ = decoder.score(torch.tensor([[[6, 4, 5], [6, 4, 2]]]), state)
    ids = torch.tensor([[6, 4, 5], [6, 4, 2]])
    whole, _ = decoder(encoded[1:].expand(2, -1, -1), torch.tensor([3, 3]), ids, torch.tensor([3, 3]))
    torch.testing.assert_close(scores[0], whole[:, -1].log_softmax(-1), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_neither_the_future_nor_padding_is_seen():
    decoder = build()
    encoded, lengths, ids = torch.randn(2, 5, D), torch.tensor([5, 3]), torch.randint(1, V, (2, 6))
    logits, olens = decoder(encoded, lengths, ids, torch.tensor([6, 4]))
    assert logits.shape == (2, 6, V)
    assert olens.tolist() == [6, 4]
    changed = ids.clone()
    changed[:, 4:] = 0
    noisy = encoded.clone()
    noisy[1, 3:] = 9.0
    again, _ = decoder(noisy, lengths, changed, torch.tensor([6, 4]))
    torch.testing.assert_close(again[:, :4], logits[:, :4])


def test_checkpointed_layers_have_the_same_gradients():
    plain, saving = build(dropout_rate=0.0).train(), build(gradient_checkpoint_layers=[1]).train()
    batch = torch.randn(1, 5, D), torch.tensor([5]), torch.tensor([[6, 1, 2]]), torch.tensor([3])
    for decoder in (plain, saving):
        for module in decoder.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        decoder(*batch)[0].sum().backward()
    for expected, actual in zip(plain.parameters(), saving.parameters()):
        torch.testing.assert_close(actual.grad, expected.grad)


def test_unknown_input_layer_is_refused():
    with pytest.raises(InputError, match="embed or linear"):
        build(input_layer="conv2d")
