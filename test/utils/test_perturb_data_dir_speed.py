"""utils/perturb_data_dir_speed.sh."""

import pytest


def test_new_ids_old_audio(box):
    box.data_dir()
    box.write("data/utt2dur", "".join(f"{utt} 1.8\n" for utt in box.table("data/text")))
    box.write("data/spk2gender", "s1 m\ns2 f\ns3 m\n")
    box.write("data/feats.scp", "".join(f"{utt} x.ark:1\n" for utt in box.table("data/text")))
    box.write("data/utt2num_samples", "".join(f"{utt} 16000\n" for utt in box.table("data/text")))
    box.run("perturb_data_dir_speed.sh", "0.9", "data", "out")
    for name in ("text", "wav.scp"):
        assert box.table(f"out/{name}") == {f"sp0.9-{utt}": value for utt, value in box.table(f"data/{name}").items()}
    assert box.table("out/utt2spk") == {f"sp0.9-{utt}": f"sp0.9-{spk}" for utt, spk in box.table("data/utt2spk").items()}
    assert box.table("out/reco2speed") == {f"sp0.9-{utt}": "0.9" for utt in box.table("data/text")}
    assert box.table("out/utt2uniq") == {f"sp0.9-{utt}": utt for utt in box.table("data/text")}
    assert set(box.table("out/utt2dur").values()) == {"2"}
    assert box.table("out/spk2gender") == {"sp0.9-s1": "m", "sp0.9-s2": "f", "sp0.9-s3": "m"}
    assert not {"feats.scp", "utt2num_samples"} & {path.name for path in (box.folder / "out").iterdir()}
    box.run("validate_data_dir.sh", "--no-feats", "out")


def test_segments(box):
    box.data_dir(has_segments=True)
    box.write("data/segments", box.read("data/segments").replace("s3-u2 s3 4.0 5.5", "s3-u2 s3 4.0 4.01"))
    box.write("data/note", "s1-u1 x\n")
    box.run("perturb_data_dir_speed.sh", "--utt_extra_files", "note", "1.1", "data", "out")
    segments = box.table("out/segments")
    assert segments["sp1.1-s1-u1"] == "sp1.1-s1 1.8182 3.1818"
    assert "sp1.1-s3-u2" not in segments and len(segments) == len(box.table("out/text")) == 5
    assert box.table("out/reco2speed") == {f"sp1.1-s{s}": "1.1" for s in (1, 2, 3)}
    assert box.read("out/note") == "sp1.1-s1-u1 x\n"


def test_twice(box):
    box.data_dir()
    box.run("perturb_data_dir_speed.sh", "0.9", "data", "once")
    box.run("perturb_data_dir_speed.sh", "1.1", "once", "twice")
    assert box.table("twice/reco2speed")["sp1.1-sp0.9-s1-u1"] == "0.99"
    assert box.table("twice/utt2uniq")["sp1.1-sp0.9-s1-u1"] == "s1-u1"


def test_three_speeds_in_one_folder(box):
    """Stage 2 of asr.sh."""
    box.data_dir()
    for factor in ("0.9", "1.1"):
        box.run("perturb_data_dir_speed.sh", factor, "data", f"data_sp{factor}")
    box.run("combine_data.sh", "data_sp", "data_sp0.9", "data", "data_sp1.1")
    box.run("validate_data_dir.sh", "--no-feats", "data_sp")
    speeds = box.table("data_sp/reco2speed")
    assert len(speeds) == 18 and speeds["s1-u1"] == "1.0" and speeds["sp1.1-s1-u1"] == "1.1"


@pytest.mark.parametrize("factor", ["0", "-1", "fast", "1,1", ""])
def test_no_speed(box, factor):
    box.data_dir()
    before = box.snapshot()
    assert f"'{factor}' is no speed" in box.run("perturb_data_dir_speed.sh", factor, "data", "out", code=1).stderr
    assert box.snapshot() == before


def test_a_bad_source_leaves_nothing(box):
    box.data_dir()
    box.write("data/wav.scp", "other x.wav\n")
    before = box.snapshot()
    assert "out would not be a valid data folder" in box.run("perturb_data_dir_speed.sh", "0.9", "data", "out", code=1).stderr
    assert box.snapshot() == before
