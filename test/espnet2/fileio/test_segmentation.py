"""Where speech is: on real speech with known pauses, and on levels made for the purpose."""

import numpy as np
import pytest

from espnet2.fileio.recording import ArrayRecording, FileRecording
from espnet2.fileio.segmentation import (
    PADDING_FRAMES,
    SegmentLimits,
    frame_levels,
    plan_segments,
    runs_of,
    segment,
    speech_frames,
)
from espnet2.utils.errors import InputError
from test.shared import SHARED, needs_shared

LONGFORM = SHARED / "data" / "longform"
RATE = 16000


def noise(seconds, level, seed=0):
    return 10 ** (level / 20) * np.random.default_rng(seed).standard_normal(round(seconds * RATE)).astype(np.float32)


@pytest.fixture(scope="module")
def longform():
    recording = FileRecording(str(LONGFORM / "wav" / "3080-5032.flac"), RATE)
    samples = np.concatenate(list(recording.blocks()))
    levels = frame_levels([samples], RATE)
    return recording, samples, levels


@needs_shared
@pytest.mark.parametrize("seconds, smallest", [(20, 5), (8, 10)])
def test_real_speech_is_cut_in_pauses(longform, seconds, smallest):
    recording, samples, levels = longform
    spans = segment(recording, SegmentLimits(segment_seconds=seconds))
    assert len(spans) >= smallest
    assert all(0 < end - start <= seconds * RATE for start, end in spans)
    assert all(end <= start for (_, end), (start, _) in zip(spans, spans[1:]))  # this reader pauses often enough
    speech = np.percentile(levels, 50)
    edges = [edge * 100 // RATE for span in spans for edge in span]
    assert max(levels[min(edge, len(levels) - 1)] for edge in edges) < speech - 6


@needs_shared
def test_no_speech_is_lost(longform):
    recording, samples, _ = longform
    outside = np.ones(len(samples), bool)
    for start, end in segment(recording, SegmentLimits(segment_seconds=10)):
        outside[start:end] = False
    assert (samples[outside] ** 2).sum() < 1e-5 * (samples**2).sum()
    lines = (LONGFORM / "data" / "segments").read_text().splitlines()
    assert len(lines) == 10
    with_noise = samples + noise(len(samples) / RATE, -40)
    spans = segment(ArrayRecording(with_noise, RATE), SegmentLimits(segment_seconds=10))
    outside[:] = True
    for start, end in spans:
        outside[start:end] = False
    assert (samples[outside] ** 2).sum() < 1e-2 * (samples**2).sum()


@pytest.mark.parametrize("level", [-300, -96, -60, -20])
def test_noise_alone_is_no_speech(level):
    assert segment(ArrayRecording(noise(40, level), RATE), SegmentLimits()) == []


def test_short_sounds_in_long_silence_are_found_and_clicks_are_not():
    samples = noise(120, -60)
    for start in (20, 70, 100.0):
        first = round(start * RATE)
        samples[first : first + RATE // 3] += noise(1 / 3, -25, seed=1)
    samples[50 * RATE : 50 * RATE + 100] += 0.5
    spans = segment(ArrayRecording(samples, RATE), SegmentLimits())
    assert len(spans) == 3
    for (start, end), center in zip(spans, (20, 70, 100)):
        assert center - 0.4 < start / RATE < center and center + 0.3 < end / RATE < center + 0.8


def test_a_floor_that_rises_is_followed():
    samples = np.concatenate([noise(60, -70), noise(60, -45, seed=2)])
    for start in (30, 90):
        samples[start * RATE : start * RATE + RATE] += noise(1, -20, seed=3)
    spans = segment(ArrayRecording(samples, RATE), SegmentLimits())
    covered = sum(end - start for start, end in spans) / RATE
    assert any(start < 30.5 * RATE < end for start, end in spans)
    assert any(start < 90.5 * RATE < end for start, end in spans)
    assert covered < 25  # the step itself may be taken for speech


def test_levels_do_not_depend_on_blocks_or_a_constant():
    samples = noise(3.005, -30)
    whole = frame_levels([samples], RATE)
    assert len(whole) == 301
    blocks = [samples[start : start + 777] + 0.25 for start in range(0, len(samples), 777)]
    np.testing.assert_allclose(frame_levels(blocks, RATE), whole, atol=1e-3)
    np.testing.assert_allclose(whole[5:-5], -30, atol=2)
    assert len(frame_levels([], RATE)) == len(speech_frames(np.zeros(0))) == 0


def test_plan_prefers_the_longest_pause_and_overlaps_without_one():
    limits = SegmentLimits(segment_seconds=20, overlap_seconds=2, pause_seconds=1)
    is_speech = np.ones(5000, bool)
    levels = np.zeros(5000)
    is_speech[1200:1220] = is_speech[1500:1540] = is_speech[1700:1705] = False
    levels[4000:4010] = -10  # the quietest place of the rest, which has no pause
    plan = plan_segments(levels, is_speech, limits)
    assert plan[0] == (0, 1520)
    assert plan[1][0] == 1520 and plan[-1][1] == 5000
    assert all(end - start <= 2000 for start, end in plan)
    overlaps = [left[1] - right[0] for left, right in zip(plan, plan[1:])]
    assert overlaps[0] == 0 and set(overlaps[1:]) == {200}
    is_speech[2000:2100] = False  # as long as pauses that always separate
    assert plan_segments(levels, is_speech, limits)[1:3][0][1] == 2000 + PADDING_FRAMES


@pytest.mark.parametrize("seed", range(20))
def test_every_plan_covers_the_speech_in_order_and_within_the_limit(seed):
    random = np.random.default_rng(seed)
    is_speech = np.repeat(random.random(60) < 0.9, random.integers(1, 300, 60))
    limits = SegmentLimits(segment_seconds=float(random.uniform(1, 20)), overlap_seconds=0.25)
    plan = plan_segments(random.standard_normal(len(is_speech)), is_speech, limits)
    covered = np.zeros(len(is_speech), bool)
    for start, end in plan:
        assert 0 <= start < end <= len(is_speech)
        assert end - start <= round(limits.segment_seconds * 100)
        covered[start:end] = True
    gaps = [end - start for start, end in runs_of(is_speech & ~covered)]
    assert gaps == []
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in zip(plan, plan[1:]))


def test_limits_that_contradict_are_refused():
    for wrong in ({"segment_seconds": 0.5}, {"overlap_seconds": 6}, {"overlap_seconds": -1}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            SegmentLimits(**wrong)
