"""YAML in and out, and the one place that knows old keys."""

import os
import re
from typing import Any

import yaml

from espnet2 import __version__
from espnet2.utils.atomic import atomic_write
from espnet2.utils.errors import InputError

# Keys of older configurations -> today's.
RENAMED_KEYS = {
    "text_cleaner": "cleaner",
    "g2p_type": "g2p",
    "aux_task_names": "aux_ctc_tasks",
    "use_lora": "use_adapter",
    "lora_conf": "adapter_conf",
}
# What a training writes into its config.yaml about itself: no options.
RECORDED_KEYS = ("required", "version", "distributed")


class _Loader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
    """A safe loader that reads ``1e-3`` as the number it is."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\d[\d_]*)(\.\d*)?[eE][-+]?\d+$"),
    list("-+0123456789"),
)
# Configurations that Python tuples were dumped into stay readable.
_Loader.add_constructor("tag:yaml.org,2002:python/tuple", lambda loader, node: loader.construct_sequence(node))


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def load_yaml(path: str | os.PathLike) -> dict[str, Any]:
    """Read a mapping.

    Raises:
        InputError: If the file is missing, does not parse (with its line), or is not a mapping.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            loaded = yaml.load(stream, _Loader)
    except FileNotFoundError as error:
        raise InputError(f"There is no configuration file {path}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8: {error}") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not valid YAML: {error}") from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise InputError(f"{path} must hold 'key: value' lines, not a {type(loaded).__name__}.")
    return loaded


def dump_yaml(data: dict[str, Any], path: str | os.PathLike) -> None:
    """Write a mapping in the order of its keys; the file appears whole or not at all."""
    with atomic_write(path, "w") as stream:
        stream.write(to_yaml(data))


def to_yaml(data: dict[str, Any]) -> str:
    """The text of a mapping: indent 4, no sorting, no aliases, tuples as lists."""
    return yaml.dump(_plain(data), Dumper=_Dumper, indent=4, sort_keys=False, allow_unicode=True)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value


def upgrade_config(config: dict[str, Any]) -> dict[str, Any]:
    """Today's keys for a configuration of any age; the input is left as it was."""
    upgraded = {RENAMED_KEYS.get(key, key): value for key, value in config.items()}
    if "save_lora_only" in upgraded and "save_strategy" not in upgraded:
        upgraded["save_strategy"] = "adapter_only" if upgraded["save_lora_only"] else "all"
    upgraded.pop("save_lora_only", None)
    is_others = any(key in config for key in RECORDED_KEYS) and config.get("version") != __version__
    if is_others and str(config.get("encoder")).startswith("contextual_block_"):  # trained so, for want of a choice
        upgraded["encoder_conf"] = {"legacy_padding": True, **(upgraded.get("encoder_conf") or {})}
    return upgraded
