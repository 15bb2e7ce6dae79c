"""Subtitles to the letter."""

from espnet2.inference.subtitles import cues, srt, vtt
from espnet2.search.hypothesis import Word


def spoken(text, start, each):
    return [Word(word, start + each * i, start + each * (i + 1), 0.5) for i, word in enumerate(text.split())]


SENTENCE = "the quick brown fox jumps over the lazy dog and runs & runs <away> from all the other dogs"


def test_srt():
    words = [*spoken(SENTENCE, 3599.0, 0.25), Word("yes", 3610.0, 3610.2, 0.5)]
    assert srt(words) == (
        "1\n00:59:59,000 --> 01:00:03,250\nthe quick brown fox jumps over the lazy\ndog and runs & runs <away> from all the\n\n"
        "2\n01:00:03,250 --> 01:00:04,250\nother dogs\n\n"
        "3\n01:00:10,000 --> 01:00:11,000\nyes\n"
    )


def test_vtt():
    assert vtt(spoken("R&B <3", 0.0, 0.6004)) == "WEBVTT\n\n00:00:00.000 --> 00:00:01.201\nR&amp;B &lt;3\n"
    assert vtt([]) == "WEBVTT\n"
    assert srt([]) == ""


def test_limits_of_length_time_and_pause():
    for cue in cues(spoken(SENTENCE * 3, 0.0, 0.9)):
        assert cue.end_seconds - cue.start_seconds <= 7
        assert len(cue.lines) <= 2
        assert all(len(line) <= 42 for line in cue.lines)
    long_word = "x" * 50
    assert [cue.lines for cue in cues(spoken(f"a {long_word} b", 0.0, 0.5))] == [["a", long_word], ["b"]]
    assert [cue.lines for cue in cues([Word("a", 0, 1, 1), Word("b", 1.9, 3, 1), Word("c", 4, 5, 1)])] == [
        ["a b"],
        ["c"],
    ]


def test_short_subtitles_stay_until_the_next():
    found = cues([Word("a", 0.0, 0.1, 1), Word("b", 0.8, 12.0, 1), Word("c", 12.0, 12.1, 1)])
    assert [(cue.start_seconds, cue.end_seconds) for cue in found] == [(0.0, 0.8), (0.8, 12.0), (12.0, 13.0)]
