"""utils/copy_data_dir.sh."""


def test_a_plain_copy_is_the_same(box):
    box.data_dir(has_segments=True)
    box.write("data/reco2speed", "s1 0.9\ns2 1.0\ns3 1.1\n")
    box.write("data/feats_type", "raw\n")
    box.write("data/note", "s1-u1 x\n")
    result = box.run("copy_data_dir.sh", "--validate_opts", "--non-print", "--utt_extra_files", "note", "data", "deep/copy")
    assert "Successfully validated data-directory deep/copy" in result.stdout
    assert box.snapshot("data") == box.snapshot("deep/copy")
    assert {path.name for path in box.folder.iterdir()} == {"data", "deep"}
    assert [path.name for path in (box.folder / "deep").iterdir()] == ["copy"]


def test_new_ids(box):
    box.data_dir()
    box.write("data/spk2gender", "s1 m\ns2 f\ns3 m\n")
    box.run("copy_data_dir.sh", "--utt-prefix", "x&/", "--spk-prefix=x&/", "--utt-suffix", "$1-é", "data", "copy")
    ids = [f"x&/s{s}-u{u}$1-é" for s in (1, 2, 3) for u in (1, 2)]
    for name in ("utt2spk", "text", "wav.scp"):
        assert list(box.table(f"copy/{name}")) == ids
    assert list(box.table("copy/wav.scp").values()) == list(box.table("data/wav.scp").values())
    assert set(box.table("copy/utt2spk").values()) == set(box.table("copy/spk2gender")) == {"x&/s1", "x&/s2", "x&/s3"}


def test_recordings_keep_their_ids_below_segments(box):
    box.data_dir(has_segments=True)
    box.run("copy_data_dir.sh", "--utt-prefix", "s1-", "--spk-prefix", "s1-", "data", "copy")
    assert box.read("copy/wav.scp") == box.read("data/wav.scp")
    assert box.read("copy/segments").splitlines()[0] == "s1-s1-u1 s1 2.0 3.5"


def test_suffixes_are_sorted_again(box):
    """'a' before 'a-1', but 'a_x' behind 'a-1_x'."""
    box.write("data/utt2spk", "a a\na-1 a-1\n")
    box.write("data/wav.scp", "a 1.wav\na-1 2.wav\n")
    box.run("copy_data_dir.sh", "--utt-suffix", "_x", "--spk-suffix", "_x", "data", "copy")
    assert box.read("copy/wav.scp") == "a-1_x 2.wav\na_x 1.wav\n"


def test_over_an_older_folder(box):
    box.data_dir()
    box.write("copy/text", "old text\n")
    box.write("copy/feats.scp", "old feats\n")
    box.write("copy/logs/x.log", "kept")
    box.run("copy_data_dir.sh", "data", "copy")
    assert box.read("copy/text") == box.read("data/text")
    assert box.read("copy/.backup/text") == "old text\n" and box.read("copy/.backup/feats.scp") == "old feats\n"
    assert box.read("copy/logs/x.log") == "kept" and not (box.folder / "copy/feats.scp").exists()


def test_a_bad_source_leaves_no_destination(box):
    box.data_dir()
    box.write("data/text", "s1-u1 a\n")
    before = box.snapshot()
    stderr = box.run("copy_data_dir.sh", "data", "copy", code=1).stderr
    assert "copy/text: 5 of the ids in utt2spk are not here" in stderr
    assert "copy would not be a valid data folder and is not written" in stderr
    assert box.snapshot() == before
    assert "does not exist" in box.run("copy_data_dir.sh", "nope", "copy", code=1).stderr
    assert "same folder" in box.run("copy_data_dir.sh", "data", "./data/", code=1).stderr
    assert box.snapshot() == before
