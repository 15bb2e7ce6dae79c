"""utils/apply_map.pl."""

import pytest


@pytest.mark.parametrize(
    "args, given, expected",
    [
        ([], "a b\n", "x y z\n"),
        (["-f", "1"], "a  a\tb \n", "x y  a\tb \n"),
        (["-f", "2-"], "a b  b\n", "a z  z\n"),
        (["-f", "2-3"], "b b b b\n", "b z z b\n"),
        (["-f", "-2"], "b b b\n", "z z b\n"),
        (["--permissive"], "q a\n", "q x y\n"),
        (["-f", "1"], "b\n", "z\n"),
        (["-f", "1"], "e v\n", " v\n"),
    ],
)
def test_replacement(box, args, given, expected):
    box.write("map", "a x y\nb z\ne\n")
    assert box.run("apply_map.pl", *args, "map", stdin=given).stdout == expected


def test_refusals(box):
    box.write("map", "a x\n")
    assert "line 2: 'q' is not in map" in box.run("apply_map.pl", "map", stdin="a\nq\n", code=1).stderr
    assert "bad range" in box.run("apply_map.pl", "-f", "0", "map", code=1).stderr
    box.write("map", "a x\na y\n")
    assert "map:2: 'a' has two replacements" in box.run("apply_map.pl", "map", code=1).stderr
