"""OPT as a language model; its cached steps equal the whole."""
import pytest
import torch

from espnet2.layers.initialize import initialize
from espnet2.lm.transformer_opt_lm import TransformerOPTLM
from espnet2.tasks.lm import lm_choices
from espnet2.train.old_weights import todays_names
from espnet2.utils.errors import InputError
from test.espnet2.hugging_face_folders import save_network

V = 20


def build(tmp_path, vocab_size=V):
    folder, reference = save_network(tmp_path, "opt", "AutoModelForCausalLM")
    return lm_choices.build("transformer_opt", {"opt_name": folder}, vocab_size=vocab_size).eval(), reference


@torch.no_grad()
def test_logits_equal_the_network(tmp_path):
    lm, reference = build(tmp_path)
    ids = torch.randint(1, V, (2, 7))
    logits, _ = lm(ids, None)
    torch.testing.assert_close(logits, reference(ids).logits, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_cached_steps_equal_the_whole(tmp_path):
    lm, _ = build(tmp_path)
    ids = torch.randint(1, V, (2, 3, 6))
    ids[:, :, 0] = V - 1
    state = lm.start(torch.zeros(2, 4, 5), torch.tensor([4, 3]))
    for length in range(1, 7):
        scores, state = lm.score(ids[:, :1, :1] if length == 1 else ids[:, :, :length], state)
        parents = torch.zeros(2, 3, dtype=torch.long) if length == 1 else torch.arange(3).expand(2, 3)
        state = lm.select(state, parents, ids[:, :, 0])
    whole, _ = lm(ids.flatten(0, 1), None)
    torch.testing.assert_close(scores.flatten(0, 1), whole[:, -1].log_softmax(-1), atol=1e-5, rtol=1e-5)
    longer = torch.cat([ids, ids[:, :, 1:2]], 2)[1:]
    scores, _ = lm.score(longer, lm.keep(state, torch.tensor([1])))
    whole, _ = lm(longer[0], None)
    torch.testing.assert_close(scores[0], whole[:, -1].log_softmax(-1), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_states_of_several_batches_are_joined(tmp_path):
    lm, _ = build(tmp_path)
    ids = torch.randint(1, V, (1, 3, 3))
    _, state = lm.score(torch.full((1, 1, 1), V - 1), lm.start(torch.zeros(1, 4, 5), torch.tensor([4])))
    first = lm.select(state, torch.zeros(1, 2, dtype=torch.long), ids[:, :2, 0])
    second = lm.select(state, torch.zeros(1, 1, dtype=torch.long), ids[:, 2:, 0])
    tokens = torch.cat([torch.full((1, 3, 1), V - 1), ids[:, :, :1]], 2)
    scores, _ = lm.score(tokens, lm.join([first, second]))
    torch.testing.assert_close(scores[0], lm(tokens[0], None)[0][:, -1].log_softmax(-1), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_padding_changes_nothing(tmp_path):
    lm, _ = build(tmp_path)
    ids = torch.tensor([[19, 4, 5, 6], [19, 7, 0, 0]])
    torch.testing.assert_close(lm(ids, None)[0][1:, :2], lm(ids[1:, :2], None)[0], atol=1e-5, rtol=1e-5)


def test_another_token_list_and_both_namings(tmp_path):
    lm, reference = build(tmp_path, vocab_size=11)
    assert lm.lm_head.weight.shape == (11, 8)
    assert torch.equal(lm.decoder.layers[1].fc2.weight, reference.model.decoder.layers[1].fc2.weight)
    state = {name: value.clone() for name, value in lm.state_dict().items()}
    initialize(torch.nn.ModuleList([lm]), "chainer")
    assert all(torch.equal(value, state[name]) for name, value in lm.state_dict().items())
    doubled = {f"lm.{name}".replace("lm.decoder.", "lm.decoder.decoder."): value for name, value in state.items()}
    known = [f"lm.{name}" for name in state]
    assert sorted(todays_names(doubled, known, "file")) == sorted(known)


def test_another_family_is_refused(tmp_path):
    folder, _ = save_network(tmp_path, "gpt2", "AutoModelForCausalLM")
    with pytest.raises(InputError, match="is of the family gpt2, not opt"):
        TransformerOPTLM(V, folder)
