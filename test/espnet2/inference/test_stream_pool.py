"""Streams that go together give what they give alone."""

import gc

import numpy as np
import pytest

from espnet2.inference.speech2text_streaming import Speech2TextStreaming
from espnet2.inference.stream_pool import StreamPool
from espnet2.utils.errors import InputError
from test.espnet2.inference.streaming_models import FRAME_SAMPLES, feed_in_chunks, noise, write_streaming


@pytest.fixture(scope="module", params=["contextual_block_conformer", "conformer"])
def recogniser(request, tmp_path_factory):
    folder = write_streaming(tmp_path_factory.mktemp("pool") / "model", request.param)
    cuts = {"endpoint": True, "silence_seconds": 0.2, "empty_silence_seconds": 1.0, "silence_probability": 0.3}
    return Speech2TextStreaming.from_pretrained(folder, decoding_mode="ctc_greedy", word_times=True, **cuts)


def alone(recogniser, samples):
    stream = recogniser.open_stream()
    events = feed_in_chunks(stream, samples, [len(samples) or 1])
    return [(event.kind, event.tokens, event.start_seconds) for event in events], [r[2] for r in stream.finish()]


def test_a_batch_of_streams_equals_single_streams(recogniser):
    random = np.random.default_rng(0)
    waves = [noise(random.uniform(1.0, 5.0), seed) for seed in range(5)] + [noise(0.0), noise(0.01)]
    wanted = [alone(recogniser, wave) for wave in waves]
    pool = StreamPool(recogniser)
    streams = [pool.open() for _ in waves]
    events = {id(stream): [] for stream in streams}
    positions = [0] * len(waves)
    while any(position < len(wave) for position, wave in zip(positions, waves)):
        for number, wave in enumerate(waves):
            size = int(random.integers(0, 12000))
            pool.feed(streams[number], wave[positions[number] : positions[number] + size])
            positions[number] += size
        for stream, event in pool.step():
            events[id(stream)].append(event)
    for stream, event in pool.run():
        events[id(stream)].append(event)
    results = pool.finish(*streams)
    for stream, nbest, (told, ids) in zip(streams, results, wanted):
        found = events[id(stream)] + stream.pop_events()
        assert [(event.kind, event.tokens, event.start_seconds) for event in found] == told
        assert [result[2] for result in nbest] == ids
    assert len(pool) == 0 and pool.step() == []


def test_a_step_is_one_batch(recogniser, monkeypatch):
    from espnet2.inference import stream as module

    batches = []
    encode = module.encode_stream
    monkeypatch.setattr(
        module, "encode_stream", lambda model, samples, *rest: batches.append(len(samples)) or encode(model, samples, *rest)
    )
    pool = StreamPool(recogniser)
    streams = [pool.open() for _ in range(3)]
    for stream, num_frames in zip(streams, (1, 0.5, 40)):
        pool.feed(stream, np.zeros(int(num_frames * FRAME_SAMPLES)))
    pool.step()
    assert batches == [2]
    pool.step()
    assert batches == [2, 1]


def test_dropped_streams_are_forgotten(recogniser):
    pool = StreamPool(recogniser)
    kept, dropped = pool.open(), pool.open()
    assert len(pool) == 2
    gc.disable()
    try:
        pool.feed(dropped, noise(1.0))
        del dropped
        assert len(pool) == 1
    finally:
        gc.enable()
    pool.finish(kept)
    with pytest.raises(InputError, match="finished"):
        pool.feed(kept, noise(1.0))
