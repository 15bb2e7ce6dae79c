"""Shape files for the samplers' tests."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest


@pytest.fixture
def write_shapes(tmp_path: Path) -> Callable:
    """Write ``id value`` lines in the order given; returns the path."""

    def write(name: str, values: Sequence, order: Sequence[int] | None = None) -> str:
        rows = range(len(values)) if order is None else order
        path = tmp_path / name
        path.write_text("".join(f"utt{i:04d} {values[i]}\n" for i in rows))
        return str(path)

    return write
