"""What is done to a transcript before it is cut into tokens."""

import importlib
from collections.abc import Callable, Iterable

from espnet2.utils.errors import InputError
from espnet2.utils.suggest import did_you_mean


def _tacotron() -> Callable[[str], str]:
    from espnet2.text.english import clean_english

    return clean_english


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
    "whisper_en": lambda: _whisper("EnglishTextNormalizer"),
    "whisper_basic": lambda: _whisper("BasicTextNormalizer"),
}


class TextCleaner:
    """Apply named cleaners one after another.

    Args:
        cleaner_types: A name of ``CLEANERS``, several, or None for no cleaning.
    Raises:
        InputError: If a name is unknown, or its package is missing.
    """

    def __init__(self, cleaner_types: str | Iterable[str] | None = None):
        names = [cleaner_types] if isinstance(cleaner_types, str) else list(cleaner_types or ())
        for name in names:
            if name not in CLEANERS:
                raise InputError(f"cleaner '{name}' is unknown.{did_you_mean(name, CLEANERS)}")
        self.cleaner_types = names
        self._clean: list[Callable[[str], str]] | None = None

    def __getstate__(self) -> dict:
        return {"cleaner_types": self.cleaner_types, "_clean": None}

    def __call__(self, text: str) -> str:
        if self._clean is None:
            self._clean = [CLEANERS[name]() for name in self.cleaner_types]
        for clean in self._clean:
            text = clean(text)
        return text
