"""utils/subset_data_dir.sh, subset_data_dir_tr_cv.sh, split_data.sh and data/remove_dup_utts.sh."""

import os

import pytest

ALL = [f"s{s}-u{u}" for s in range(1, 6) for u in range(1, 5)]


@pytest.fixture
def big(box):
    box.data_dir(speakers=5, each=4)
    return box


def subset(box, *args):
    box.run("subset_data_dir.sh", *args)
    box.run("validate_data_dir.sh", "--no-feats", "out")
    kept = list(box.table("out/utt2spk"))
    for name in ("text", "wav.scp"):
        assert box.table(f"out/{name}") == {utt: value for utt, value in box.table(f"data/{name}").items() if utt in kept}
    return kept


@pytest.mark.parametrize("number", [1, 3, 7, 20])
def test_even_spread(big, number):
    places = [ALL.index(utt) for utt in subset(big, "data", number, "out")]
    assert len(places) == number
    gaps = [b - a for a, b in zip(places, places[1:])]
    assert not gaps or max(gaps) - min(gaps) <= 1


def test_ends(big):
    assert subset(big, "--first", "data", 3, "out") == ALL[:3]
    assert subset(big, "--last", "data/", 3, "out") == ALL[-3:]


def test_speakers(big):
    assert len(subset(big, "--per-spk", "data", 2, "out")) == 10
    assert subset(big, "--per_spk", "data", 99, "out") == ALL
    some = subset(big, "--speakers", "data", 6, "out")
    assert len(some) == 8 and len({utt.split("-")[0] for utt in some}) == 2
    assert subset(big, "--speakers", "data", 6, "out") == some
    assert any(subset(big, "--speakers", "--seed", seed, "data", 6, "out") != some for seed in (1, 2, 3))


def test_shortest(big):
    big.write("data/utt2dur", "".join(f"{utt} {[3, 1e-1, 12, 4][i % 4]}\n" for i, utt in enumerate(ALL)))
    assert subset(big, "--shortest", "data", 5, "out") == [utt for utt in ALL if utt.endswith("u2")]


def test_lists(big):
    big.write("list", "s1-u2 x\ns5-u1\nunknown\n")
    assert subset(big, "--utt-list", "list", "data", "out") == ["s1-u2", "s5-u1"]
    big.write("list", "s2\ns4\n")
    assert subset(big, "--spk-list", "list", "data", "out") == [utt for utt in ALL if utt[1] in "24"]


def test_recordings_of_segments(box):
    box.data_dir(has_segments=True)
    box.write("data/reco2speed", "s1 0.9\ns2 1.0\ns3 1.1\n")
    box.write("data/spk2gender", "s1 m\ns2 f\ns3 m\n")
    box.run("subset_data_dir.sh", "--first", "data", 3, "out")
    assert list(box.table("out/wav.scp")) == list(box.table("out/reco2speed")) == list(box.table("out/spk2gender")) == ["s1", "s2"]
    box.run("validate_data_dir.sh", "--no-feats", "out")


@pytest.mark.parametrize(
    "args, message",
    [
        (["data", 21, "out"], "cannot choose 21 utterances, data has 20"),
        (["data", 0, "out"], "'0' is no number"),
        (["data", "many", "out"], "'many' is no number"),
        (["--utt-list", "absent", "data", "out"], "absent does not exist or is empty"),
        (["--utt-list", "data/spk2utt", "data", "out"], "no utterance of data is chosen by data/spk2utt"),
        (["nope", 1, "out"], "nope/utt2spk does not exist"),
    ],
)
def test_refusals(big, args, message):
    before = big.snapshot()
    assert message in big.run("subset_data_dir.sh", *args, code=1).stderr
    assert big.snapshot() == before


def test_training_and_validation_share_no_speaker(big):
    def sides(*options):
        big.run("subset_data_dir_tr_cv.sh", *options, "data", "tr", "cv")
        return [set(big.table(f"{name}/spk2utt")) for name in ("tr", "cv")]

    training, validation = sides("--cv-spk-percent", 40)
    assert len(validation) == 2 and not training & validation and len(training) == 3
    assert sides("--cv-spk-percent", 40) == [training, validation]
    assert any(sides("--cv-spk-percent", 40, "--seed", seed)[1] != validation for seed in (1, 2, 3))
    assert len(sides("--cv-spk-percent", 1)[1]) == 1
    big.write("list", "s3\ns1\n")
    assert sides("--cv-spk-list=list")[1] == {"s1", "s3"}
    assert "neither set may be empty" in big.run("subset_data_dir_tr_cv.sh", "--cv-spk-percent", 100, "data", "x", "y", code=1).stderr


@pytest.mark.parametrize("options, folder", [([], "split3"), (["--per-utt"], "split3utt")])
@pytest.mark.parametrize("has_segments", [False, True])
def test_split(box, options, folder, has_segments):
    box.data_dir(speakers=4, each=5, has_segments=has_segments)
    box.run("split_data.sh", *options, "data", 3)
    parts = [f"data/{folder}/{n}" for n in (1, 2, 3)]
    for part in parts:
        box.run("validate_data_dir.sh", "--no-feats", part)
    assert "".join(box.read(f"{part}/text") for part in parts) == box.read("data/text")
    speakers = [set(box.table(f"{part}/spk2utt")) for part in parts]
    assert (sum(map(len, speakers)) == 4) == (not options)
    assert {name for path in (box.folder / parts[0]).iterdir() for name in [path.name]} == {
        path.name for path in (box.folder / "data").iterdir() if path.is_file()
    }


def test_a_split_is_renewed_when_the_folder_is(box):
    box.data_dir()
    box.run("split_data.sh", "data", 2)
    made = (box.folder / "data/split2").stat().st_ino
    box.run("split_data.sh", "data", 2)
    assert (box.folder / "data/split2").stat().st_ino == made
    os.utime(box.folder / "data/text", (made_later := 2**32, made_later))
    box.run("split_data.sh", "data", 2)
    assert (box.folder / "data/split2").stat().st_ino != made
    assert "try --per-utt" in box.run("split_data.sh", "data", 4, code=1).stderr
    assert sorted(path.name for path in (box.folder / "data").iterdir() if path.is_dir()) == ["split2"]


def test_repeated_transcripts(big):
    big.write("data/text", "".join(f"{utt} {'same  words' if i % 2 else utt}\n" for i, utt in enumerate(ALL)))
    big.run("data/remove_dup_utts.sh", 3, "data", "out")
    assert list(big.table("out/text")) == [utt for i, utt in enumerate(ALL) if i % 2 == 0 or i < 6]
