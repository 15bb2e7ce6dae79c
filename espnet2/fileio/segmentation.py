"""Where a long recording holds speech, and where it is best cut.

Speech is what stands out of the noise. The floor of the noise and the height of the speech are quantiles of the frames'
levels in a window that slides, so that both follow the recording; the threshold lies between them. What is nearly as loud
as the loudest of the whole recording is speech in any case: half a minute without a pause must not be taken for noise.
Short bursts are dropped, and what is left is widened, so that weak beginnings and ends of words stay inside. A short pause
in which two segments meet is shared by them; nothing of it is lost.

Sources: Stahl, Fischer, Bippus, "Quantile based noise estimation for spectral subtraction and Wiener filtering", 2000,
https://doi.org/10.1109/ICASSP.2000.862122 (the floor); Marzinzik, Kollmeier, "Speech pause detection for noise spectrum
estimation by tracking power envelope dynamics", 2002, https://doi.org/10.1109/89.985548 (the threshold as a part of the
range between floor and peak).
"""

# N samples, T frames

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from espnet2.fileio.recording import Recording, Span
from espnet2.utils.errors import InputError

FRAMES_PER_SECOND = 100
SMOOTHED_FRAMES = 5
LOWEST_LEVEL = -100.0  # dB of full scale; digital silence
SILENCE = -85.0  # what 16-bit samples hold as rounding noise is below
WINDOW_SECONDS = 15  # to each side
FLOOR_PERCENT = 5
MARGIN = 8.0  # dB that speech is above the floor at least
RANGE_PART = 0.25  # of the way from floor to peak
LOUD_RANGE = 20.0  # dB below the recording's loudest that is speech in any case
WHOLE_PERCENTS = (1.0, 99.9)  # floor and peak of the whole recording
BURST_FRAMES = 8
HANGOVER_FRAMES = 10
SHORTEST_PAUSE = 10  # beside the hangover
PADDING_FRAMES = 20  # of pause that a segment has at each end, if there is as much


@dataclass(frozen=True)
class SegmentLimits:
    """What is cut, and how long segments and pauses are.

    Attributes:
        long_seconds: Only what is longer is cut; 0: nothing.
        segment_seconds: No segment is longer.
        overlap_seconds: What two segments share where speech without a pause had to be cut.
        pause_seconds: A pause as long always separates segments.
    Raises:
        InputError: If they contradict one another.
    """

    long_seconds: float = 30.0
    segment_seconds: float = 20.0
    overlap_seconds: float = 2.0
    pause_seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.segment_seconds < 1:
            raise InputError(f"segment_seconds {self.segment_seconds}: a segment needs a second at least.")
        if not 0 <= self.overlap_seconds <= self.segment_seconds / 4:
            raise InputError(
                f"overlap_seconds {self.overlap_seconds}: more than a quarter of segment_seconds "
                f"({self.segment_seconds}), or below 0."
            )

    def is_long(self, recording: Recording) -> bool:
        """Whether a recording is to be cut."""
        return 0 < self.long_seconds * recording.sample_rate < recording.num_samples


def segment(recording: Recording, limits: SegmentLimits) -> list[Span]:
    """The spans of a recording that hold its speech, in samples.

    Args:
        recording: Is gone through once.
        limits: How long they may be.
    """
    hop = _hop(recording.sample_rate)
    levels = frame_levels(recording.blocks(), recording.sample_rate)
    spans = plan_segments(levels, speech_frames(levels), limits)
    return [(start * hop, end * hop) for start, end in spans]


def _hop(sample_rate: int) -> int:
    return max(1, round(sample_rate / FRAMES_PER_SECOND))


def frame_levels(blocks: Iterable[np.ndarray], sample_rate: int) -> np.ndarray:
    """The level of each hundredth of a second in dB of full scale, without the constant part, a little smoothed.

    Args:
        blocks: The samples, (N,) at a time.
        sample_rate: Theirs.

    Shapes:
        -> (T,)
    """
    hop = _hop(sample_rate)
    powers = [frames.var(1) for frames in _frames(blocks, hop)]
    power = np.concatenate([*powers, np.zeros(0, np.float32)])
    if len(power) > SMOOTHED_FRAMES:
        power = np.convolve(power, np.full(SMOOTHED_FRAMES, 1 / SMOOTHED_FRAMES), "same")
    return 10 * np.log10(np.maximum(power, 10 ** (LOWEST_LEVEL / 10)))


def _frames(blocks: Iterable[np.ndarray], hop: int) -> Iterator[np.ndarray]:
    """The samples as (T, hop); at the end one shorter frame, if samples are left."""
    rest = np.zeros(0, np.float32)
    for block in blocks:
        joined = np.concatenate([rest, block])
        whole = len(joined) // hop * hop
        yield joined[:whole].reshape(-1, hop)
        rest = joined[whole:]
    if len(rest):
        yield rest.reshape(1, -1)


def speech_frames(levels: np.ndarray) -> np.ndarray:
    """Which frames hold speech, those around it included.

    Shapes:
        levels (T,) -> (T,) bool
    """
    is_speech = np.zeros(len(levels), bool)
    if not len(levels):
        return is_speech
    floor, peak = _floor_and_peak(levels)
    lowest, highest = np.percentile(levels, WHOLE_PERCENTS)
    threshold = floor + np.maximum(MARGIN, RANGE_PART * (peak - floor))
    threshold = np.minimum(threshold, max(highest - LOUD_RANGE, lowest + MARGIN))
    for start, end in runs_of(levels > np.maximum(threshold, SILENCE)):
        if end - start >= BURST_FRAMES:
            is_speech[max(start - HANGOVER_FRAMES, 0) : end + HANGOVER_FRAMES] = True
    return is_speech


def _floor_and_peak(levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The noise's and the speech's level around each frame, found once a second: (T,), (T,)."""
    reach = WINDOW_SECONDS * FRAMES_PER_SECOND
    centers = np.arange(0, len(levels), FRAMES_PER_SECOND)
    windows = [levels[max(center - reach, 0) : center + reach] for center in centers]
    floors = [np.percentile(window, FLOOR_PERCENT) for window in windows]
    peaks = [window.max() for window in windows]
    frames = np.arange(len(levels))
    return np.interp(frames, centers, floors), np.interp(frames, centers, peaks)


def runs_of(mask: np.ndarray) -> list[tuple[int, int]]:
    """Where runs of True begin, and the place after their ends: (T,) bool."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def plan_segments(levels: np.ndarray, is_speech: np.ndarray, limits: SegmentLimits) -> list[tuple[int, int]]:
    """First frame of each segment, and the one after its last.

    Args:
        levels: The frames' levels in dB.
        is_speech: Which of them hold speech.
        limits: How long segments may be.

    Shapes:
        levels (T,), is_speech (T,)
    """
    longest = round(limits.segment_seconds * FRAMES_PER_SECOND) - 2 * PADDING_FRAMES
    overlap = round(limits.overlap_seconds * FRAMES_PER_SECOND)
    segments: list[tuple[int, int]] = []
    for runs in _stretches(runs_of(is_speech), round(limits.pause_seconds * FRAMES_PER_SECOND)):
        segments += _cut_stretch(levels, runs, longest, overlap)
    return _padded(segments, len(levels))


def _stretches(runs: Sequence[tuple[int, int]], pause: int) -> list[list[tuple[int, int]]]:
    """Runs of speech, those together that no long pause separates."""
    stretches: list[list[tuple[int, int]]] = []
    for run in runs:
        if stretches and run[0] - stretches[-1][-1][1] < pause:
            stretches[-1].append(run)
        else:
            stretches.append([run])
    return stretches


def _cut_stretch(
    levels: np.ndarray, runs: Sequence[tuple[int, int]], longest: int, overlap: int
) -> Iterator[tuple[int, int]]:
    """Cut in the longest pauses (the quietest of those), or where there are none at the quietest place, with overlap."""
    gaps = [(left[1], right[0]) for left, right in zip(runs, runs[1:])]
    pauses = [gap for gap in gaps if gap[1] - gap[0] >= SHORTEST_PAUSE]
    start, end = runs[0][0], runs[-1][1]
    while end - start > longest:
        margin = min(longest // 2, (end - start) // 4)  # leaves no crumbs
        latest = min(start + longest, end - margin)
        inside = [pause for pause in pauses if start < pause[0] <= latest]
        late = [pause for pause in inside if pause[0] >= start + margin]
        if inside:
            pause = max(late or inside, key=lambda p: (p[1] - p[0], -float(levels[p[0] : p[1]].mean())))
            yield start, pause[0]
            start = pause[1]
        else:
            first = start + margin
            cut = first + int(levels[first : min(latest, start + longest - overlap // 2)].argmin())
            yield start, cut + overlap // 2
            start = cut - overlap // 2
    yield start, end


def _padded(segments: Sequence[tuple[int, int]], num_frames: int) -> list[tuple[int, int]]:
    """Segments with a little of the pauses around them, of a short one the half."""
    ends = [-num_frames, *(end for _, end in segments)]
    starts = [*(start for start, _ in segments), 2 * num_frames]
    shares = [min(max(start - end, 0) // 2, PADDING_FRAMES) for end, start in zip(ends, starts)]
    return [
        (max(start - before, 0), min(end + after, num_frames))
        for (start, end), before, after in zip(segments, shares, shares[1:])
    ]
