"""How every ``python -m espnet2.bin.X`` begins and ends."""

import shlex
import sys
from collections.abc import Callable
from typing import Any

from espnet2.utils.errors import DISK_FULL, InputError


def command_line() -> str:
    """This process's command line, quoted for a shell."""
    return " ".join(shlex.quote(word) for word in [sys.executable, *sys.argv])


def run_door(main: Callable[[], Any]) -> None:
    """Echo the command line, run ``main`` and exit: 1 with one message for an ``InputError`` or a full disk.

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
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        print(f"ERROR: Nothing more can be written: {error}. Make room and run the same command again.", file=sys.stderr)
        sys.exit(1)
