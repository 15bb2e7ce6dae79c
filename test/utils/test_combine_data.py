"""utils/combine_data.sh."""

import pytest


@pytest.fixture
def two(box):
    box.data_dir("a")
    box.data_dir("raw_b")
    box.run("copy_data_dir.sh", "--utt-prefix", "b-", "--spk-prefix", "b-", "raw_b", "b")
    return box


def test_both_in_one(two):
    out = two.run("combine_data.sh", "c", "a", "b").stdout
    assert "joined a b in c: 12 utterances" in out
    for name in ("utt2spk", "text", "wav.scp"):
        assert two.table(f"c/{name}") == two.table(f"a/{name}") | two.table(f"b/{name}")
    two.run("validate_data_dir.sh", "--no-feats", "c")
    assert not (two.folder / "c/.backup").exists()


def test_files_that_only_some_have(two):
    two.write("a/utt2lang", "".join(f"{utt} en\n" for utt in two.table("a/text")))
    two.write("a/utt2uniq", "".join(f"{utt} u\n" for utt in two.table("a/text")))
    two.write("b/reco2speed", "".join(f"{utt} 0.9\n" for utt in two.table("b/text")))
    out = two.run("combine_data.sh", "c", "a", "b").stdout
    assert "utt2lang is left out: only 1 of 2 folders have it" in out
    assert not (two.folder / "c/utt2lang").exists()
    assert two.table("c/utt2uniq") == two.table("a/utt2uniq") | {utt: utt for utt in two.table("b/text")}
    assert two.table("c/reco2speed") == dict.fromkeys(two.table("a/text"), "1.0") | two.table("b/reco2speed")


def test_segments_are_made_for_folders_without(two):
    two.data_dir("s", has_segments=True)
    two.run("copy_data_dir.sh", "--utt-prefix", "t-", "--spk-prefix", "t-", "s", "t")
    two.write("a/utt2dur", "".join(f"{utt} 2.5\n" for utt in two.table("a/text")))
    two.run("combine_data.sh", "c", "a", "t")
    assert two.table("c/segments") == two.table("t/segments") | {utt: f"{utt} 0 2.5" for utt in two.table("a/text")}
    assert two.table("c/wav.scp") == two.table("t/wav.scp") | two.table("a/wav.scp")
    two.run("validate_data_dir.sh", "--no-feats", "c")


def test_shared_lines_are_taken_once(two):
    two.run("combine_data.sh", "c", "a", "b", "a")
    assert len(two.table("c/text")) == 12


def test_an_id_of_two_things_is_refused(two):
    two.write("b/utt2spk", "s1-u1 other\n")
    before = two.snapshot()
    stderr = two.run("combine_data.sh", "c", "a", "b", code=1).stderr
    assert "utt2spk: 's1-u1' has different lines in a b" in stderr and "--utt-prefix" in stderr
    assert two.snapshot() == before


def test_extra_files_and_skip_fix(two):
    for name in "ab":
        two.write(f"{name}/note", "".join(f"{utt} n\n" for utt in two.table(f"{name}/text")))
    two.write("a/text", "")
    two.run("combine_data.sh", "--extra-files", "note", "--skip-fix", "true", "c", "a", "b")
    assert len(two.table("c/note")) == 12 and len(two.table("c/text")) == 6
    two.run("combine_data.sh", "--extra_files=note", "c", "a", "b")
    assert len(two.table("c/note")) == 6
    assert "destination" in two.run("combine_data.sh", "a", "a", "b", code=1).stderr


def test_a_failure_keeps_the_older_result(two):
    two.run("combine_data.sh", "c", "a", "b")
    before = two.snapshot("c")
    two.write("a/text", "x y\n")
    two.write("b/text", "z y\n")
    assert "c would not be a valid data folder" in two.run("combine_data.sh", "c", "a", "b", code=1).stderr
    assert two.snapshot("c") == before
