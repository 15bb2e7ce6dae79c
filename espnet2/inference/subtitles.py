"""Words with times to subtitles, SubRip (``.srt``) or WebVTT (``.vtt``, https://www.w3.org/TR/webvtt1).

The limits are those of broadcasting: two lines of 42 characters, seven seconds at most and one at least (Netflix, "Timed
text style guide", https://partnerhelp.netflixstudios.com/hc/en-us/articles/215758617).
"""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from espnet2.search.hypothesis import Word

LINE_CHARACTERS = 42
LINES = 2
LONGEST_SECONDS = 7.0
SHORTEST_SECONDS = 1.0
PAUSE_SECONDS = 1.0  # a silence as long ends a subtitle


@dataclass(frozen=True)
class Cue:
    """A subtitle.

    Attributes:
        start_seconds: When it appears.
        end_seconds: When it goes.
        lines: What it says.
    """

    start_seconds: float
    end_seconds: float
    lines: list[str]


def cues(words: Sequence[Word]) -> list[Cue]:
    """Words as subtitles; one that is too short to be read stays, if it can, until the next begins.

    Args:
        words: In the order of time.
    """
    groups = list(_groups(words))
    next_starts = [group[0].start_seconds for group in groups[1:]] + [float("inf")]
    found = []
    for group, next_start in zip(groups, next_starts):
        start, end = group[0].start_seconds, group[-1].end_seconds
        end = max(end, min(start + SHORTEST_SECONDS, next_start))
        found.append(Cue(start, end, _lines(group)))
    return found


def _groups(words: Sequence[Word]) -> Iterator[list[Word]]:
    """The words of each subtitle."""
    group: list[Word] = []
    for word in words:
        if group and not _fits(group, word):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _fits(group: Sequence[Word], word: Word) -> bool:
    """Whether a subtitle has room and time for one more word."""
    return (
        word.start_seconds - group[-1].end_seconds < PAUSE_SECONDS
        and word.end_seconds - group[0].start_seconds <= LONGEST_SECONDS
        and len(_lines([*group, word])) <= LINES
    )


def _lines(words: Sequence[Word]) -> list[str]:
    text = " ".join(word.word for word in words)
    return textwrap.wrap(text, LINE_CHARACTERS, break_long_words=False, break_on_hyphens=False)


def srt(words: Sequence[Word]) -> str:
    """A SubRip file."""
    return "\n".join(
        f"{number}\n{_clock(cue.start_seconds, ',')} --> {_clock(cue.end_seconds, ',')}\n{_joined(cue)}\n"
        for number, cue in enumerate(cues(words), 1)
    )


def vtt(words: Sequence[Word]) -> str:
    """A WebVTT file."""
    blocks = [
        f"{_clock(cue.start_seconds, '.')} --> {_clock(cue.end_seconds, '.')}\n{_escaped(_joined(cue))}\n"
        for cue in cues(words)
    ]
    return "\n".join(["WEBVTT\n", *blocks])


def _joined(cue: Cue) -> str:
    return "\n".join(cue.lines)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, point: str) -> str:
    """``HH:MM:SS,mmm``."""
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}{point}{milliseconds % 1000:03}"
