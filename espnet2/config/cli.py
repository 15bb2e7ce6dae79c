"""The parser of all doors: flags beat ``--config x.yaml``, which beats the defaults."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from espnet2.config.yaml import RECORDED_KEYS, load_yaml, upgrade_config
from espnet2.utils.errors import InputError
from espnet2.utils.suggest import did_you_mean


class ConfigParser(argparse.ArgumentParser):
    """An ``ArgumentParser`` with ``--config FILE.yaml`` and dashes that equal underscores in flags.

    Keys of the file become defaults. An unknown key or flag is an error that names the nearest known one (and the file). The
    ``config.yaml`` of an earlier training is such a file; what it says of itself (``RECORDED_KEYS``) is left out.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        kwargs.setdefault("formatter_class", _HelpFormatter)
        kwargs.setdefault("usage", "%(prog)s [--config FILE.yaml] [options]   (--help lists them)")
        super().__init__(*args, **kwargs)
        self.add_argument("--config", metavar="FILE.yaml", help="Read options from a YAML file; flags beat it")

    def parse_args(  # type: ignore[override]  # argparse declares it three times
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> argparse.Namespace:
        """Parse flags over the YAML's values over the defaults.

        Raises:
            InputError: If the YAML cannot be read or has an unknown key.
        """
        words = list(sys.argv[1:] if args is None else args)
        end = words.index("--") if "--" in words else len(words)
        words[:end] = [_underscored(word) for word in words[:end]]
        finder = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
        finder.add_argument("--config")
        path = finder.parse_known_args(words)[0].config
        if path is not None and not {"-h", "--help"} & set(words):
            self.set_defaults(**self._read_config(path))
        parsed, unknown = self.parse_known_args(words, namespace)
        if unknown:
            self.error(f"unknown option {unknown[0]}.{did_you_mean(unknown[0].split('=')[0], self.flags())}")
        return parsed

    def flags(self) -> list[str]:
        """All flags, ``--help`` included."""
        return [flag for action in self._actions for flag in action.option_strings]

    def _read_config(self, path: str) -> dict[str, Any]:
        known = {action.dest: action for action in self._actions}
        config = {key: value for key, value in upgrade_config(load_yaml(path)).items() if key not in RECORDED_KEYS}
        for key, value in config.items():
            action = known.get(key)
            if action is None:
                raise InputError(f"{path}: unknown key '{key}'.{did_you_mean(key, known)}")
            if action.choices is not None and value is not None and value not in action.choices:
                raise InputError(f"{path}: {key} must be one of {', '.join(map(str, action.choices))}, not {value!r}.")
            if action.nargs in ("+", "*") and value is not None and not isinstance(value, (list, tuple)):
                config[key] = [value]  # `keep_nbest_models: 10`
        config.pop("config", None)
        return config


class _HelpFormatter(argparse.HelpFormatter):
    def __init__(self, prog: str):
        super().__init__(prog, max_help_position=34, width=120)


def _underscored(word: str) -> str:
    """``--max-epoch=3`` -> ``--max_epoch=3``; other words as they are."""
    if not word.startswith("--"):
        return word
    flag, equals, value = word[2:].partition("=")
    if " " in flag:
        return word
    return f"--{flag.replace('-', '_')}{equals}{value}"
