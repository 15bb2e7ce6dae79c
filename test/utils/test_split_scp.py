"""utils/split_scp.pl."""

import pytest


def parts(box, number):
    return [box.read(f"out{i}").split() for i in range(1, number + 1)]


@pytest.mark.parametrize("lines, number", [(10, 3), (3, 3), (7, 1), (100, 7)])
def test_even_parts_in_order(box, lines, number):
    box.write("in", "".join(f"u{i}\n" for i in range(lines)))
    box.run("split_scp.pl", "in", *(f"out{i}" for i in range(1, number + 1)))
    got = parts(box, number)
    assert sum(got, []) == [f"u{i}" for i in range(lines)]
    assert [len(part) for part in got] == [lines // number + (i < lines % number) for i in range(number)]


def test_one_part(box):
    box.write("in", "a\nb\nc\n")
    assert box.run("split_scp.pl", "-j", 2, 0, "in").stdout == "a\nb\n"
    assert box.run("split_scp.pl", "-j", 2, 2, "--one-based", "in").stdout == "c\n"
    box.run("split_scp.pl", "-j", 2, 1, "in", "out")
    assert box.read("out") == "c\n"
    box.run("split_scp.pl", "-j", 2, 2, "in", code=1)
    box.run("split_scp.pl", "-j", 2, 0, "--one-based", "in", code=1)


def test_fewer_lines_than_parts(box):
    box.write("in", "a\nb\n")
    assert "in has 2 lines, which is less than the 3 parts" in box.run("split_scp.pl", "in", "o1", "o2", "o3", code=1).stderr
    assert set(box.snapshot()) == {"in"}


@pytest.mark.parametrize("sizes", [[1, 1, 10], [10, 1, 1], [3, 3, 3, 3], [1, 20, 1, 1], [5] * 9])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_speakers_stay_together(box, sizes, number):
    box.write("utt2spk", "".join(f"s{s}-u{u} s{s}\n" for s, size in enumerate(sizes) for u in range(size)))
    box.run("split_scp.pl", "--utt2spk=utt2spk", "utt2spk", *(f"out{i}" for i in range(1, number + 1)))
    speakers = [{line.split()[1] for line in box.read(f"out{i}").splitlines()} for i in range(1, number + 1)]
    assert all(speakers) and sum(map(len, speakers)) == len(sizes)
    assert "".join(box.read(f"out{i}") for i in range(1, number + 1)) == box.read("utt2spk")


def test_speaker_refusals(box):
    box.write("utt2spk", "a s\nb t\nc s\n")
    box.write("in", "a\nx\n")
    assert "'x' of in is not in utt2spk" in box.run("split_scp.pl", "--utt2spk=utt2spk", "in", "o1", code=1).stderr
    assert "do not stand together" in box.run("split_scp.pl", "--utt2spk=utt2spk", "utt2spk", "o1", code=1).stderr
    box.write("in", "a\n")
    assert "1 speakers" in box.run("split_scp.pl", "--utt2spk=utt2spk", "in", "o1", "o2", code=1).stderr
