"""The clock of a stream, on events made by hand."""

import math

import pytest

from espnet2.inference.events import Event
from espnet2.inference.latency import StreamTimes, latency_report


def event(kind, text, spoken=None):
    return Event(kind, text, list(text), text, None, 0.0, 0.0, spoken)


def test_tokens_are_late_by_when_they_came_to_stay():
    times = StreamTimes()
    times.chunk(1.0, 0.1, [])
    times.chunk(1.0, 0.1, [event("partial", "ab")])  # at 2.1
    times.chunk(1.0, 0.1, [event("partial", "acd")])  # at 3.1
    times.end(0.3, [event("final", "ace", [0.5, 1.5, 2.5])])  # at 3.4
    assert times.delays_seconds == pytest.approx([2.1 - 0.5, 3.1 - 1.5, 3.4 - 2.5])
    assert times.first_text_seconds == pytest.approx(2.1)
    assert times.final_seconds == pytest.approx(0.4)
    report = latency_report([times])
    assert report.real_time_factor == pytest.approx(0.6 / 3)
    assert (report.chunk_median, report.num_tokens) == (pytest.approx(0.1), 3)
    assert "3 tokens" in str(report)


def test_a_slow_recogniser_falls_behind():
    times = StreamTimes()
    for _ in range(3):
        times.chunk(1.0, 2.0, [])
    times.end(0.0, [])
    assert times.clock_seconds == pytest.approx(7.0)
    assert times.final_seconds == pytest.approx(4.0)


def test_no_streams():
    assert math.isnan(latency_report([]).real_time_factor)
