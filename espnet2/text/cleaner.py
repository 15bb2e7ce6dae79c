"""What is done to a transcript before it is cut into tokens."""

import importlib
from collections.abc import Callable, Iterable

from espnet2.utils.errors import InputError
from espnet2.utils.suggest import did_you_mean


def _tacotron() -> Callable[[str], str]:
    from espnet2.text.english import clean_english

    return clean_english


def _korean() -> Callable[[str], str]:
    from espnet2.text.korean import clean_korean

    return clean_korean


def _vietnamese() -> Callable[[str], str]:
    from espnet2.text.vietnamese import clean_vietnamese

    return clean_vietnamese


def _jaconv() -> Callable[[str], str]:
    return _package("jaconv", "jaconv", "pip install jaconv").normalize


def _whisper(normalizer: str) -> Callable[[str], str]:
    return getattr(_package("whisper", "whisper.normalizers", "pip install openai-whisper"), normalizer)()


def _package(cleaner: str, module: str, install: str):
    try:
        return importlib.import_module(module)
    except ImportError:
        raise InputError(f"the cleaner '{cleaner}' needs a package that is not installed: {install}") from None


CLEANERS: dict[str, Callable[[], Callable[[str], str]]] = {
    "tacotron": _tacotron,
    "jaconv": _jaconv,
    "vietnamese": _vietnamese,
    "korean_cleaner": _korean,
    "whisper_en": lambda: _whisper("EnglishTextNormalizer"),
    "whisper_basic": lambda: _whisper("BasicTextNormalizer"),
}


def _find(name: str) -> Callable[[str], str]:
    """A cleaner of the table, or of somebody's ``module:function``."""
    if ":" not in name:
        return CLEANERS[name]()
    module, _, function = name.partition(":")
    try:
        return getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise InputError(f"cleaner '{name}': {error}. The module must lie in this folder or on the PYTHONPATH") from None


class TextCleaner:
    """Apply named cleaners one after another.

    Args:
        cleaner_types: A name of ``CLEANERS``, ``module:function`` of your own, several of them, or None for no cleaning.
    Raises:
        InputError: If a name is unknown, or its package is missing.
    """

    def __init__(self, cleaner_types: str | Iterable[str] | None = None):
        names = [cleaner_types] if isinstance(cleaner_types, str) else list(cleaner_types or ())
        for name in names:
            if name not in CLEANERS and ":" not in name:
                raise InputError(f"cleaner '{name}' is unknown.{did_you_mean(name, CLEANERS)}")
        self.cleaner_types = names
        self._clean: list[Callable[[str], str]] | None = None

    def __getstate__(self) -> dict:
        return {"cleaner_types": self.cleaner_types, "_clean": None}

    def __call__(self, text: str) -> str:
        if self._clean is None:
            self._clean = [_find(name) for name in self.cleaner_types]
        for clean in self._clean:
            text = clean(text)
        return text
