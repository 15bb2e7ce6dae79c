"""One lazy registry: a name of a YAML file stands for a class that is imported on first use.

``--help`` therefore imports no torch, and a language model never loads a recogniser. A value with a colon
(``encoder: src.my_encoder:MyEncoder``) needs no table: a recipe's own class works at once. The constructor is the schema:
``X_conf`` holds its keyword arguments.
"""

import argparse
import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from espnet2.config.nested import NestedDictAction
from espnet2.utils.errors import InputError
from espnet2.utils.suggest import did_you_mean
from espnet2.utils.types import is_none_word


def import_class(path: str) -> type:
    """The class behind ``"module:Class"``.

    Raises:
        InputError: If the module or the class is not there.
    """
    module, _, name = path.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name is not None and not module.startswith(error.name):
            raise  # the module is there, something that it imports is not
        raise InputError(f"There is no module '{module}' (wanted for '{path}').") from error
    except AttributeError as error:
        raise InputError(f"Module '{module}' has no '{name}' (wanted as '{path}').") from error


def keyword_arguments(class_: type) -> dict[str, inspect.Parameter]:
    """The constructor's arguments by name (without ``self``, ``*args`` and ``**kwargs``)."""
    parameters = inspect.signature(class_).parameters
    return {n: p for n, p in parameters.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}


def construct(class_: type, conf: Mapping[str, Any], where: str, **fixed: Any) -> Any:
    """``class_(**fixed, **conf)`` with a message that helps when a key is unknown or missing.

    Args:
        class_: What to build.
        conf: The user's keyword arguments.
        where: The name of ``conf`` in the YAML, for the message.
        **fixed: Arguments that the task supplies.
    Raises:
        InputError: If a key is unknown, supplied by the task itself, or a required one is missing.
    """
    known = keyword_arguments(class_)
    takes_any = any(p.kind is p.VAR_KEYWORD for p in inspect.signature(class_).parameters.values())
    free = [name for name in known if name not in fixed]
    for key in conf:
        if key in fixed:
            raise InputError(f"{where}: '{key}' is set by the task itself; remove it.")
        if key not in known and not takes_any:
            raise InputError(f"{where}: {class_.__name__} has no option '{key}'.{did_you_mean(key, free)}")
    missing = [n for n in free if known[n].default is inspect.Parameter.empty and n not in conf]
    if missing:
        raise InputError(f"{where}: {class_.__name__} needs a value for {', '.join(missing)}.")
    return class_(**fixed, **conf)


class ClassChoices:
    """The classes that may stand behind one option, such as ``--encoder``.

    Args:
        name: The option's name; its arguments are ``{name}_conf``.
        classes: Name -> ``"module:Class"``.
        type_check: ``"module:Class"`` that every choice must be derived from.
        default: The name used when none is given.
        optional: Whether ``none`` may be chosen (implied by a default of None).
        refused: Names that published configurations know and this toolkit does not build -> why, and what to do.
    """

    def __init__(
        self,
        name: str,
        classes: Mapping[str, str],
        type_check: str | None = None,
        default: str | None = None,
        optional: bool = False,
        refused: Mapping[str, str] | None = None,
    ):
        self.name = name
        self.classes = {key.lower(): path for key, path in classes.items()}
        self.type_check = type_check
        self.default = default
        self.optional = optional or default is None
        self.refused = {key.lower(): reason for key, reason in (refused or {}).items()}

    def names(self) -> list[str]:
        """The known names, with ``None`` spelled out where nothing may be chosen."""
        return [*self.classes, *(["none"] if self.optional else [])]

    def parse(self, value: str) -> str | None:
        """The option's value as the configuration keeps it (argparse ``type``)."""
        if self.optional and is_none_word(value):
            return None
        if ":" in value or value.lower() in self.classes:
            return value if ":" in value else value.lower()
        if value.lower() in self.refused:
            raise argparse.ArgumentTypeError(f"'{value}' is not supported: {self.refused[value.lower()]}")
        raise argparse.ArgumentTypeError(f"unknown '{value}'.{did_you_mean(value, self.names())}")

    def get_class(self, name: str) -> type:
        """Import the class behind a name.

        Raises:
            InputError: If the name is unknown or the class is not of the required kind.
        """
        path = name if ":" in name else self.classes.get(name.lower())
        if path is None and name.lower() in self.refused:
            raise InputError(f"{self.name}: '{name}' is not supported: {self.refused[name.lower()]}")
        if path is None:
            raise InputError(f"{self.name}: unknown '{name}'.{did_you_mean(name, self.names())}")
        class_ = import_class(path)
        if self.type_check is not None and not issubclass(class_, import_class(self.type_check)):
            raise InputError(f"{self.name}: {path} is not derived from {self.type_check}.")
        return class_

    def build(self, name: str, conf: Mapping[str, Any] | None, **fixed: Any) -> Any:
        """Construct the chosen class from its ``*_conf`` and the task's own arguments."""
        return construct(self.get_class(name), conf or {}, f"{self.name}_conf", **fixed)

    def add_arguments(self, group: argparse._ActionsContainer) -> None:
        """Add ``--{name}`` and ``--{name}_conf``."""
        group.add_argument(
            f"--{self.name}",
            type=self.parse,
            default=self.default,
            metavar="NAME",
            help=f"One of {', '.join(self.names())}, or module:Class (default: {self.default or 'none'})",
        )
        group.add_argument(
            f"--{self.name}_conf",
            action=NestedDictAction,
            default={},
            help=f"Keyword arguments of the chosen {self.name}, as key=value",
        )
