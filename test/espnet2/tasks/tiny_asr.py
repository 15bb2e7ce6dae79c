"""Experiment folders of tiny random models, as a training leaves them."""

from pathlib import Path

import numpy as np
import torch

from espnet2.config.yaml import dump_yaml
from espnet2.tasks.asr import ASRTask
from espnet2.tasks.lm import LMTask

TOKENS = ["<blank>", "<unk>", "<space>", *"abcd", "<sos/eos>"]
SIZES = {"attention_heads": 2, "linear_units": 8, "num_blocks": 2, "dropout_rate": 0.0}
ASR = {
    "token_list": TOKENS,
    "token_type": "char",
    "frontend_conf": {"n_fft": 128, "hop_length": 64, "n_mels": 20},
    "encoder": "transformer",
    "encoder_conf": {"output_size": 8, "positional_dropout_rate": 0.0, **SIZES},
    "decoder": "transformer",
    "decoder_conf": {"positional_dropout_rate": 0.0, **SIZES},
}
LM = {"token_list": TOKENS, "token_type": "char", "lm": "seq_rnn", "lm_conf": {"unit": 6, "nlayers": 1}}


def write_config(folder: Path, config: dict, **changes) -> Path:
    """``config.yaml`` in a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    dump_yaml({**config, **changes}, folder / "config.yaml")
    return folder / "config.yaml"


def write_experiment(folder: Path, config: dict = ASR, seed: int = 0, **changes) -> torch.nn.Module:
    """``config.yaml`` and random weights in ``valid.acc.ave.pth``; the model."""
    path = write_config(folder, config, **changes)
    torch.manual_seed(seed)
    model, _ = (LMTask if "lm" in config else ASRTask).build_model_from_file(path)
    torch.save(model.state_dict(), folder / "valid.acc.ave.pth")
    return model


def write_stats(path: Path, size: int = 20) -> Path:
    """Statistics for ``global_mvn``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    np.savez(path, count=np.int64(9), sum=rng.standard_normal(size), sum_square=rng.random(size) * 9 + 9)
    return path


def batch(seed: int = 0) -> dict[str, torch.Tensor]:
    """Two utterances with text."""
    rng = torch.Generator().manual_seed(seed)
    return {
        "speech": torch.randn(2, 4000, generator=rng),
        "speech_lengths": torch.tensor([4000, 3000]),
        "text": torch.tensor([[3, 4, 5], [6, 3, -1]]),
        "text_lengths": torch.tensor([3, 2]),
    }


def same(model: torch.nn.Module, state: dict) -> bool:
    """Whether a model has exactly these weights."""
    own = model.state_dict()
    return own.keys() == state.keys() and all(torch.equal(own[name], value) for name, value in state.items())
