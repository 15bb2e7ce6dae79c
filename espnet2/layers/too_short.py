"""What is raised when an utterance has too few samples or frames."""
from espnet2.utils.errors import InputError


class TooShortUttError(InputError):
    """The input is shorter than a layer's field of view.

    Args:
        what: The layer that refuses.
        actual_size: What came.
        limit: What is needed at least.
        unit: What is counted.
    """

    def __init__(self, what: str, actual_size: int, limit: int, unit: str = "frames") -> None:
        super().__init__(
            f"{what} needs at least {limit} {unit}, but the utterance has {actual_size}; leave such short ones out"
        )
        self.actual_size = actual_size
        self.limit = limit
