"""Tiny random recognisers that stream, and noise for them that comes and goes."""

from pathlib import Path

import numpy as np
import torch

from espnet2.inference.speech2text_streaming import Speech2TextStreaming
from test.espnet2.tasks.tiny_asr import ASR, SIZES, write_experiment, write_stats

RATE = 16000
BLOCKS = {"block_size": 16, "hop_size": 6, "look_ahead": 6}
FRAME_SAMPLES = 4 * 64
CUTS = {"endpoint": True, "silence_seconds": 0.1, "empty_silence_seconds": 0.5, "silence_probability": 0.3}
ENCODERS = {
    "contextual_block_transformer": {"output_size": 8, "positional_dropout_rate": 0.0, **BLOCKS, **SIZES},
    "contextual_block_conformer": {
        "output_size": 8, "positional_dropout_rate": 0.0, "cnn_module_kernel": 5, **BLOCKS, **SIZES
    },
    "conformer": {
        "output_size": 8, "positional_dropout_rate": 0.0, "cnn_module_kernel": 5, "rel_pos_type": "latest",
        "dynamic_chunk_training": True, **SIZES,
    },
}  # fmt: skip


def write_streaming(folder: Path, encoder: str = "contextual_block_conformer", **changes) -> Path:
    """An experiment folder; the CTC head is sharpened, so that texts change with the noise."""
    stats = write_stats(folder.parent / "stats.npz")
    settings = {
        "encoder": encoder,
        "encoder_conf": ENCODERS[encoder],
        "normalize": "global_mvn",
        "normalize_conf": {"stats_file": str(stats)},
    }
    model = write_experiment(folder, ASR, **{**settings, **changes})
    if model.ctc is not None:
        with torch.no_grad():
            model.ctc.ctc_lo.weight.mul_(4.0)
            model.ctc.ctc_lo.bias[0] += 0.3
    torch.save(model.state_dict(), folder / "valid.acc.ave.pth")
    return folder


def load(folder: Path, **options) -> Speech2TextStreaming:
    """The recogniser of an experiment folder, with a small beam."""
    return Speech2TextStreaming.from_pretrained(folder, **{"beam_size": 3, "maxlenratio": 0.3, **options})


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    """Bursts and pauses of a tenth of a second (N,)."""
    random = np.random.default_rng(seed)
    num_samples = round(seconds * RATE)
    is_loud = np.repeat(random.random(num_samples // 1600 + 1) > 0.5, 1600)[:num_samples]
    return (0.1 * random.standard_normal(num_samples) * is_loud).astype(np.float32)


def feed_in_chunks(stream, samples, sizes):
    """The events of a stream that is fed in chunks of the given sizes, over and over, and ended."""
    events, position, number = [], 0, 0
    while position < len(samples):
        size = sizes[number % len(sizes)]
        events += stream.feed(samples[position : position + size])
        position, number = position + size, number + 1
    return events + stream.end()
