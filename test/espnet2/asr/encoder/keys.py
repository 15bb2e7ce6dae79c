"""The key lists of ../shared/spec/model_keys.txt."""

import re

from test.shared import SHARED


def listed_keys(section: str, prefix: str) -> dict[str, tuple[int, ...]]:
    """Key (without its prefix) -> shape, of one section."""
    text = (SHARED / "spec" / "model_keys.txt").read_text()
    lines = text.split(f"##### {section}\n", 1)[1].split("#####", 1)[0].splitlines()
    found = {}
    for line in lines:
        name, shape = re.match(r"\s*(\S+) \(([^)]*)\)", line).groups()
        found[name.removeprefix(prefix)] = tuple(int(size) for size in shape.split(",") if size.strip())
    return found


def own_keys(module) -> dict[str, tuple[int, ...]]:
    """The same of a module."""
    return {name: tuple(value.shape) for name, value in module.state_dict().items()}
