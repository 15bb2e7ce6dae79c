"""Error counts of worked examples, invariants of any, and the report's form."""

import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espnet2.bin.score_trn import main
from espnet2.text.scoring import Counts, align, read_trn, score
from espnet2.utils.errors import InputError


@pytest.mark.parametrize(
    "reference, hypothesis, counts",
    [
        ("a b c", "a b c", (3, 0, 0, 0)),
        ("a b c", "a x c d", (2, 1, 0, 1)),
        ("a b c", "", (0, 0, 3, 0)),
        ("", "a", (0, 0, 0, 1)),
        ("A b", "a B", (2, 0, 0, 0)),
        ("the cat sat on the mat", "the cat sat the mat now", (5, 0, 1, 1)),
    ],
)
def test_worked_examples(reference, hypothesis, counts):
    (scored,) = score({"s-u": reference.split()}, {"s-u": hypothesis.split()})
    assert tuple(scored.counts)[1:5] == counts
    assert scored.speaker == "s"


def test_case_matters_if_asked():
    (scored,) = score({"s_u": ["A"]}, {"s_u": ["a"]}, ignore_case=False)
    assert scored.counts == Counts(1, 0, 1, 0, 0, 1) and scored.speaker == "s"
    assert scored.counts.percentages() == [0, 100, 0, 0, 100, 100]


def _distance(a, b):
    """Levenshtein, Soviet Physics Doklady 10(8), 1966, by the textbook's table."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row, last = [i], row
        for j, y in enumerate(b, 1):
            row.append(min(last[j] + 1, row[-1] + 1, last[j - 1] + (x != y)))
    return row[-1]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from("abc"), max_size=8), st.lists(st.sampled_from("abc"), max_size=8))
def test_alignment_is_a_shortest_path(reference, hypothesis):
    pairs = align(reference, hypothesis)
    assert [left for left, _ in pairs if left is not None] == reference
    assert [right for _, right in pairs if right is not None] == hypothesis
    assert sum(left != right for left, right in pairs) == _distance(reference, hypothesis)


@pytest.fixture
def trn(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.path.dirname(os.__file__))  # no sclite
    (tmp_path / "ref").write_text("A B C\t(s1-u1)\nHI WIDE WORLD\t(s2-u2)\n\t(s2-u3)\n")
    (tmp_path / "hyp").write_text("q (s2-u3)\nA x C D\t(s1-u1)\nHI WORLD (s2-u2)\n")
    return tmp_path


def test_report(trn):
    main(["--ref", str(trn / "ref"), "--hyp", str(trn / "hyp"), "--out", str(trn / "result.txt")])
    text = (trn / "result.txt").read_text()
    first_two = [line for line in text.splitlines() if re.search("Avg|SPKR", line)][:2]
    cells = [" ".join(line.replace("|", " ").split()) for line in first_two]
    assert cells == ["SPKR # Snt # Wrd Corr Sub Del Ins Err S.Err", "Sum/Avg 3 6 66.7 16.7 16.7 33.3 66.7 100.0"]
    assert re.search(r"\| s2 +\| +2 +3 \| +66.7 +0.0 +33.3 +33.3 +66.7 +100.0 \|", text)
    assert "id: (s1-u1)\nScores: (#C #S #D #I) 2 1 0 1\nREF:  A B C *\nHYP:  A x C D\nEval:   S   I\n" in text
    assert "REF:  HI WIDE WORLD\nHYP:  HI **** WORLD\nEval:    D\n" in text


def test_options_that_only_sclite_has_are_told(trn, capsys):
    main(["--ref", str(trn / "ref"), "--hyp", str(trn / "hyp"), "--sclite_opts", "-s -e utf-8"])
    assert "its options -e utf-8 have no effect" in capsys.readouterr().err


def test_sclite_is_used_where_it_is(trn, monkeypatch, capsys):
    (trn / "sclite").write_text('#!/bin/sh\necho "sclite $*"\n')
    (trn / "sclite").chmod(0o755)
    monkeypatch.setenv("PATH", f"{trn}:/bin:/usr/bin")
    main(["--ref", "r", "--hyp", "h", "--sclite_opts", "-s"])
    assert capsys.readouterr().out == "sclite -s -r r trn -h h trn -i rm -o all stdout\n"
    (trn / "sclite").write_text("#!/bin/sh\necho alas >&2; exit 1\n")
    with pytest.raises(InputError, match="sclite failed.*alas"):
        main(["--ref", "r", "--hyp", "h"])


def test_refusals(trn):
    (trn / "hyp").write_text("A (s1-u1)\n")
    with pytest.raises(InputError, match="2 utterances have no hypothesis, such as s2-u2, s2-u3"):
        main(["--ref", str(trn / "ref"), "--hyp", str(trn / "hyp")])
    with pytest.raises(InputError, match="2 utterances have no reference"):
        main(["--ref", str(trn / "hyp"), "--hyp", str(trn / "ref")])
    for content, message in [("A B\n", "hyp:1: expected"), ("A (x)\nB (x)\n", "hyp:2: .x. stands"), ("", "no utterances")]:
        (trn / "hyp").write_text(content)
        with pytest.raises(InputError, match=message):
            read_trn(trn / "hyp")
