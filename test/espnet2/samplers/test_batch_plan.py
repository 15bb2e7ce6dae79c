"""The plan's arithmetic."""

import numpy as np
import pytest

from espnet2.samplers.batch_plan import BatchPlan


class Ids:
    """Names that are made when asked for."""

    def id_at(self, row: int) -> str:
        return f"u{row}"

    def __len__(self) -> int:
        return 10


@pytest.fixture
def plan() -> BatchPlan:
    return BatchPlan(Ids(), np.array([9, 8, 7, 6, 5, 4]), np.array([0, 1, 3, 6]), "three")


def test_batches(plan):
    assert [rows.tolist() for rows in plan] == [[9], [8, 7], [6, 5, 4]]
    assert plan.utterances(1) == ["u8", "u7"]
    assert plan.sizes.tolist() == [1, 2, 3]
    assert plan.summary() == "mini-batch sizes summary: N-batch=3, mean=2.0, min=1, max=3"
    assert "three" in repr(plan)


def test_head_and_shard(plan):
    assert [rows.tolist() for rows in plan.head(2)] == [[9], [8, 7]]
    assert len(plan.head(10)) == 3
    assert [rows.tolist() for rows in plan.shard(0, 2)] == [[9], [6, 5, 4]]
    assert [rows.tolist() for rows in plan.shard(1, 2)] == [[8, 7]]


def test_no_such_batch(plan):
    with pytest.raises(IndexError, match="batch 3 of 3"):
        plan[3]
