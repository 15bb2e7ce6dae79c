"""Networks whose many options stand in a dataclass, and are still arguments of the constructor to those who ask."""

import inspect
from collections.abc import Sequence


def network_signature(options_class: type, size_names: Sequence[str] = ("idim", "odim")) -> inspect.Signature:
    """The constructor's arguments as configurations see them: the sizes, and each option by its name.

    Args:
        options_class: A dataclass of the options.
        size_names: The sizes, which the task supplies.
    """
    sizes = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=int) for name in size_names
    ]
    options = inspect.signature(options_class).parameters.values()
    return inspect.Signature([*sizes, *(option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in options)])
