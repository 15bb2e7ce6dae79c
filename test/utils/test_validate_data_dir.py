"""utils/validate_data_dir.sh and utils/validate_text.pl: each rule, told with file, line and what mends it."""

import shutil

import pytest

from test.shared import SHARED, needs_shared

ARGS = ["--no-feats", "data"]


@pytest.mark.parametrize("has_segments", [False, True])
def test_a_good_folder(box, has_segments):
    box.data_dir(has_segments=has_segments)
    result = box.run("validate_data_dir.sh", *ARGS)
    assert result.stdout == "validate_data_dir.sh: Successfully validated data-directory data\n" and result.stderr == ""


# (file, line, what it becomes (None: deleted), message)
DAMAGES = [
    ("utt2spk", 2, "s1-u2", "data/utt2spk:2: expected 2 columns, found 1"),
    ("utt2spk", 2, "s1-u1 s1", "data/utt2spk:2: 's1-u1' stands in line 1 already"),
    ("utt2spk", 2, "s9-u2 s9", "data/utt2spk:3: 's2-u1' stands behind 's9-u2'"),
    ("utt2spk", 2, "s1-u2 s9", "data/spk2utt: does not say the same as utt2spk"),
    ("spk2utt", 1, "s1 s1-u1", "data/spk2utt: does not say the same as utt2spk"),
    ("text", 3, None, "data/text: 1 of the ids in utt2spk are not here, the first is 's2-u1'"),
    ("text", 3, "s2-u10 x", "data/text:3: 's2-u10' is not in utt2spk"),
    ("text", 3, "s2-u1 a\r", "data/text:3: carriage return at the end of the line"),
    ("text", 3, "s2-u1 caf\udce9", "data/text:3: not UTF-8"),
    ("text", 3, "s2-u1 a\u3000b", "data/text:3: U+3000 is a blank"),
    ("text", 3, "s2-u1 a\u00a0b", "data/text:3: U+00A0 is a blank"),
    ("text", 3, "s2-u1 a\u200bb", "data/text:3: U+200B cannot be printed"),
    ("text", 3, "s2-u1 a\x07b", "data/text:3: U+0007 cannot be printed"),
    ("text", 3, "s2-u1 a </s> b", "data/text:3: the word </s> is reserved"),
    ("text", 3, "s2-u1 #0", "data/text:3: the word #0 is reserved"),
    ("text", 3, "", "data/text:3: empty line"),
    ("wav.scp", 3, "s2-u1", "data/wav.scp:3: expected 2 or more columns"),
    ("wav.scp", 3, "s2-u1 ~/x.wav", "data/wav.scp:3: 's2-u1': write out the home folder"),
    ("wav.scp", 3, "s2-u1 x.wav\r", "data/wav.scp:3: carriage return"),
    ("wav.scp", 3, "s2-u1 \udce9.wav", "data/wav.scp:3: not UTF-8"),
    ("wav.scp", 3, None, "data/wav.scp: 1 of the ids in utt2spk are not here"),
]


def damage(box, file, line, new):
    path = box.folder / "data" / file
    lines = path.read_bytes().split(b"\n")
    lines[line - 1 : line] = [] if new is None else [new.encode(errors="surrogateescape")]
    path.write_bytes(b"\n".join(lines))


@pytest.mark.parametrize("file, line, new, message", DAMAGES)
def test_damages(box, file, line, new, message):
    box.data_dir()
    damage(box, file, line, new)
    before = box.snapshot()
    assert message in box.run("validate_data_dir.sh", *ARGS, code=1).stderr
    assert box.snapshot() == before


@pytest.mark.parametrize(
    "line, new, message",
    [
        (1, "s1-u1 s1 2.0", "data/segments:1: expected 4 columns, found 3"),
        (1, "s1-u1 s1 2.0 2.0", "the end (2.0 s) must lie behind the start (2.0 s)"),
        (1, "s1-u1 s1 2.0 -1", "the end (-1 s) must lie behind"),
        (1, "s1-u1 s1 a 3", "start and end are times in seconds, not 'a' and '3'"),
        (1, None, "1 of the ids in utt2spk are not here"),
        (6, "s3-u2 s9 1 2", "data/wav.scp: 1 of the ids in the recordings of segments are not here, the first is 's9'"),
    ],
)
def test_segments(box, line, new, message):
    box.data_dir(has_segments=True)
    damage(box, "segments", line, new)
    assert message in box.run("validate_data_dir.sh", *ARGS, code=1).stderr


@pytest.mark.parametrize(
    "file, value, message",
    [
        ("utt2dur", "0", "a duration must be above 0"),
        ("utt2num_frames", "2.5", "expected a count above 0"),
        ("utt2lang", "en de", "expected 2 columns"),
        ("reco2dur", "-1", "a duration must be above 0"),
        ("reco2speed", "x", "a speed must be above 0"),
        ("reco2file_and_channel", "f C", "a channel is A or B"),
        ("spk2gender", "x", "a gender is m or f"),
        ("spk2warp", "2", "between 0.5 and 1.5"),
    ],
)
def test_further_files(box, file, value, message):
    box.data_dir()
    good = {"reco2file_and_channel": "f A", "spk2gender": "m"}.get(file, "1")
    ids = ["s1", "s2", "s3"] if file.startswith("spk") else [f"s{s}-u{u}" for s in (1, 2, 3) for u in (1, 2)]
    box.write(f"data/{file}", "".join(f"{key} {good}\n" for key in ids))
    box.run("validate_data_dir.sh", *ARGS)
    damage(box, file, 2, f"{ids[1]} {value}")
    assert f"data/{file}:2: " in (stderr := box.run("validate_data_dir.sh", *ARGS, code=1).stderr) and message in stderr
    damage(box, file, 2, None)
    assert "are not here" in box.run("validate_data_dir.sh", *ARGS, code=1).stderr


@pytest.mark.parametrize("file, option", [("text", "--no-text"), ("wav.scp", "--no_wav"), ("feats.scp", "--no-feats")])
def test_what_may_be_absent(box, file, option):
    box.data_dir()
    box.write("data/feats.scp", "".join(f"s{s}-u{u} x.ark:1\n" for s in (1, 2, 3) for u in (1, 2)))
    box.run("validate_data_dir.sh", "data")
    (box.folder / "data" / file).unlink()
    assert f"data/{file}: does not exist" in box.run("validate_data_dir.sh", "data", code=1).stderr
    box.run("validate_data_dir.sh", option, "data")


def test_speaker_order(box):
    """'_' sorts behind '1', so utterances of a and a1 come in the wrong order."""
    box.write("data/utt2spk", "a1_x a1\na_x a\n")
    box.write("data/spk2utt", "a a_x\na1 a1_x\n")
    box.write("data/wav.scp", "a1_x 1.wav\na_x 2.wav\n")
    stderr = box.run("validate_data_dir.sh", "--no-text", *ARGS, code=1).stderr
    assert 'data/utt2spk:2: speaker "a" comes after "a1"' in stderr
    assert "rule:" in stderr and "mend: rename the utterances to <speaker>-<utterance>" in stderr and "--no-spk-sort" in stderr
    box.run("validate_data_dir.sh", "--no-spk-sort", "--no-text", *ARGS)


def test_the_last_line_must_end(box):
    box.data_dir()
    box.write("data/text", box.read("data/text")[:-1])
    stderr = box.run("validate_data_dir.sh", *ARGS, code=1).stderr
    assert "data/text:6: the last line does not end" in stderr and "mend: echo >> data/text" in stderr


def test_all_problems_at_once_but_not_all_lines(box):
    box.data_dir(speakers=1, each=9)
    box.write("data/text", "".join(f"s1-u{i} a\r\n" for i in range(1, 10)))
    box.write("data/wav.scp", "")
    stderr = box.run("validate_data_dir.sh", *ARGS, code=1).stderr
    assert stderr.count("carriage return") == 3 and "data/text: 6 more lines like these" in stderr
    assert "data/wav.scp: has no lines" in stderr
    assert r"mend: sed -i 's/\r$//' data/text" in stderr


def test_one_speaker_is_a_warning(box):
    box.data_dir(speakers=1)
    assert "has only one speaker" in box.run("validate_data_dir.sh", *ARGS).stdout


def test_unprintable_characters_may_pass(box):
    box.write("text", "u1 a\u200bb\n")
    box.run("validate_text.pl", "text", code=1)
    box.run("validate_text.pl", "--non-print", "text")
    box.data_dir()
    damage(box, "text", 3, "s2-u1 a\u200bb")
    box.run("validate_data_dir.sh", "--non-print", *ARGS)


@pytest.mark.parametrize("line", ["u1 naïve  日本語 עברית", "u1", "u1 a\tb", "u1 \U0001f600", "u1 क्‍ष"])
def test_good_transcripts(box, line):
    box.write("text", f"{line}\n")
    box.run("validate_text.pl", "text")


def test_missing_folder_and_utt2spk(box):
    assert "data is no folder" in box.run("validate_data_dir.sh", *ARGS, code=1).stderr
    box.data_dir()
    (box.folder / "data/spk2utt").unlink()
    assert "mend: utils/utt2spk_to_spk2utt.pl data/utt2spk > data/spk2utt" in box.run("validate_data_dir.sh", *ARGS, code=1).stderr
    (box.folder / "data/utt2spk").unlink()
    assert "data/utt2spk: does not exist" in box.run("validate_data_dir.sh", *ARGS, code=1).stderr


@needs_shared
def test_the_broken_folder_we_keep(box):
    shutil.copytree(SHARED / "data/dirty/kaldi_broken", box.folder / "data")
    stderr = box.run("validate_data_dir.sh", *ARGS, code=1).stderr
    for place in ["utt2spk:3:", "text:1: carriage", "text:4: U+200B", "wav.scp:2:", "wav.scp:4: expected 2", "wav.scp:5: 'utt4' is not"]:
        assert f"data/{place}" in stderr
