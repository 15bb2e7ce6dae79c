"""How much is done, on standard error."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

BAR = "{percentage:3.0f}%|{bar}| {n:.0f}/{total:.0f} {unit} [{elapsed}<{remaining}]"


@contextmanager
def progress_bar(total: float, unit: str, wanted: str = "auto") -> Iterator[Callable[[float], object]]:
    """``with progress_bar(...) as advance: advance(3)``.

    Args:
        total: When all is done.
        unit: What is counted.
        wanted: ``true``, ``false``, or ``auto``: only on a terminal.
    """
    from tqdm import tqdm

    is_shown = wanted == "true" or (wanted == "auto" and sys.stderr.isatty())
    with tqdm(total=total, unit=unit, disable=not is_shown, bar_format=BAR) as bar:
        yield bar.update
