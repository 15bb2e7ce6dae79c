"""Work that wants a fresh process for each piece, such as eSpeak NG, which remembers what it has spoken."""
import os
import traceback
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar


class Named(Protocol):
    """What has a name, for messages."""

    @property
    def name(self) -> str:
        """Its id."""


Item = TypeVar("Item", bound=Named)


def in_forks(work: Callable[[Item], None], utterances: Sequence[Item], num_jobs: int) -> None:
    """Do each piece of work in a forked process of its own, ``num_jobs`` at a time.

    Raises:
        SystemExit: When one fails, after those beside it have ended; its traceback is on stderr.
    """
    running: dict[int, str] = {}  # process id -> utterance
    failed: list[str] = []

    def reap() -> None:
        pid, status = os.wait()
        name = running.pop(pid)
        if status != 0:
            failed.append(name)

    for utterance in utterances:
        if len(running) == num_jobs:
            reap()
        if failed:
            break
        pid = os.fork()
        if pid == 0:
            try:
                work(utterance)
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        running[pid] = utterance.name
    while running:
        reap()
    if failed:
        raise SystemExit(f"ERROR: synthesis failed: {' '.join(sorted(failed))}")
