"""What is raised when an utterance has too few samples or frames."""
from collections.abc import Callable

from espnet2.utils.errors import InputError

LONGEST_TRIED = 1 << 20


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


def least_length(is_enough: Callable[[int], bool]) -> int:
    """The least length that a model takes, by doubling and then halving.

    Args:
        is_enough: Tries a length; may raise, as convolutions do where the input is smaller than they are.
    Returns:
        The length; 0 if none up to a million is enough, that is, if it cannot be told so.
    """

    def is_taken(length: int) -> bool:
        try:
            return is_enough(length)
        except (TooShortUttError, RuntimeError):
            return False

    high = 1
    while not is_taken(high):
        high *= 2
        if high > LONGEST_TRIED:
            return 0
    low = high // 2  # not enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_taken(middle) else (middle, high)
    return high
