"""utils/filter_scp.pl and utils/filter_scps.pl."""

import pytest

LINES = "u1 /a b/é  x.wav\nu2  cmd \"q\" |\nu3\tz\n"


@pytest.mark.parametrize(
    "args, kept",
    [(["ids"], [0, 2]), (["--exclude", "ids"], [1]), (["-f", "1", "ids"], [0, 2]), (["empty"], []), (["--exclude", "empty"], [0, 1, 2])],
)
def test_lines_stay_as_they_are(box, args, kept):
    box.write("ids", "u3 whatever\nu1\nu9\n")
    box.write("empty", "")
    expected = "".join(LINES.splitlines(keepends=True)[i] for i in kept)
    assert box.run("filter_scp.pl", *args, stdin=LINES).stdout == expected
    box.write("in", LINES)
    assert box.run("filter_scp.pl", *args, "in").stdout == expected


def test_by_another_column(box):
    box.write("speakers", "s1\n")
    assert box.run("filter_scp.pl", "-f", 2, "speakers", stdin="u1 s1\nu2 s2\n").stdout == "u1 s1\n"
    assert "-:1: has no column 3" in box.run("filter_scp.pl", "-f", 3, "speakers", stdin="u1 s1\n", code=1).stderr
    assert "cannot read absent" in box.run("filter_scp.pl", "absent", code=1).stderr


def test_bytes_of_any_encoding(box):
    box.write("ids", b"caf\xe9\n")
    box.write("in", b"caf\xe9 \xff\xa0\x85\ncafe x\n")
    box.run("filter_scps.pl", "JOB=1:1", "ids", "in", "out")
    assert (box.folder / "out").read_bytes() == b"caf\xe9 \xff\xa0\x85\n"


def test_many_lists_in_one_pass(box):
    box.write("ids.1", "u1\nu3\n")
    box.write("ids.2", "u3\n")
    box.write("in", LINES)
    result = box.run("filter_scps.pl", "JOB=1:2", "ids.JOB", "in", "out.JOB")
    first, _, third = LINES.splitlines(keepends=True)
    assert (box.read("out.1"), box.read("out.2")) == (first + third, third)
    assert "1 lines of in are in no list" in result.stderr
    assert box.run("filter_scps.pl", "--no-warn", "X=1:2", "ids.X", "in", "out.X").stderr == ""
    assert "lacks JOB" in box.run("filter_scps.pl", "JOB=1:2", "ids.1", "in", "out.JOB", code=1).stderr
    assert "bad job range" in box.run("filter_scps.pl", "JOB=2", "ids.1", "in", "out.JOB", code=1).stderr
