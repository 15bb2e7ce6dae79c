"""The one error for what a user can mend."""


class InputError(Exception):
    """Wrong options, files or data: the message names file, line or utterance, and what mends it.

    Doors print it as one line without a traceback (see ``espnet2.utils.door``).
    """
