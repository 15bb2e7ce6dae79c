"""Everything that is wrong is told at once."""

from pathlib import Path

import pytest

from espnet2.train.data_check import check_training_inputs
from espnet2.utils.errors import InputError
from test.shared import SHARED, needs_shared


@pytest.fixture
def write(tmp_path: Path):
    """Write a file of lines; returns its path."""

    def write_(name: str, *lines: str) -> str:
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
        return str(tmp_path / name)

    return write_


def test_good_data_pass(write, tmp_path):
    (tmp_path / "a.wav").touch()
    wav = write("wav.scp", f"a {tmp_path}/a.wav", "b cat x |", "c unused.ark:5")
    text = write("text", "c z", "b y", "a x")
    shapes = [write("speech_shape", "a 3", "b 4"), write("text_shape.char", "b 1,9", "a 2,9")]
    files = [(wav, "speech", "sound"), (text, "text", "text")]
    check_training_inputs(files, shapes, ("speech", "text"), ())
    check_training_inputs([*files, (text, "more", "text")], shapes, ("speech",), ("text",), allow_variable=True)


def test_every_problem_in_one_message(write, tmp_path):
    wav = write("wav.scp", "a nowhere.wav", "c nowhere.wav")
    files = [(wav, "speech", "sound"), (str(tmp_path / "none"), "text", "text"), (wav, "texd", "text")]
    shapes = [write("speech_shape", "a 3", "b 4", "d 5"), write("text_shape", "a 1", "b x")]
    with pytest.raises(InputError) as caught:
        check_training_inputs(files, shapes, ("speech", "text"), ("text_spk2",))
    message = str(caught.value)
    for part in (
        "5 problems with the training data:",
        "the data 'texd' is unknown. Did you mean 'text'?",
        "text_shape:2: expected '<id> <number>",
        f"{wav}: lacks 2 of the 3 ids of {tmp_path}/speech_shape, such as 'b' (line 2), 'd' (line 3)",
        f"{wav}: 2 of 2 files looked for are missing, such as line 1 'a' nowhere.wav",
        f"{tmp_path}/none: No such file",
    ):
        assert part in message, part


def test_shapes_and_names(write):
    text = write("text", "a x", "b y")
    with pytest.raises(InputError, match="(?s)'speech' is missing.*'text' is given twice.*no shape file"):
        check_training_inputs([(text, "text", "text")] * 2, [], ("speech", "text"), ())
    shapes = [write("speech_shape", "a 3"), write("text_shape", "a 1", "b 1")]
    with pytest.raises(InputError, match=r"(?s)1 problem with.*speech_shape: lacks 1 of the 2 ids of \S+text_shape"):
        check_training_inputs([(text, "text", "text")], shapes, ("text",), ())


@needs_shared
def test_dirty_recordings_are_refused_one_by_one(tmp_path):
    """What the list says must be an error is one when it is read, with the line; the rest reads."""
    from espnet2.train.dataset import ESPnetDataset

    dirty = SHARED / "data" / "dirty"
    rows = [line.split("\t") for line in (dirty / "expected.tsv").read_text().splitlines() if "\t" in line]
    names = [name for name, _ in rows if " " not in name and (dirty / name).is_file()]
    (tmp_path / "wav.scp").write_text("".join(f"{name} {dirty / name}\n" for name in names))
    dataset = ESPnetDataset([(str(tmp_path / "wav.scp"), "speech", "sound")], allow_multi_rates=True)
    for line, name in enumerate(names, 1):
        if "must raise" in dict(rows)[name]:
            with pytest.raises(InputError, match=f"wav.scp:{line}: utterance '{name}'"):
                dataset[name]
        elif dict(rows)[name].startswith("ok:"):
            assert len(dataset[name][1]["speech"]) > 0
