"""Error rates that are watched while a model is trained; they need no search."""
# Shapes: B batch, T frames, L labels
from collections.abc import Iterable, Sequence
from itertools import groupby

from rapidfuzz.distance import Levenshtein
from torch import Tensor

from espnet2.utils.errors import InputError


def error_rate(pairs: Iterable[tuple[Sequence, Sequence]]) -> float | None:
    """Edits per reference unit over all (hypothesis, reference) pairs; None if the references are empty."""
    edits, total = 0, 0
    for hypothesis, reference in pairs:
        edits += Levenshtein.distance(hypothesis, reference)
        total += len(reference)
    return edits / total if total else None


class ErrorCalculator:
    """Character and word error rates of labels that are predicted from the right ones before them.

    Args:
        token_list: Vocabulary.
        sym_space: Token of a space between words.
        sym_blank: Token to leave out.
        report_cer: Compute the character error rate.
        report_wer: Compute the word error rate.
    """

    def __init__(
        self, token_list: Sequence[str], sym_space: str, sym_blank: str, report_cer: bool = True, report_wer: bool = True
    ) -> None:
        self.token_list = list(token_list)
        self.sym_space = sym_space
        self.sym_blank = sym_blank
        self.report_cer = report_cer
        self.report_wer = report_wer

    def __call__(self, ys_hat: Tensor, ys_pad: Tensor) -> tuple[float | None, float | None]:
        """Compare; a hypothesis is cut to the length of its reference.

        Args:
            ys_hat: Best label at each position.
            ys_pad: Reference without eos, padded with -1.

        Returns:
            Character and word error rate; None where not asked for.

        Shapes:
            ys_hat (B, L + 1), ys_pad (B, L)
        """
        references = [labels[: labels.index(-1)] if -1 in labels else labels for labels in ys_pad.tolist()]
        hypotheses = [labels[: len(reference)] for labels, reference in zip(ys_hat.tolist(), references, strict=True)]
        return self.compare(hypotheses, references)

    def compare(
        self, hypotheses: Iterable[Sequence[int]], references: Iterable[Sequence[int]]
    ) -> tuple[float | None, float | None]:
        """Compare label sequences as they are."""
        pairs = [(self._text(h), self._text(r)) for h, r in zip(hypotheses, references, strict=True)]
        cer = error_rate((h.replace(" ", ""), r.replace(" ", "")) for h, r in pairs) if self.report_cer else None
        wer = error_rate((h.split(), r.split()) for h, r in pairs) if self.report_wer else None
        return cer, wer

    def _text(self, labels: Sequence[int]) -> str:
        text = "".join(self.token_list[label] for label in labels)
        return text.replace(self.sym_space, " ").replace(self.sym_blank, "")


class CTCErrorCalculator:
    """Character error rate of the best label of each frame, with repetitions and blanks removed.

    The frames are not cut to the utterance's length, so padding may add errors, as it does in the figures of other releases.

    Args:
        token_list: Vocabulary.
        sym_space: Token of a space, which does not count.
        sym_blank: The blank.

    Raises:
        InputError: If the vocabulary has no blank.
    """

    def __init__(self, token_list: Sequence[str], sym_space: str, sym_blank: str) -> None:
        if sym_blank not in token_list:
            raise InputError(f"the token list has no {sym_blank}, which CTC needs")
        self.token_list = list(token_list)
        self.silent = {self.token_list.index(sym_blank)}
        if sym_space in token_list:
            self.silent.add(self.token_list.index(sym_space))

    def __call__(self, ys_hat: Tensor, ys_pad: Tensor) -> float | None:
        """Compare.

        Args:
            ys_hat: Best label of each frame.
            ys_pad: Reference, padded with -1.

        Returns:
            The error rate; None if all references are empty.

        Shapes:
            ys_hat (B, T), ys_pad (B, L)
        """
        pairs = []
        for hypothesis, reference in zip(ys_hat.tolist(), ys_pad.tolist(), strict=True):
            pairs.append((self._text(label for label, _ in groupby(hypothesis)), self._text(reference)))
        return error_rate((hypothesis, reference) for hypothesis, reference in pairs if reference)

    def _text(self, labels: Iterable[int]) -> str:
        return "".join(self.token_list[label] for label in labels if label >= 0 and label not in self.silent)
