"""Low-rank additions against the formula ``W x + b + (alpha / r) B A x``."""

import pytest
import torch

from espnet2.layers.lora import LoRAEmbedding, LoRALinear, with_lora
from espnet2.utils.errors import InputError


def randomised(module):
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter)
    return module


@pytest.mark.parametrize("bias", [True, False])
def test_linear_is_the_formula_and_merges(bias):
    torch.manual_seed(0)
    plain = torch.nn.Linear(5, 3, bias=bias)
    module, x = LoRALinear(plain, rank=2, alpha=6), torch.randn(4, 7, 5)
    assert module.weight is plain.weight and module.bias is plain.bias
    assert torch.equal(module(x), plain(x)), "an adapted model begins as the model it was"
    randomised(module)
    expected = x @ module.weight.T + (module.bias if bias else 0) + 3.0 * (x @ module.lora_A.T @ module.lora_B.T)
    torch.testing.assert_close(module(x), expected, atol=1e-5, rtol=1e-5)
    merged = module.merged()
    assert type(merged) is torch.nn.Linear and (merged.bias is None) is not bias
    torch.testing.assert_close(merged(x), module(x), atol=1e-5, rtol=1e-5)
    assert {n: tuple(p.shape) for n, p in module.named_parameters() if "lora" in n} == {
        "lora_A": (2, 5),
        "lora_B": (3, 2),
    }


def test_embedding_is_the_formula_and_merges():
    torch.manual_seed(0)
    plain = torch.nn.Embedding(6, 4, padding_idx=0)
    module, x = LoRAEmbedding(plain, rank=2, alpha=1), torch.tensor([[0, 5], [3, 3]])
    assert module.weight is plain.weight and module.padding_idx == 0
    assert torch.equal(module(x), plain(x))
    randomised(module)
    expected = module.weight[x] + 0.5 * (module.lora_B @ module.lora_A).T[x]
    torch.testing.assert_close(module(x), expected)
    torch.testing.assert_close(module.merged()(x), expected)
    assert (module.lora_A.shape, module.lora_B.shape) == ((2, 6), (4, 2))


def test_dropout_concerns_the_addition_in_training_only():
    module = randomised(LoRALinear(torch.nn.Linear(5, 3), rank=2, alpha=2, dropout_rate=1.0))
    x = torch.randn(4, 5)
    torch.testing.assert_close(module(x), torch.nn.functional.linear(x, module.weight, module.bias))
    assert not torch.allclose(module.eval()(x), torch.nn.functional.linear(x, module.weight, module.bias))


def test_what_cannot_have_one():
    assert with_lora(torch.nn.Conv1d(2, 2, 1), 2, 2, 0.0) is None
    with pytest.raises(InputError, match="max_norm"):
        LoRAEmbedding(torch.nn.Embedding(3, 2, max_norm=1.0), 1, 1)
