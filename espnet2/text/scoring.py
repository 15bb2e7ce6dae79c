"""Errors between references and hypotheses, as sclite counts them.

The alignment is a shortest edit path by rapidfuzz (https://github.com/rapidfuzz/RapidFuzz), where a substitution costs
as much as an insertion or a deletion. sclite weighs them 4 : 3 : 3, so among paths of equal length it may choose
another one (more of one kind and fewer of the others), and very seldom a path with one error more.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

from espnet2.fileio.read_text import read_lines
from espnet2.utils.errors import InputError

_TRN_LINE = re.compile(r"(.*?)\s*\(([^()\s]+)\)\s*")


class Counts(NamedTuple):
    """Sums over utterances."""

    sentences: int = 0
    correct: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    wrong_sentences: int = 0

    @property
    def words(self) -> int:
        """Tokens of the references."""
        return self.correct + self.substitutions + self.deletions

    @property
    def errors(self) -> int:
        """All errors."""
        return self.substitutions + self.deletions + self.insertions

    def plus(self, other: "Counts") -> "Counts":
        """The sums of both."""
        return Counts(*(a + b for a, b in zip(self, other)))

    def percentages(self) -> list[float]:
        """Corr, Sub, Del, Ins, Err of the reference's tokens, and S.Err of the sentences; 0 of nothing is 0."""
        parts = (self.correct, self.substitutions, self.deletions, self.insertions, self.errors)
        rates = [100 * part / max(self.words, 1) for part in parts]
        return [*rates, 100 * self.wrong_sentences / max(self.sentences, 1)]


Pair = tuple[str | None, str | None]  # reference and hypothesis; None where the other one is alone


class Scored(NamedTuple):
    """One utterance."""

    name: str
    pairs: list[Pair]
    counts: Counts

    @property
    def speaker(self) -> str:
        """What stands before the first dash (or else underscore) of the name, as sclite's ``-i rm`` has it."""
        return re.split("-" if "-" in self.name else "_", self.name, maxsplit=1)[0]


def read_trn(path: str | os.PathLike) -> dict[str, list[str]]:
    """Tokens of each utterance of ``<tokens> (<speaker>-<utterance>)`` lines.

    Raises:
        InputError: For a line without a name in brackets at its end, or a name twice; names file and line.
    """
    table: dict[str, list[str]] = {}
    for number, line in read_lines(path):
        match = _TRN_LINE.fullmatch(line)
        if match is None:
            raise InputError(f"{path}:{number}: expected '<tokens> (<speaker>-<utterance>)'")
        if match[2] in table:
            raise InputError(f"{path}:{number}: ({match[2]}) stands there already")
        table[match[2]] = match[1].split()
    if not table:
        raise InputError(f"{path}: no utterances to score")
    return table


def align(reference: Sequence[str], hypothesis: Sequence[str], ignore_case: bool = True) -> list[Pair]:
    """Pairs of tokens along a shortest edit path.

    Args:
        reference: What was said.
        hypothesis: What was recognised.
        ignore_case: Whether ``A`` equals ``a``, as sclite has it without ``-s``.
    """
    from rapidfuzz.distance import Levenshtein

    fold = str.lower if ignore_case else str
    pairs: list[Pair] = []
    for operation in Levenshtein.opcodes([fold(word) for word in reference], [fold(word) for word in hypothesis]):
        left = reference[operation.src_start : operation.src_end]
        right = hypothesis[operation.dest_start : operation.dest_end]
        if operation.tag == "delete":
            pairs.extend((word, None) for word in left)
        elif operation.tag == "insert":
            pairs.extend((None, word) for word in right)
        else:
            pairs.extend(zip(left, right))
    return pairs


def verdict(pair: Pair, ignore_case: bool = True) -> str:
    """``C``, ``S``, ``D`` or ``I`` for one pair."""
    reference, hypothesis = pair
    if reference is None:
        return "I"
    if hypothesis is None:
        return "D"
    same = reference.lower() == hypothesis.lower() if ignore_case else reference == hypothesis
    return "C" if same else "S"


def score(references: dict[str, list[str]], hypotheses: dict[str, list[str]], ignore_case: bool = True) -> list[Scored]:
    """Align all utterances, in the references' order.

    Raises:
        InputError: If an utterance stands on one side only.
    """
    for here, there, side in ((references, hypotheses, "hypothesis"), (hypotheses, references, "reference")):
        missing = [name for name in here if name not in there]
        if missing:
            raise InputError(f"{len(missing)} utterances have no {side}, such as {', '.join(missing[:5])}")
    return [_score_one(name, words, hypotheses[name], ignore_case) for name, words in references.items()]


def _score_one(name: str, reference: list[str], hypothesis: list[str], ignore_case: bool) -> Scored:
    pairs = align(reference, hypothesis, ignore_case)
    marks = [verdict(pair, ignore_case) for pair in pairs]
    correct, substituted, deleted, inserted = (marks.count(mark) for mark in "CSDI")
    wrong = int(correct < len(marks))
    return Scored(name, pairs, Counts(1, correct, substituted, deleted, inserted, wrong))


def run_sclite(reference: str, hypothesis: str, options: Sequence[str]) -> list[str]:
    """The lines of NIST's scorer (https://github.com/usnistgov/SCTK), which has to be on PATH.

    Raises:
        InputError: If it fails, with what it says.
    """
    command = ["sclite", *options, "-r", reference, "trn", "-h", hypothesis, "trn", "-i", "rm", "-o", "all", "stdout"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode:
        complaint = (done.stderr or done.stdout)[-500:].strip()
        raise InputError(f"sclite failed on {reference} and {hypothesis}: {complaint}")
    return done.stdout.splitlines()
