"""Long recordings in pieces: nothing is lost, nothing is doubled, and little is held in memory."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from espnet2.fileio.recording import ArrayRecording
from espnet2.fileio.segmentation import SegmentLimits
from espnet2.inference.long_audio import recognise_long, transcribe_long
from espnet2.inference.stitch import Segment, spread_words, stitch
from espnet2.search.hypothesis import Word
from test.espnet2.inference.spoken import RATE, Hearing, spoken


def texts(words):
    return [word.word for word in words]


@pytest.fixture(scope="module")
def recording():
    return spoken(300)


@pytest.mark.parametrize("token_type", ["char", "word"])
def test_stitched_words_are_exactly_those_spoken(recording, token_type):
    samples, words = recording
    hearing = Hearing(samples, words, token_type)
    found = transcribe_long(hearing, ArrayRecording(samples, RATE), batch_size=4)
    assert hearing.num_misheard > 3  # at the edges of pieces; none is left
    assert found.text == " ".join(texts(words))
    assert found.tokens == hearing.tokenizer.text2tokens(found.text)
    assert found.token_int == hearing.converter.tokens2ids(found.tokens)
    assert texts(found.words) == texts(words)
    np.testing.assert_allclose([w.start_seconds for w in found.words], [w.start_seconds for w in words], atol=1e-9)
    np.testing.assert_allclose([w.end_seconds for w in found.words], [w.end_seconds for w in words], atol=1e-9)
    assert " ".join(part.text for part in found.segments if part.text) == found.text
    assert [w for part in found.segments for w in part.words] == found.words
    assert max(length for batch in hearing.batches for length in batch) <= 20 * RATE
    assert max(map(len, hearing.batches)) == 4
    cuts = [left.end_seconds == right.start_seconds for left, right in zip(found.segments, found.segments[1:])]
    assert sum(cuts) >= 3  # a quarter of the recording has no pause


@pytest.mark.parametrize("seed", range(5))
def test_words_are_stitched_though_their_times_are_inexact(seed):
    samples, words = spoken(120, seed, pause_part=0.0)
    found = transcribe_long(Hearing(samples, words, jitter_seconds=0.08), ArrayRecording(samples, RATE))
    assert len(found.segments) > 5
    assert found.text == " ".join(texts(words))


@pytest.mark.parametrize("token_type", ["char", "word"])
def test_without_times_pieces_meet_in_common_tokens(recording, token_type):
    samples, words = recording
    hearing = Hearing(samples, words, token_type, tells_words=False)
    found = transcribe_long(hearing, ArrayRecording(samples, RATE), batch_size=2)
    assert found.words is None
    assert found.text == " ".join(texts(words))


def part(start, end, text, words=None):
    return Segment(start, end, text, text.split(), [1] * len(text.split()), words)


def test_pieces_that_have_nothing_in_common_are_kept_whole():
    left, right = stitch([part(0, 10, "a b c d"), part(8, 18, "w x y z")], " ".join)
    assert (left.text, right.text) == ("a b c d", "w x y z")
    left, right = stitch([part(0, 10, "a b c d e f g h"), part(8, 18, "? f g h i j k l")], " ".join)
    assert f"{left.text} {right.text}" == "a b c d e f g h i j k l"
    assert left.token_int == [1] * len(left.tokens)


def test_a_word_on_the_cut_is_taken_once():
    left_words = [Word("a", 7.0, 7.5, 1), Word("b", 8.8, 9.1, 1)]  # middle 8.95: stays left
    for start in (8.7, 8.95):  # middle before or behind the cut in the other piece
        right_words = [Word("b", start, start + 0.3, 1), Word("c", 9.5, 9.9, 1)]
        left, right = stitch([part(0, 10, "a b", left_words), part(8, 18, "b c", right_words)], " ".join)
        assert (left.text, right.text) == ("a b", "c")
        late = [Word("a", 7.0, 7.5, 1), Word("b", 8.9, 9.2, 1)]  # middle 9.05: would go
        left, right = stitch([part(0, 10, "a b", late), part(8, 18, "b c", right_words)], " ".join)
        assert f"{left.text} {right.text}" == "a b c"
        assert (left.end_seconds, right.start_seconds) == (9, 9)
        assert texts([*left.words, *right.words]) == ["a", "b", "c"]


def test_words_without_times_share_the_segment():
    assert spread_words(part(2, 4, "abc d")) == [Word("abc", 2.0, 3.5, 0.0), Word("d", 3.5, 4.0, 0.0)]
    assert spread_words(part(2, 4, "")) == []


def test_what_speech2text_answers(recording):
    samples, words = recording
    hearing = Hearing(samples, words)
    text, tokens, token_int, hypothesis = recognise_long(hearing, samples, RATE)[0]
    assert text == " ".join(texts(words)) == hearing.tokenizer.tokens2text(tokens)
    assert hypothesis.tokens == token_int
    assert texts(hypothesis.words) == texts(words)
    assert hypothesis.score == hypothesis.scores["ctc"] / 2 < -len(token_int)  # what two pieces share counts twice
    again = recognise_long(hearing, torch.from_numpy(samples), RATE, SegmentLimits(segment_seconds=10), 3)
    assert again[0][:3] == (text, tokens, token_int)
    with_layers = recognise_long(
        hearing, samples, RATE, recognise=lambda some: [(r, {3: ["x"]}) for r in hearing(some)]
    )
    assert with_layers[0][0][0] == text
    assert set(with_layers[1][3]) == {"x"}


def test_silence_is_empty():
    samples = np.zeros(60 * RATE, np.float32)
    hearing = Hearing(samples, [])
    [(text, tokens, token_int, hypothesis)] = recognise_long(hearing, samples, RATE)
    assert (text, tokens, token_int, hypothesis.tokens, hypothesis.words) == ("", [], [], [], [])
    assert hearing.batches == []


MEMORY = """
import resource, sys
import numpy as np, soundfile, torch
from espnet2.fileio.recording import FileRecording
from espnet2.inference.long_audio import transcribe_long
from test.espnet2.inference.spoken import Hearing

hearing = Hearing(np.zeros(1, np.float32), [])
heard = []
def recognise(pieces):
    heard.extend(len(piece) for piece in pieces)
    return [hearing.hear(hearing.samples) for piece in pieces]
recording = FileRecording(sys.argv[1], 16000)
next(recording.blocks())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
transcribe_long(hearing, recording, batch_size=8, recognise=recognise)
print(sum(heard) / 16000, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.slow
def test_half_an_hour_needs_little_memory(tmp_path):
    import soundfile

    random = np.random.default_rng(0)
    with soundfile.SoundFile(tmp_path / "long.flac", "w", 44100, 2) as file:
        for _ in range(30 * 60 // 5):
            loud = np.repeat(random.random(50) < 0.9, 4410)[:, None]
            file.write((0.001 + 0.2 * loud) * random.standard_normal((len(loud), 2)))
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, tmp_path / "long.flac"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])},
    )
    seconds, megabytes = map(float, done.stdout.split())
    assert seconds > 25 * 60
    assert megabytes < 60  # as float32 at 16 kHz it would be 115
