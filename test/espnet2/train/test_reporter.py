import math

import pytest
import torch

from espnet2.train.reporter import Reporter, to_text


def filled(values, weights=None, phase="train"):
    reporter = Reporter()
    reporter.epoch = 1
    with reporter.observe(phase) as sub:
        for index, value in enumerate(values):
            sub.register({"loss": value}, None if weights is None else weights[index])
            sub.next()
    return reporter


@pytest.mark.parametrize(
    "value, text",
    [(1e3, "1000.000"), (1001.0, "1.001e+03"), (0.5, "0.500"), (1e-3, "1.000e-03"), (0, "0.000e+00"), (-2.0, "-2.000")],
)
def test_numbers_are_written_as_documented(value, text):
    assert to_text(value) == text


def test_weighted_mean_ignores_what_is_not_finite():
    reporter = filled([torch.tensor(1.0), torch.tensor(math.nan), torch.tensor(4.0)], [1, 5, torch.tensor(3)])
    assert reporter.value("train", "loss") == pytest.approx(13 / 4)


def test_plain_mean_ignores_only_nan():
    assert filled([1.0, math.nan, 3.0]).value("train", "loss") == 2.0
    assert filled([1.0, math.inf]).value("train", "loss") == math.inf


def test_values_of_mixed_kinds_and_types_are_averaged():
    values = [torch.tensor(1.0), torch.tensor(2.0, dtype=torch.float64), 3.0, torch.tensor([4])]
    assert filled(values, [1, 1, 1, 1]).value("train", "loss") == 2.5


def test_values_keep_no_graph():
    reporter = Reporter()
    with reporter.observe("train") as sub:
        sub.register({"loss": torch.ones((), requires_grad=True) * 2})
        assert not sub._waiting["loss"][0][0].requires_grad


def test_interval_holds_what_came_since_the_last_one():
    reporter = Reporter()
    reporter.epoch = 2
    with reporter.observe("train") as sub:
        for value in (1.0, 3.0, 10.0):
            sub.register({"iter_time": value, "skipped": None})
            sub.next()
            if sub.count == 2:
                assert sub.log_message(sub.interval(), 1, 2) == "2epoch:train:1-2batch: iter_time=2.000"
        assert sub.interval() == {"iter_time": 10.0}
    assert reporter.value("train", "iter_time") == pytest.approx(14 / 3)


def test_epoch_line_has_phases_in_order_with_time_and_total_count():
    reporter = filled([1.0, 2.0])
    with reporter.observe("valid") as sub:
        sub.register({"loss": 3.0})
        sub.next()
    for values in reporter.stats[1].values():
        values["time"] = 61.0
    assert reporter.log_message() == (
        "1epoch results: [train] loss=1.500, time=1 minute and 1 second, total_count=2, "
        "[valid] loss=3.000, time=1 minute and 1 second, total_count=1"
    )


def test_total_count_goes_on_over_epochs_and_after_loading():
    reporter = filled([1.0, 2.0])
    resumed = Reporter()
    resumed.load_state_dict(reporter.state_dict())
    resumed.epoch += 1
    with resumed.observe("train") as sub:
        sub.next()
    assert resumed.value("train", "total_count") == 3


def test_ranking_by_direction_with_ties_and_nan():
    reporter = Reporter()
    reporter.stats = {e: {"valid": {"acc": v}} for e, v in [(1, 0.5), (2, 0.7), (3, math.nan), (4, 0.7), (5, 0.1)]}
    assert reporter.ranked("valid", "acc", "max") == [2, 4, 1, 5, 3]
    assert reporter.ranked("valid", "acc", "min") == [5, 1, 2, 4, 3]
    assert reporter.ranked("valid", "loss", "min") == []


def test_nothing_is_kept_of_a_phase_that_fails():
    reporter = Reporter()
    with pytest.raises(RuntimeError), reporter.observe("train"):
        raise RuntimeError
    assert reporter.stats == {}


def test_reserved_names_are_refused():
    with Reporter().observe("train") as sub, pytest.raises(ValueError, match="total_count"):
        sub.register({"total_count": 1})
