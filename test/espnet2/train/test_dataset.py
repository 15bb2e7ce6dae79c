"""Data types, caches and refusals of the data set and its streaming sister."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import soundfile

from espnet2.fileio.kaldi_ark import KaldiArkWriter
from espnet2.train.dataset import ESPnetDataset
from espnet2.train.input_needs import InputNeeds
from espnet2.train.iterable_dataset import IterableESPnetDataset
from espnet2.train.readers import DATA_TYPES
from espnet2.utils.errors import InputError


@pytest.fixture
def write(tmp_path: Path):
    """Write a file of lines; returns its path."""

    def write_(name: str, *lines: str) -> str:
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
        return str(tmp_path / name)

    return write_


@pytest.fixture
def wav(tmp_path: Path):
    """Write a sound file of constant samples; returns its path."""

    def wav_(name: str, value: float = 0.5, length: int = 10, rate: int = 16000, channels: int = 1) -> str:
        samples = np.full((length, channels), value, np.float32)
        soundfile.write(tmp_path / name, samples, rate, subtype="FLOAT")
        return str(tmp_path / name)

    return wav_


def read(path: str, kind: str, uid: str = "a", **kwargs):
    return ESPnetDataset([(path, "x", kind)], lambda uid, data: data, **kwargs)[uid][1]["x"]


def test_sound(write, wav):
    scp = write("wav.scp", f"a {wav('a.wav')}", f"b {wav('b.wav', channels=2)}")
    assert read(scp, "sound").shape == (10,) and read(scp, "sound", "b").shape == (10, 2)
    assert read(scp, "sound").dtype == np.float32 and np.allclose(read(scp, "sound"), 0.5)
    assert read(scp, "sound", float_dtype="float64").dtype == np.float64


def test_several_files_on_a_line(write, wav):
    scp = write("wav.scp", f"a {wav('1.wav', 0.1)} {wav('2.wav', 0.2)}", f"b {wav('3.wav')} {wav('4.wav', length=7)}")
    assert np.allclose(read(scp, "multi_columns_sound"), [[0.1, 0.2]] * 10)
    stacked = read(scp, "variable_columns_sound", "b")
    assert stacked.shape == (2, 10) and np.isnan(stacked[1, 7:]).all() and np.isfinite(stacked[:, :7]).all()
    with pytest.raises(InputError, match=r"wav.scp:2: utterance 'b': .*different lengths: \[10, 7\]"):
        read(scp, "multi_columns_sound", "b")


def test_rates(write, wav):
    """The corpus's rate is that of its first readable file, whichever utterance is read first."""
    scp = write("wav.scp", "z missing.wav", f"a {wav('a.wav')}", f"b {wav('b.wav', rate=8000)}")
    with pytest.raises(InputError, match="utterance 'b': .*8000 Hz, where the corpus begins with 16000 Hz"):
        read(scp, "sound", "b")
    assert len(read(scp, "sound", "b", allow_multi_rates=True)) == 10


def test_kaldi_ark(tmp_path, write, wav):
    with KaldiArkWriter(tmp_path / "x.ark", tmp_path / "x.scp") as writer:
        writer["a"] = np.arange(6, dtype=np.float32).reshape(3, 2)
        writer.write_audio("b", Path(wav("b.wav")).read_bytes())
        writer["c"] = np.array([[np.nan]], np.float32)
    scp = str(tmp_path / "x.scp")
    assert read(scp, "kaldi_ark").tolist() == [[0, 1], [2, 3], [4, 5]]
    assert np.allclose(read(scp, "kaldi_ark", "b"), 0.5) and read(scp, "kaldi_ark", "b").shape == (10,)
    with pytest.raises(InputError, match="x.scp:3: utterance 'c': .*NaN"):
        read(scp, "kaldi_ark", "c")


def test_arrays_and_numbers(tmp_path, write):
    np.save(tmp_path / "a.npy", np.ones((2, 3)))
    assert read(write("npy.scp", f"a {tmp_path}/a.npy"), "npy").shape == (2, 3)
    assert read(write("n", "a 3 4 5"), "text_int").tolist() == [3, 4, 5]
    assert read(write("n", "a 3,4"), "csv_int").dtype == np.int64
    assert np.allclose(read(write("n", "a 0.5 2"), "text_float"), [0.5, 2])
    assert read(write("n", "a 0.5,2"), "csv_float").dtype == np.float32
    assert read(write("n", "a 3,4"), "rand_float").shape == (3, 4)
    drawn = read(write("n", "a 300"), "rand_int_-2_5")
    assert drawn.shape == (300,) and drawn.min() == -2 and drawn.max() == 4
    with pytest.raises(InputError, match="n:2: utterance 'b'"):
        read(write("n", "a 1", "b one"), "text_int", "b")


def test_texts(write):
    lines = {"x y", "z"}
    dataset = ESPnetDataset([(write("text", "a hello  world"), "text", "text"), (write("l", *lines), "r", "random_text")])
    with pytest.raises(InputError, match="utterance 'a': 'text' is str where numbers are needed"):
        dataset["a"]
    seen = {}
    dataset.preprocess = lambda uid, data: seen.update(data) or {"x": np.zeros(1)}
    drawn = {(dataset["a"], seen["r"])[1] for _ in range(50)}
    assert seen["text"] == "hello  world" and drawn == lines


def test_rttm(write):
    rttm = write(
        "rttm",
        "SPEAKER a 1 0 3 <NA> <NA> ann <NA>",
        "SPEAKER a 1 2 5 <NA> <NA> bob <NA>",
        "END a <NA> 6 <NA> <NA> <NA> <NA>",
    )
    assert read(rttm, "rttm").T.tolist() == [[1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 0]]
    with pytest.raises(InputError, match="no END line of utterance 'b'"):
        read(rttm, "rttm", "b")
    with pytest.raises(InputError, match="rttm:1: not a SPEAKER or END line"):
        read(write("rttm", "NOISE a"), "rttm")


def test_refusals(write, wav):
    scp = write("wav.scp", f"a {wav('a.wav')}")
    with pytest.raises(InputError, match="data type 'sond' is unknown. Did you mean 'sound'"):
        read(scp, "sond")
    with pytest.raises(InputError, match="there is no utterance 'b'"):
        read(scp, "sound", "b")
    with pytest.raises(InputError, match="'x' is given twice"):
        ESPnetDataset([(scp, "x", "sound"), (scp, "x", "sound")])
    with pytest.raises(InputError, match="No data"):
        ESPnetDataset([])

    def refuse(uid, data):
        raise InputError("not so")

    with pytest.raises(InputError, match="utterance 'a': not so"):
        ESPnetDataset([(scp, "x", "sound")], refuse)["a"]


def test_pickles_without_its_tables(write):
    many = write("n", *(f"utt{i} {i}" for i in range(5000)))
    dataset = ESPnetDataset([(many, "x", kind) for kind in ("text_int",)])
    words = pickle.dumps(dataset)
    assert len(words) < 2000
    assert pickle.loads(words)["utt17"][1]["x"].tolist() == [17] and dataset.names() == ("x",)


def test_cache_is_bounded(write, tmp_path):
    path = write("n", "a 1", "b 2")
    dataset = ESPnetDataset([(path, "x", "text_int")], max_cache_size=8)
    assert dataset["a"][1]["x"].tolist() == [1] and dataset["b"][1]["x"].tolist() == [2]
    assert dataset.cache.get("a") is not None and dataset.cache.get("b") is None
    assert dataset["a"][1]["x"].tolist() == [1]


def test_stream_follows_the_keys_whatever_the_files_order(write):
    files = [(write("x", "a 1", "b 2", "c 3"), "x", "text_int"), (write("y", "c 3", "a 1", "b 2"), "y", "csv_int")]
    stream = IterableESPnetDataset(files, key_file=write("keys", "c -", "a -"))
    assert [uid for uid, _ in stream] == ["c", "a"] and len(stream) == 2 and stream.has_name("y")
    assert all(np.array_equal(data["x"], data["y"]) for _, data in IterableESPnetDataset(files))
    assert [uid for uid, _ in IterableESPnetDataset(files)] == ["a", "b", "c"]
    with pytest.raises(InputError, match="there is no utterance 'd'"):
        list(IterableESPnetDataset(files, key_file=write("keys", "d -")))


def test_the_table_covers_the_documented_types():
    documented = "sound multi_columns_sound variable_columns_sound kaldi_ark npy text random_text text_int csv_int"
    documented += " text_float csv_float hdf5 rand_float rttm"
    assert set(documented.split()) == set(DATA_TYPES)


def test_needs_of_the_model(tmp_path, write):
    """Other rates and too little sound are refused where they are read, also after the way to a worker process."""
    for name, rate, length in (("a", 8000, 400), ("b", 8000, 399), ("c", 16000, 400)):
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(length), rate)
    scp = write("wav.scp", *(f"{name} {tmp_path}/{name}.wav" for name in "abc"))
    needs = InputNeeds({"x": 8000}, {"x": 400})
    dataset = pickle.loads(pickle.dumps(ESPnetDataset([(scp, "x", "sound")], needs=needs)))
    dataset.check_first_sounds()
    assert len(dataset["a"][1]["x"]) == 400
    with pytest.raises(InputError, match=r"wav.scp:2: utterance 'b': 'x' is too short: 399 samples, but the model needs 400"):
        dataset["b"]
    with pytest.raises(InputError, match=r"wav.scp:3: utterance 'c': .*c.wav: 16000 Hz, but the model works at 8000 Hz"):
        dataset["c"]
    with pytest.raises(InputError, match=r"wav.scp:1: utterance 'a': .*model works at 16000 Hz"):
        ESPnetDataset([(scp, "x", "sound")], needs=InputNeeds({"x": 16000})).check_first_sounds()
