"""The one error for what a user can mend."""

import errno

# What the system says when nothing more can be written: no space, no quota, or a file at its limit.
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class InputError(Exception):
    """Wrong options, files or data: the message names file, line or utterance, and what mends it.

    Doors print it as one line without a traceback (see ``espnet2.utils.door``).
    """


class EmptyAudioError(InputError):
    """Audio without a sample, from which training learns nothing and which recognition answers with an empty result."""
