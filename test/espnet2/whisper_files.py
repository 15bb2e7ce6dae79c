"""A tiny Whisper network with random weights, as the files that users bring."""
from pathlib import Path
from typing import Any

import pytest
import torch

from espnet2.layers.whisper import Whisper, WhisperSizes

TINY = WhisperSizes(80, 30, 16, 2, 2, 40, 12, 16, 2, 2)  # 30 encoded frames are 9600 samples


def save_release(folder: Path, name: str = "tiny.pt") -> Path:
    """A ``.pt`` file of the first release's form."""
    torch.manual_seed(0)
    path = folder / name
    torch.save({"dims": TINY._asdict(), "model_state_dict": Whisper(TINY).state_dict()}, path)
    return path


def save_hugging_face(folder: Path) -> tuple[Path, Any]:
    """A folder of transformers, and the model in it."""
    transformers = pytest.importorskip("transformers", reason="Hugging Face's network is the reference")
    torch.manual_seed(0)
    config = transformers.WhisperConfig(
        vocab_size=TINY.n_vocab, num_mel_bins=80, d_model=16, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=64, decoder_ffn_dim=64, max_source_positions=30,
        max_target_positions=12, pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1,
    )  # fmt: skip
    model = transformers.WhisperForConditionalGeneration(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():  # biases and norms too
            parameter.add_(torch.randn_like(parameter) * 0.05)
    model.save_pretrained(folder / "whisper-tiny")
    return folder / "whisper-tiny", model
