"""How every ``python -m espnet2.bin.X`` begins and ends."""

import shlex
import sys
from collections.abc import Callable
from typing import Any

from espnet2.utils.errors import InputError


def command_line() -> str:
    """This process's command line, quoted for a shell."""
    return " ".join(shlex.quote(word) for word in [sys.executable, *sys.argv])


def run_door(main: Callable[[], Any]) -> None:
    """Echo the command line, run ``main`` and exit: 1 with one message for an ``InputError``.

    Args:
        main: The door's entry, called without arguments.
    """
    print(command_line(), file=sys.stderr)
    try:
        main()
    except InputError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:  # the reader of our output has gone, as in `door | head`
        sys.stderr.close()
        sys.exit(141)
