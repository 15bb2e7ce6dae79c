"""``--optim_conf lr=0.1 --encoder_conf a.b=3 --x_conf "{k: v}"``: keyword arguments on a command line."""

import argparse
import copy
from typing import Any

import yaml


class NestedDictAction(argparse.Action):
    """Collect ``key=value`` words (value read as YAML, dots nest) or whole mappings into one dict.

    Repeated options merge; what the YAML file gave is copied and updated.
    """

    def __init__(self, option_strings, dest, default=None, **kwargs):
        kwargs.setdefault("metavar", "KEY=VALUE")
        super().__init__(option_strings, dest, default=default, **kwargs)

    def __call__(self, parser, namespace, values, option_string=None):
        conf = copy.deepcopy(getattr(namespace, self.dest) or {})
        try:
            merge(conf, parse_assignment(values))
        except ValueError as error:
            raise argparse.ArgumentError(self, str(error)) from error
        setattr(namespace, self.dest, conf)


def parse_assignment(text: str) -> dict[str, Any]:
    """``"a.b=3"`` -> ``{"a": {"b": 3}}``; ``"{a: 1}"`` -> ``{"a": 1}``.

    Raises:
        ValueError: If it is neither.
    """
    text = text.strip()
    try:
        if text.startswith("{"):
            return yaml.safe_load(text)
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise ValueError(f"'{text}' is neither key=value nor a mapping such as {{lr: 0.1}}")
        parsed: Any = "" if value == "" else yaml_value(value)
    except yaml.YAMLError as error:
        raise ValueError(f"'{text}' does not parse as YAML: {error}") from error
    for part in reversed(key.split(".")):
        parsed = {part: parsed}
    return parsed


def yaml_value(text: str) -> Any:
    """A YAML scalar or flow collection; ``1e-3``, which YAML 1.1 takes for a string, is a number."""
    value = yaml.safe_load(text)
    if isinstance(value, str):
        try:
            return float(value) if value[:1] in "+-.0123456789" else value
        except ValueError:
            return value
    return value


def merge(into: dict[str, Any], update: dict[str, Any]) -> dict[str, Any]:
    """Update a dict of dicts in place, level by level."""
    for key, value in update.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value
    return into
