"""What a stream keeps is bounded, and goes with it."""

import gc
import resource
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch

from test.espnet2.inference.streaming_models import CUTS, FRAME_SAMPLES, load, noise


def test_a_dropped_stream_is_freed_at_once(recogniser):
    gc.disable()
    try:
        stream = recogniser.open_stream()
        stream.feed(noise(2.0))
        inner = [weakref.ref(stream), weakref.ref(stream._utterance), weakref.ref(stream._queue)]
        del stream
        assert [reference() for reference in inner] == [None] * 3
    finally:
        gc.enable()


@pytest.mark.slow
def test_dropped_streams_leave_no_memory(recogniser):
    def megabytes():
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6

    samples, sizes = noise(2.0), []
    for _ in range(40):
        recogniser.open_stream().feed(samples)
        sizes.append(megabytes())
    assert sizes[-1] - sizes[9] < 5


def held_samples(stream):
    """How much a stream keeps of its speech: samples and frames."""
    queue, utterance = stream._queue, stream._utterance
    return len(queue._samples) + sum(map(len, queue._arrived)), sum(map(len, utterance._clock._log_probs))


def test_silence_grows_nothing(models):
    recogniser = load(models["contextual_block_conformer"], decoding_mode="ctc_greedy", word_times=True, **CUTS)
    with torch.no_grad():
        recogniser.asr_model.ctc.ctc_lo.bias[0] += 50
    stream, chunk = recogniser.open_stream(), np.zeros(10240, np.float32)
    most = []
    for _ in range(60):
        assert stream.feed(chunk) == []
        most.append(held_samples(stream))
    assert max(samples for samples, _ in most[30:]) <= max(samples for samples, _ in most[:30])
    assert max(samples for samples, _ in most) < 3 * 10240
    assert max(frames for _, frames in most) < 60
    assert stream._history == [] and stream._utterance.start_sample > 50 * 10240
    assert stream.finish()[0][:3] == ("", [], [])


def held_bytes(part):
    """The memory of the numbers that a stream keeps, apart from the recogniser's; the text is no number, it may grow."""
    storages = {}

    def visit(part):
        if isinstance(part, torch.Tensor) and part.is_floating_point():
            storages[part.untyped_storage().data_ptr()] = part.untyped_storage().nbytes()
        elif isinstance(part, dict):
            visit([value for name, value in part.items() if name != "recognition"])
        elif isinstance(part, list | tuple):
            for item in part:
                visit(item)
        elif hasattr(part, "__dict__"):
            visit(vars(part))

    visit(part)
    return sum(storages.values())


@pytest.mark.parametrize(
    "limits",
    [
        {"max_utterance_seconds": 1.5},
        {"max_utterance_seconds": 0.0, "decoder_text_length_limit": 6, "encoded_feat_length_limit": 60},
    ],
    ids=["cut", "window"],
)
def test_endless_speech_grows_nothing(models, limits):
    recogniser = load(
        models["contextual_block_conformer"], word_times=True, keep_history=False, silence_probability=1.0, **limits
    )
    stream, sizes = recogniser.open_stream(), []
    speech = noise(6.0, 11)
    for start in range(0, len(speech), 12 * FRAME_SAMPLES):
        stream.feed(speech[start : start + 12 * FRAME_SAMPLES])
        sizes.append(held_bytes(stream))
    half = len(sizes) // 2
    assert max(sizes[half:]) <= 1.1 * max(sizes[:half])
