"""Decoders and language models of Hugging Face; their cached steps equal the whole."""
import pytest
import torch

from espnet2.asr.decoder.hugging_face_transformers_decoder import HuggingFaceTransformersDecoder
from espnet2.layers.initialize import initialize
from espnet2.layers.pretrained import pretrained_weights_come_from_checkpoint
from espnet2.utils.errors import InputError
from test.espnet2.hugging_face_folders import save_network

V = 20
CLASSES = {"bart": "AutoModelForSeq2SeqLM", "t5": "AutoModelForSeq2SeqLM", "gpt2": "AutoModelForCausalLM",
           "llama": "AutoModelForCausalLM"}  # fmt: skip


def build(tmp_path, family, vocab_size=V, encoder_size=6, **conf):
    folder, reference = save_network(tmp_path, family, CLASSES[family])
    causal = CLASSES[family] == "AutoModelForCausalLM"
    return HuggingFaceTransformersDecoder(vocab_size, encoder_size, folder, causal_lm=causal, **conf).eval(), reference


@torch.no_grad()
@pytest.mark.parametrize("family", CLASSES)
def test_logits_equal_the_network(tmp_path, family):
    decoder, reference = build(tmp_path, family, encoder_size=16)
    encoded, ids = torch.randn(2, 5, 16), torch.randint(3, V, (2, 7))
    logits, olens = decoder(encoded, torch.tensor([5, 5]), ids, torch.tensor([7, 7]))
    if decoder.causal_lm:
        embedded = torch.cat([encoded, reference.get_input_embeddings()(ids)], 1)
        expected = reference(inputs_embeds=embedded).logits[:, 5:]
    else:
        expected = reference(encoder_outputs=(encoded,), decoder_input_ids=ids).logits
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=1e-5)
    assert olens.tolist() == [7, 7]


@torch.no_grad()
@pytest.mark.parametrize("family", CLASSES)
def test_cached_steps_equal_the_whole(tmp_path, family):
    decoder, _ = build(tmp_path, family)
    encoded, lengths = torch.randn(2, 5, 6), torch.tensor([5, 3])
    ids = torch.randint(3, V, (2, 3, 6))
    ids[:, :, 0] = 1  # all begin with the same sos, as in a search
    state = decoder.start(encoded, lengths)
    for length in range(1, 7):
        prefixes = ids[:, :1, :1] if length == 1 else ids[:, :, :length]
        scores, state = decoder.score(prefixes, state)
        parents = torch.zeros(2, 3, dtype=torch.long) if length == 1 else torch.arange(3).expand(2, 3)
        state = decoder.select(state, parents, ids[:, :, 0])
    source = encoded.repeat_interleave(3, 0), lengths.repeat_interleave(3)
    whole, _ = decoder(*source, ids.flatten(0, 1), torch.full((6,), 6))
    torch.testing.assert_close(scores.flatten(0, 1), whole[:, -1].log_softmax(-1), atol=1e-5, rtol=1e-5)
    kept = decoder.keep(state, torch.tensor([1]))
    longer = torch.cat([ids, ids[:, :, 1:2]], 2)
    both, _ = decoder.score(longer, state)
    one, _ = decoder.score(longer[1:], kept)
    whole, _ = decoder(*source, longer.flatten(0, 1), torch.full((6,), 7))
    torch.testing.assert_close(both.flatten(0, 1), whole[:, -1].log_softmax(-1), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(one, both[1:], atol=1e-5, rtol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("family", CLASSES)
def test_padding_changes_nothing(tmp_path, family):
    decoder, _ = build(tmp_path, family)
    encoded, ids = torch.randn(2, 5, 6), torch.randint(3, V, (2, 7))
    logits, _ = decoder(encoded, torch.tensor([5, 3]), ids, torch.tensor([7, 4]))
    alone, _ = decoder(encoded[1:, :3], torch.tensor([3]), ids[1:, :4], torch.tensor([4]))
    torch.testing.assert_close(logits[1:, :4], alone, atol=1e-5, rtol=1e-5)


def test_token_list_keys_and_separate_head(tmp_path):
    decoder, _ = build(tmp_path, "bart", vocab_size=23)
    assert decoder.lm_head.weight.shape == (23, 16)
    assert decoder.lm_head.weight is decoder.decoder.embed_tokens.weight
    names = set(decoder.state_dict())
    assert {"decoder.layers.0.fc1.weight", "lm_head.weight", "linear_in.weight"} <= names
    separate, _ = build(tmp_path, "bart", separate_lm_head=True)
    assert separate.lm_head.weight is not separate.decoder.embed_tokens.weight


def test_published_weights_or_random_ones(tmp_path):
    changes = {"decoder_layers": 1}
    decoder, reference = build(tmp_path, "bart", overriding_architecture_config=changes)
    first = reference.model.decoder.layers[0].fc1.weight
    assert len(decoder.decoder.layers) == 1 and torch.equal(decoder.decoder.layers[0].fc1.weight, first)
    initialize(torch.nn.ModuleList([decoder]), "chainer")
    assert torch.equal(decoder.decoder.layers[0].fc1.weight, first)
    assert not torch.equal(build(tmp_path, "bart", load_pretrained_weights=False)[0].decoder.layers[0].fc1.weight, first)
    (tmp_path / "bart" / "model.safetensors").unlink()
    with pretrained_weights_come_from_checkpoint():
        HuggingFaceTransformersDecoder(V, 6, str(tmp_path / "bart"))
    with pytest.raises(InputError, match="cannot be read as AutoModelForSeq2SeqLM"):
        HuggingFaceTransformersDecoder(V, 6, str(tmp_path / "bart"))


def test_refusals(tmp_path):
    folder, _ = save_network(tmp_path, "bert")
    with pytest.raises(InputError, match="cannot be read as AutoModelForSeq2SeqLM"):
        HuggingFaceTransformersDecoder(V, 6, folder)
    with pytest.raises(InputError, match="has no decoder_layer"):
        HuggingFaceTransformersDecoder(V, 6, folder, overriding_architecture_config={"decoder_layer": 1})
    with pytest.raises(InputError, match="prefix and postfix"):
        HuggingFaceTransformersDecoder(V, 6, folder, prefix="Transcribe:")
