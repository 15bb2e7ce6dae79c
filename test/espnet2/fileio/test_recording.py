"""Recordings in blocks: the same samples as in one piece, and what is damaged is told."""

import numpy as np
import pytest
import soundfile

from espnet2.fileio.audio import read_audio
from espnet2.fileio.recording import TO_THE_END, ArrayRecording, FileRecording, cut_blocks
from espnet2.fileio.signal import resample
from espnet2.utils.errors import EmptyAudioError, InputError
from test.shared import SHARED, needs_shared

DIRTY = SHARED / "data" / "dirty"


@pytest.mark.parametrize("rate, channels", [(16000, 1), (8000, 1), (44100, 2)])
def test_blocks_are_the_file(tmp_path, rate, channels):
    samples = 0.1 * np.random.default_rng(0).standard_normal((11 * rate + 17, channels)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, rate, subtype="FLOAT")
    recording = FileRecording(str(tmp_path / "a.wav"), 16000)
    for _ in range(2):  # as often as one likes
        found = np.concatenate(list(recording.blocks()))
        np.testing.assert_allclose(found, resample(samples.mean(1), rate, 16000), atol=2e-6)
    assert recording.num_samples == len(found)


@pytest.mark.parametrize("block", [1, 7, 100, 5000])
def test_pieces_of_a_stream_are_those_of_the_whole(block):
    samples = np.arange(2000, dtype=np.float32)
    spans = [(0, 30), (30, 90), (80, 400), (1500, 1600), (1550, 1990), (1995, TO_THE_END)]
    pieces = cut_blocks((samples[start : start + block] for start in range(0, 2000, block)), spans)
    for piece, whole in zip(pieces, ArrayRecording(samples, 100).cut(spans), strict=True):
        np.testing.assert_array_equal(piece, whole)
    np.testing.assert_array_equal(np.concatenate(list(ArrayRecording(samples, 100).blocks())), samples)
    assert next(ArrayRecording(samples, 100).cut(spans)).base is samples


def test_channels_of_an_array_are_kept_in_pieces_and_averaged_in_blocks():
    recording = ArrayRecording(np.stack([np.zeros(9), np.ones(9)], 1), 1)
    assert next(recording.cut([(2, 5)])).shape == (3, 2)
    np.testing.assert_array_equal(next(recording.blocks()), np.full(4, 0.5))


@needs_shared
def test_every_damaged_file_is_refused_and_every_good_one_read():
    for line in (DIRTY / "expected.tsv").read_text().splitlines()[1:]:
        name, expected = line.split("\t")
        if name.endswith(".raw"):
            continue
        try:
            whole, rate = read_audio(str(DIRTY / name))
        except InputError as error:
            assert not expected.startswith("ok"), name
            with pytest.raises(type(error), match=name):
                list(FileRecording(str(DIRTY / name), 16000).blocks())
            continue
        whole = resample(whole.reshape(len(whole), -1).mean(1), rate, 16000)
        recording = FileRecording(str(DIRTY / name), 16000)
        np.testing.assert_allclose(np.concatenate(list(recording.blocks())), whole, atol=1e-5, err_msg=name)


@needs_shared
def test_a_lost_end_is_told_at_once():
    for name in ("truncated.flac", "truncated.wav"):
        with pytest.raises(InputError, match=name):
            FileRecording(str(DIRTY / name), 16000)
    with pytest.raises(EmptyAudioError, match="no samples"):
        FileRecording(str(DIRTY / "zero_samples.wav"), 16000)
