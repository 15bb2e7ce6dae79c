"""Transcripts of pieces of a recording, and how two that share some seconds of it become one.

Speech that had to be cut without a pause is recognised on both sides of the cut. Where the words' times are known, each
word is taken from the side in which its middle lies. Elsewhere the two transcripts meet in the longest run of tokens that
is the same in both.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import accumulate

from espnet2.inference.words import SPACE, WORD_START
from espnet2.search.hypothesis import Hypothesis, Word

SHORTEST_RUN = 3  # tokens; two alike may be so by chance
TokensToText = Callable[[Sequence[str]], str]


@dataclass(frozen=True)
class Segment:
    """A piece of a recording and what is said in it.

    Attributes:
        start_seconds: Where it begins in the recording.
        end_seconds: Where it ends.
        text: None if tokens are all that is known.
        tokens: Of the text.
        token_int: Their ids.
        words: With times on the recording; None if not known.
        hypothesis: What the search has found for the whole piece; None for a piece without result.
        layers: The tokens of the encoder's intermediate layers, by number of the layer.
    """

    start_seconds: float
    end_seconds: float
    text: str | None
    tokens: list[str]
    token_int: list[int]
    words: list[Word] | None = None
    hypothesis: Hypothesis | None = None
    layers: Mapping[int, list[str]] | None = None

    @property
    def score(self) -> float | None:
        """That of the hypothesis."""
        return None if self.hypothesis is None else self.hypothesis.score

    def with_tokens(self, start: int, end: int, tokens2text: TokensToText | None) -> "Segment":
        """Some of the tokens, and their text; times and words stay."""
        tokens = self.tokens[start:end]
        text = None if tokens2text is None else tokens2text(tokens).strip()
        return replace(self, tokens=tokens, token_int=self.token_int[start:end], text=text)


def spread_words(segment: Segment) -> list[Word]:
    """The words of a segment; if their times are not known, each has its letters' share of the segment, and confidence 0."""
    if segment.words is not None:
        return segment.words
    names = (" ".join(segment.tokens) if segment.text is None else segment.text).split()
    edges = list(accumulate((len(name) for name in names), initial=0))
    seconds = (segment.end_seconds - segment.start_seconds) / max(edges[-1], 1)
    times = [segment.start_seconds + seconds * edge for edge in edges]
    return [Word(name, start, end, 0.0) for name, start, end in zip(names, times, times[1:])]


def stitch(segments: Sequence[Segment], tokens2text: TokensToText | None) -> list[Segment]:
    """The segments without what stands in two of them.

    Args:
        segments: In the order of time; neighbours may overlap.
        tokens2text: From tokens to text, if there is a text.
    """
    stitched: list[Segment] = []
    for segment in segments:
        if stitched and stitched[-1].end_seconds > segment.start_seconds:
            stitched[-1], segment = _meet(stitched[-1], segment, tokens2text)
        stitched.append(segment)
    return stitched


def _meet(left: Segment, right: Segment, tokens2text: TokensToText | None) -> tuple[Segment, Segment]:
    """Two neighbours, each without what the other has."""
    cut = (left.end_seconds + right.start_seconds) / 2
    if left.words is None or right.words is None or tokens2text is None:
        left_end, right_start = _common_run(left, right)
    else:
        num_left, num_right = _split(left.words, right.words, cut)
        left_end = _tokens_of(left.words[:num_left], left.tokens, tokens2text)
        right_start = _tokens_of(right.words[:num_right], right.tokens, tokens2text)
        left = replace(left, words=left.words[:num_left])
        right = replace(right, words=right.words[num_right:])
    left = left.with_tokens(0, left_end, tokens2text)
    right = right.with_tokens(right_start, len(right.tokens), tokens2text)
    return replace(left, end_seconds=cut), replace(right, start_seconds=cut)


def _split(left: Sequence[Word], right: Sequence[Word], cut: float) -> tuple[int, int]:
    """How many words of the left side stay, and how many of the right side go."""
    num_left = sum(_middle(word) < cut for word in left)
    num_right = sum(_middle(word) < cut for word in right)
    # a word on the cut, of which the two sides have slightly different times, is on both sides or on none
    if num_left and num_right < len(right) and _same(left[num_left - 1], right[num_right]):
        num_right += 1
    elif num_right and num_left < len(left) and _same(left[num_left], right[num_right - 1]):
        num_left += 1
    return num_left, num_right


def _middle(word: Word) -> float:
    return (word.start_seconds + word.end_seconds) / 2


def _same(one: Word, other: Word) -> bool:
    """Whether it is the same word at the same time."""
    together = max(one.start_seconds, other.start_seconds) < min(one.end_seconds, other.end_seconds)
    return together and one.word == other.word


def _tokens_of(words: Sequence[Word], tokens: Sequence[str], tokens2text: TokensToText) -> int:
    """How many of the tokens, from the first on, spell the words, whatever lies between words."""
    num_letters = sum(_letters(word.word) for word in words)
    return bisect_right(range(len(tokens)), num_letters, key=lambda last: _letters(tokens2text(tokens[: last + 1])))


def _letters(text: str) -> int:
    return len("".join(text.split()))


def _common_run(left: Segment, right: Segment) -> tuple[int, int]:
    """How many tokens of the left side stay, and how many of the right side go: both end amid a common run.

    If a word begins in the run, they end at the beginning of the one that is next to its middle.
    """
    overlap = left.end_seconds - right.start_seconds
    tail, head = (_tokens_within(segment, overlap) for segment in (left, right))
    first = len(left.tokens) - tail
    matcher = SequenceMatcher(None, left.tokens[first:], right.tokens[:head], autojunk=False)
    run = matcher.find_longest_match(0, tail, 0, head)
    if run.size < SHORTEST_RUN:
        return len(left.tokens), 0
    words = [place for place in range(run.size) if _begins_word(right.tokens[run.b + place])]
    place = min(words or [run.size // 2], key=lambda place: abs(2 * place - run.size))
    return first + run.a + place, run.b + place


def _begins_word(token: str) -> bool:
    """Whether a token says that a word begins; where whole words are tokens, none does."""
    return token == SPACE or token.startswith(WORD_START)


def _tokens_within(segment: Segment, seconds: float) -> int:
    """The most tokens that some seconds of a segment may have: three times as many as on average."""
    share = 3 * seconds / (segment.end_seconds - segment.start_seconds)
    return min(len(segment.tokens), max(SHORTEST_RUN, round(share * len(segment.tokens))))
