"""Scores in sclite's words: the tables by speaker and the alignments."""

from collections.abc import Iterator, Sequence

from espnet2.text.scoring import Counts, Scored, verdict

_HEADER = "# Snt  # Wrd |   Corr     Sub     Del     Ins     Err   S.Err"


def report(scored: Sequence[Scored], title: str, ignore_case: bool = True) -> Iterator[str]:
    """The lines of a ``result.txt``: percentages, raw counts, one block per utterance.

    Args:
        scored: The utterances.
        title: Stands above the tables, such as the hypotheses' file name.
        ignore_case: As it was scored.
    """
    by_speaker: dict[str, Counts] = {}
    for utterance in scored:
        by_speaker[utterance.speaker] = by_speaker.get(utterance.speaker, Counts()).plus(utterance.counts)
    total = Counts()
    for counts in by_speaker.values():
        total = total.plus(counts)
    yield from _table("SYSTEM SUMMARY PERCENTAGES by SPEAKER", title, by_speaker, ("Sum/Avg", total), _percentages)
    yield from _table("SYSTEM SUMMARY RAW COUNTS by SPEAKER", title, by_speaker, ("Sum", total), _raw)
    yield ""
    for utterance in scored:
        yield from _alignment(utterance, ignore_case)


def _percentages(counts: Counts) -> str:
    return " ".join(f"{value:7.1f}" for value in counts.percentages())


def _raw(counts: Counts) -> str:
    values = (counts.correct, counts.substitutions, counts.deletions, counts.insertions, counts.errors)
    return " ".join(f"{value:7d}" for value in (*values, counts.wrong_sentences))


def _table(heading: str, title: str, by_speaker: dict[str, Counts], total: tuple[str, Counts], cells) -> Iterator[str]:
    width = max(7, *(len(name) for name in by_speaker))

    def row(name: str, counts: Counts) -> str:
        return f"| {name:<{width}} | {counts.sentences:5d} {counts.words:6d} | {cells(counts)} |"

    head = f"| {'SPKR':<{width}} | {_HEADER} |"
    inner = len(head) - 2
    rule = f"|{'-' * inner}|"
    yield from ("", heading.center(len(head)).rstrip(), f",{'-' * inner}.")
    yield from (f"|{title.center(inner)}|", rule, head, rule)
    yield from (row(name, counts) for name, counts in by_speaker.items())
    yield from (f"|{'=' * inner}|", row(*total), f"`{'-' * inner}'")


def _alignment(utterance: Scored, ignore_case: bool) -> Iterator[str]:
    """Tokens below one another; wrong ones are marked, and stars stand where a token is missing."""
    counts = utterance.counts
    rows: tuple[list[str], list[str], list[str]] = ([], [], [])
    for pair in utterance.pairs:
        width = max(len(word) for word in pair if word is not None)
        mark = verdict(pair, ignore_case)
        cells = [word if word is not None else "*" * width for word in pair]
        for row, cell in zip(rows, [*cells, " " if mark == "C" else mark]):
            row.append(cell.ljust(width))
    yield f"id: ({utterance.name})"
    numbers = (counts.correct, counts.substitutions, counts.deletions, counts.insertions)
    yield f"Scores: (#C #S #D #I) {' '.join(map(str, numbers))}"
    for name, row in zip(("REF: ", "HYP: ", "Eval:"), rows):
        yield f"{name} {' '.join(row)}".rstrip()
    yield ""
