"""How a door ends: one message and no traceback for what a user can mend."""

import errno

import pytest

from espnet2.utils.door import run_door
from espnet2.utils.errors import InputError


@pytest.mark.parametrize(
    "error, code, told",
    [
        (InputError("x.scp:1: mend it"), 1, "ERROR: x.scp:1: mend it\n"),
        (OSError(errno.ENOSPC, "No space left on device", "out"), 1, "ERROR: Nothing more can be written: "),
    ],
)
def test_one_message(error, code, told, capsys):
    def main():
        raise error

    with pytest.raises(SystemExit) as stop:
        run_door(main)
    assert stop.value.code == code
    assert told in capsys.readouterr().err


def test_other_errors_keep_their_traceback():
    def main():
        raise PermissionError(errno.EACCES, "no")

    with pytest.raises(PermissionError):
        run_door(main)
