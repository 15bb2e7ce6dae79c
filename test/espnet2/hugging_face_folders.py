"""Tiny networks of Hugging Face with random weights, in folders as users bring them."""
from pathlib import Path
from typing import Any

import pytest
import torch

SIZES = {
    "bart": {"d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2,
             "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "max_position_embeddings": 64,
             "dropout": 0.0},
    "t5": {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2, "dropout_rate": 0.0,
           "decoder_start_token_id": 0},
    "bert": {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32},
    "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64},
    "opt": {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "ffn_dim": 32, "word_embed_proj_dim": 8,
            "max_position_embeddings": 64},
    "llama": {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
              "num_key_value_heads": 1},
}  # fmt: skip


def save_network(folder: Path, family: str, auto_class: str = "AutoModel", vocab_size: int = 20) -> tuple[str, Any]:
    """The folder, and the network in it, in evaluation mode."""
    transformers = pytest.importorskip("transformers", reason="networks of Hugging Face need it")
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(
        family, vocab_size=vocab_size, pad_token_id=0, bos_token_id=1, eos_token_id=2, **SIZES[family]
    )
    model = getattr(transformers, auto_class).from_config(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():  # biases and norms too
            parameter.add_(torch.randn_like(parameter) * 0.1)
    model.save_pretrained(folder / family)
    return str(folder / family), model
