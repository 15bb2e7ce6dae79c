"""What every tokenizer does."""

from abc import ABC, abstractmethod
from collections.abc import Iterable


class AbsTokenizer(ABC):
    """From a line to tokens and back."""

    @abstractmethod
    def text2tokens(self, line: str) -> list[str]:
        """The tokens of a line."""

    @abstractmethod
    def tokens2text(self, tokens: Iterable[str]) -> str:
        """The line that the tokens spell."""
