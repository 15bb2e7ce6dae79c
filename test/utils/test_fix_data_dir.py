"""utils/fix_data_dir.sh."""

import pytest


def drop(box, name, *ids):
    lines = box.read(f"data/{name}").splitlines(keepends=True)
    box.write(f"data/{name}", "".join(line for line in lines if line.split()[0] not in ids))


def test_a_good_folder_stays_as_it_is(box):
    box.data_dir()
    before = box.snapshot("data")
    assert box.run("fix_data_dir.sh", "data").stdout == "fix_data_dir.sh: kept all 6 utterances.\n"
    after = box.snapshot("data")
    assert {name: text for name, text in after.items() if not name.startswith(".backup")} == before
    assert {f".backup/{name}" for name in before} < set(after)


def test_who_went_and_for_which_file(box):
    box.data_dir()
    drop(box, "text", "s1-u1", "s2-u2")
    drop(box, "wav.scp", "s3-u2")
    box.write("data/wav.scp", box.read("data/wav.scp") + "x1 a.wav\n")
    out = box.run("fix_data_dir.sh", "data").stdout
    assert "data: 2 utterances are not in text, the first is 's1-u1'\n" in out
    assert "data: 1 utterances are not in wav.scp, the first is 's3-u2'\n" in out
    assert "data/wav.scp: dropped 1 lines of utterances that are not in utt2spk\n" in out
    assert out.endswith("kept 3 utterances out of 6\n")
    for name in ("utt2spk", "text", "wav.scp"):
        assert list(box.table(f"data/{name}")) == ["s1-u2", "s2-u1", "s3-u1"]
    assert box.read("data/spk2utt") == "s1 s1-u2\ns2 s2-u1\ns3 s3-u1\n"
    box.run("validate_data_dir.sh", "--no-feats", "data")


def test_order_repeats_and_broken_lines(box):
    box.data_dir()
    good = box.table("data/wav.scp")
    lines = box.read("data/wav.scp").splitlines()
    box.write("data/wav.scp", "\n".join(["", *reversed(lines), "s1-u1 other.wav", "s9", ""]))
    box.write("data/text", box.read("data/text").replace("\n", "\r\n"))
    out = box.run("fix_data_dir.sh", "data").stdout
    assert "data/wav.scp: dropped 2 lines that are empty or lack a column" in out
    assert "data/wav.scp: dropped 1 lines with an id that an earlier line has" in out
    assert box.table("data/wav.scp") == good
    assert "\r" not in box.read("data/text")
    box.run("validate_data_dir.sh", "--no-feats", "data")


def test_segments_and_recordings(box):
    box.data_dir(has_segments=True)
    drop(box, "wav.scp", "s1")
    box.write("data/segments", box.read("data/segments").replace("s2-u1 s2 2.0 3.5", "s2-u1 s2 2.0 1.0"))
    box.write("data/reco2dur", "s1 9\ns2 9\ns3 9\n")
    out = box.run("fix_data_dir.sh", "data").stdout
    assert "data/segments: dropped 1 lines whose end does not lie behind the start" in out
    assert "data/segments: dropped 2 lines whose recording is not in wav.scp" in out
    assert list(box.table("data/segments")) == ["s2-u2", "s3-u1", "s3-u2"]
    assert list(box.table("data/wav.scp")) == list(box.table("data/reco2dur")) == ["s2", "s3"]


def test_speakers_without_gender_go(box):
    box.data_dir()
    box.write("data/spk2gender", "s1 m\ns3 f\n")
    assert "1 speakers are not in spk2gender, the first is 's2'" in box.run("fix_data_dir.sh", "data").stdout
    assert set(box.table("data/utt2spk").values()) == {"s1", "s3"}


def test_extra_files_are_filtered_but_decide_nothing(box):
    box.data_dir()
    box.write("data/note", "s9-u9 x\ns1-u1 a b\n")
    box.write("data/spk2age", "s3 1\ns0 2\n")
    box.write("data/reco2speed", "s1-u1 0.9\nx 1\n")
    box.write("data/utt2num_samples", "s1-u1 100\nx 1\n")
    out = box.run("fix_data_dir.sh", "--utt_extra_files", "note nope", "--spk-extra-files=spk2age", "data").stdout
    assert "kept all 6" in out
    assert box.read("data/note") == "s1-u1 a b\n" and box.read("data/spk2age") == "s3 1\n"
    assert box.read("data/reco2speed") == "s1-u1 0.9\n" and box.read("data/utt2num_samples") == "s1-u1 100\n"


@pytest.mark.parametrize("name, text, message", [
    ("text", "other a\n", "no utterance would remain of 6; nothing is changed"),
    ("utt2spk", "a1_x a1\na_x a\n", 'line 2: speaker "a" comes after "a1"; nothing is changed'),
    ("utt2spk", "", "utt2spk does not exist or is empty"),
])  # fmt: skip
def test_a_failure_changes_nothing(box, name, text, message):
    box.data_dir()
    box.write(f"data/{name}", text)
    if "a1_x" in text:
        box.write("data/wav.scp", "a1_x 1\na_x 2\n")
        (box.folder / "data/text").unlink()
    before = box.snapshot()
    assert message in box.run("fix_data_dir.sh", "data", code=1).stderr
    assert box.snapshot() == before


def test_other_things_in_the_folder_stay(box):
    box.data_dir()
    box.write("data/data/format.1/x.flac", "sound")
    box.write("data/notes.txt", "mine")
    box.run("fix_data_dir.sh", "data")
    assert box.read("data/data/format.1/x.flac") == "sound" and box.read("data/notes.txt") == "mine"
