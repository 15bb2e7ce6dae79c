"""One option mechanism: a dataclass field is a default, a type and a help text, and its argparse option is made from it.

The dataclasses live in ``options.py`` of their package and import no torch. Order: field default < YAML < flag.
"""

import argparse
import copy
import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

from espnet2.utils.types import str2bool

T = TypeVar("T")


def option(
    default: Any,
    help: str,
    type: Callable[[str], Any] | None = None,
    choices: tuple | list | None = None,
    nargs: str | int | None = None,
    action: Any = None,
    required: bool = False,
) -> Any:
    """A dataclass field that knows how its flag is read.

    Args:
        default: The value when neither YAML nor flag gives one; lists and dicts are copied for each instance.
        help: What ``--help`` says.
        type: From a word to a value; by default the type of ``default``.
        choices: The only values allowed.
        nargs: As in argparse.
        action: As in argparse (``"append"``, ``NestedDictAction``).
        required: Whether a value other than None must be given.
    """
    flag = {"help": help, "type": type, "choices": choices, "nargs": nargs, "action": action}
    metadata = {"flag": flag, "required": required}
    if isinstance(default, (list, dict, set)):
        return dataclasses.field(default_factory=lambda: copy.deepcopy(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def field_default(field: dataclasses.Field) -> Any:
    """The default of a dataclass field, however it is kept."""
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return None if field.default is dataclasses.MISSING else field.default


def add_options(parser: argparse.ArgumentParser, options: type, title: str | None = None) -> None:
    """Add one argparse group with a flag for each field of an options dataclass.

    Args:
        parser: Where the flags go.
        options: The dataclass; its docstring's first line is the group's title unless ``title`` is given.
    """
    group = parser.add_argument_group(title or (options.__doc__ or options.__name__).splitlines()[0].rstrip("."))
    for field in dataclasses.fields(options):
        default = field_default(field)
        flag = dict(field.metadata["flag"])
        is_dict = isinstance(flag["action"], type_) and issubclass(flag["action"], argparse.Action)
        if is_dict:
            flag.pop("type")
        elif flag["type"] is None:
            flag["type"] = _type_of(default)
        words = {key: value for key, value in flag.items() if value is not None}
        words["help"] = f"{words['help']} (default: {default})".replace("%", "%%")
        if "choices" not in words and not is_dict:
            words["metavar"] = field.name.rsplit("_", 1)[-1].upper()
        group.add_argument(f"--{field.name}", default=default, **words)


type_ = type  # `type` is an argument's name above


def _type_of(default: Any) -> Callable[[str], Any]:
    if isinstance(default, bool):
        return str2bool
    if isinstance(default, (int, float)):
        return type(default)
    return str


def required_names(*options: type) -> list[str]:
    """The fields that must be given."""
    return [f.name for cls in options for f in dataclasses.fields(cls) if f.metadata["required"]]


def from_args(options: type[T], args: argparse.Namespace) -> T:
    """An instance from the values of the same names in a namespace."""
    fields = dataclasses.fields(options)  # type: ignore[arg-type]  # T cannot say "a dataclass"
    return options(**{field.name: getattr(args, field.name) for field in fields})
