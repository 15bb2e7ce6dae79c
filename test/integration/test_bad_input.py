"""Bad input at the real doors: one message that names file, line, utterance and the fix; nothing that was there is lost.

A full disk is also tested in ``test/espnet2/train/test_checkpoint.py``, each fault of a data folder in
``test/espnet2/fileio/test_check_data_dir.py``, each broken sound file in ``test/espnet2/fileio/test_audio.py``.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from espnet2.bin import asr_inference, asr_train, format_wav_scp, length_filter
from espnet2.utils.door import run_door
from test.integration.tones import RATE, WORDS, make_recipe, run_in, write_set
from test.shared import SHARED, needs_shared

SETS = ("--train_set", "train", "--valid_set", "dev", "--test_sets", "test")
OPTIONS = (
    *SETS, "--fs", "8k", "--token_type", "char", "--use_lm", "false", "--asr_config", "asr.yaml",
    "--ngpu", "0", "--nj", "2", "--inference_nj", "1",
)  # fmt: skip


@pytest.fixture
def recipe(tmp_path, monkeypatch) -> Path:
    """A sound recipe of 6 + 2 + 2 utterances; the tests break it. Its folder is the current one."""
    folder = tmp_path / "asr1"
    make_recipe(folder)
    rng = np.random.default_rng(0)
    for name, number in (("train", 6), ("dev", 2), ("test", 2)):
        write_set(folder, name, number, rng)
    monkeypatch.chdir(folder)
    return folder


def asr_sh(recipe: Path, *args: str) -> str:
    """What a failing asr.sh says."""
    done = run_in(recipe, "./asr.sh", *args)
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout


def replace_value(table: Path, row: int, value: str) -> str:
    """Give a row (from 0) of a table another value; its id."""
    lines = table.read_text().splitlines()
    key = lines[row].split()[0]
    lines[row] = f"{key} {value}"
    table.write_text("".join(f"{line}\n" for line in lines))
    return key


def write_sound(name: str, samples: np.ndarray, rate: int = RATE) -> str:
    soundfile.write(name, samples, rate, "FLOAT")
    return name


def write_lengths(table: Path, lengths: Path) -> None:
    """Half a second for each id of a table."""
    lengths.write_text("".join(f"{line.split()[0]} 4000\n" for line in table.read_text().splitlines()))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def door(capfd) -> Callable[..., str]:
    """``door(main, word...)``: what a failing door says after its command line."""

    def call(main: Callable, *words: str) -> str:
        with pytest.raises(SystemExit) as stop:
            run_door(lambda: main(words))
        assert stop.value.code in (1, 2)
        told = capfd.readouterr().err
        assert "Traceback" not in told
        return told

    return call


# ----- options -----
def test_unknown_option_of_asr_sh(recipe):
    told = asr_sh(recipe, *SETS, "--asr_confg", "asr.yaml")
    assert "unknown option --asr_confg. Did you mean 'asr_config'?" in told
    assert "unknown option --stgae. Did you mean 'stage'?" in asr_sh(recipe, *SETS, "--stgae", "3")
    assert "no stage is called 'asr_trian'. Did you mean 'asr_train'?" in asr_sh(recipe, *SETS, "--stage", "asr_trian")


def test_missing_train_set(recipe):
    assert "ERROR: --train_set is required: the folder under data/ to train on" in asr_sh(recipe, *SETS[2:])


def test_unknown_flag_and_yaml_keys_of_asr_train(recipe, door):
    assert "unknown option --max_epohc. Did you mean '--max_epoch'?" in door(asr_train.main, "--max_epohc", "3")
    (recipe / "bad.yaml").write_text("max_epoch: 3\noptmi: adam\n")
    assert door(asr_train.main, "--config", "bad.yaml").endswith(
        "ERROR: bad.yaml: unknown key 'optmi'. Did you mean 'optim'?\n"
    )
    words = training(recipe, "--encoder_conf", "num_block=2")
    assert "encoder_conf: TransformerEncoder has no option 'num_block'. Did you mean 'num_blocks'?" in door(
        asr_train.main, *words
    )
    assert not (recipe / "exp").exists()


# ----- data folders: stage 3 -----
def stage_3(recipe: Path, *args: str) -> str:
    return asr_sh(recipe, *OPTIONS, "--stage", "3", "--stop_stage", "3", *args)


def test_all_defects_of_all_sets_are_told_together(recipe):
    """Of eight kinds; the samples are read too when something else is wrong."""
    train, dev = recipe / "data/train", recipe / "data/dev"
    replace_value(train / "wav.scp", 0, "wavs/none.wav")
    replace_value(train / "wav.scp", 1, "cat wavs/none.wav |")
    replace_value(train / "wav.scp", 2, write_sound("wavs/nan.wav", np.full(800, np.nan, np.float32)))
    replace_value(train / "text", 0, "ONE\r")
    with open(train / "text", "a") as stream:
        stream.write("train1-05 TWICE\ntrain9-99 EXTRA\n")
    lines = (dev / "text").read_text().splitlines()
    (dev / "text").write_bytes(f"{lines[0]} ".encode() + "É\n".encode("latin1"))
    replace_value(dev / "wav.scp", 1, write_sound("wavs/stereo.wav", np.zeros((800, 2))))
    (recipe / "data/test/spk2utt").unlink()
    told = stage_3(recipe)
    for expected in (
        "data/train/wav.scp:1: unusable audio: wavs/none.wav: no such audio file",
        "data/train/wav.scp:2: unusable audio: cat wavs/none.wav |: exit code 1: cat: wavs/none.wav",
        "data/train/wav.scp:3: unusable audio: wavs/nan.wav: sample 0 is NaN",
        r"data/train/text:1: CR line end",
        r"mend: sed -i 's/\r$//' data/train/text",
        "data/train/text:7: an id twice: 'train1-05' stands in line 6 already",
        "data/train/text:8: an id that utt2spk lacks: 'train9-99'",
        "mend: utils/fix_data_dir.sh data/train",
        "data/dev/text:1: not UTF-8",
        "mend: iconv -f latin1 -t utf-8 data/dev/text",
        "data/dev/utt2spk:2: an id that text lacks: 'dev1-01'",
        "data/dev/wav.scp:2: another number of channels: wavs/stereo.wav: 2 where 1 is expected",
        "--ref_channels 0",
        "data/test/spk2utt: no such file",
    ):
        assert expected in told, (expected, told)
    assert "ERROR: 10 problems in data/train data/dev data/test:" in told
    assert "Stage 3 (format) failed" in told and not (recipe / "dump").exists()


@needs_shared
def test_broken_kaldi_folder(recipe):
    shutil.rmtree(recipe / "data/train")
    shutil.copytree(SHARED / "data/dirty/kaldi_broken", recipe / "data/train")
    told = stage_3(recipe)
    for line in ("utt2spk:3", "text:1", "text:2", "text:3", "text:4", "wav.scp:1", "wav.scp:3", "wav.scp:4", "wav.scp:5", "wav.scp:6"):
        assert f"data/train/{line}: " in told, (line, told)


@needs_shared
def test_broken_sound_files(recipe):
    names = ("truncated.wav", "truncated_header.wav", "zero_bytes.wav", "zero_samples.wav", "text_named.wav", "html_named.mp3")
    for row, name in enumerate(names):
        replace_value(recipe / "data/train/wav.scp", row, str(SHARED / "data/dirty" / name))
    told = stage_3(recipe, "--fs", "16k")
    for row, name in enumerate(names):
        assert re.search(rf"data/train/wav\.scp:{row + 1}: unusable audio: \S*{re.escape(name)}: ", told), (name, told)


@needs_shared
def test_more_channels_than_expected(recipe, door):
    """Headers are looked at first; a pipe is only run by the format stage."""
    replace_value(recipe / "data/train/wav.scp", 1, str(SHARED / "data/dirty/8ch.wav"))
    assert "8ch.wav: 8 where 1 is expected" in stage_3(recipe)
    uid = replace_value(recipe / "data/train/wav.scp", 1, f"cat {SHARED}/data/dirty/8ch.wav |")
    told = door(format_wav_scp.main, "--num_channels", "1", "data/train/wav.scp", "out")
    assert f"data/train/wav.scp:2: '{uid}': " in told
    assert "8 channels where 1 is expected; choose, such as --ref_channels 0" in told
    format_wav_scp.main(["--num_channels", "1", "--ref_channels", "0", "data/train/wav.scp", "out"])


def test_another_rate_where_nothing_resamples(recipe):
    told = stage_3(recipe, "--feats_type", "raw_copy", "--fs", "16k")
    assert "data/train/wav.scp:1: another sampling rate: wavs/train0.wav: 8000 Hz" in told
    assert "mend: resample to 16000 Hz" in told


@pytest.mark.slow
def test_faults_in_samples_are_told_by_all_jobs_and_leave_the_earlier_dump(recipe):
    """Where only the samples are wrong, the jobs of the format stage find it; messages name the user's file and line."""
    done = run_in(recipe, "./asr.sh", *OPTIONS, "--stage", "3", "--stop_stage", "3")
    assert done.returncode == 0, done.stdout
    tables = {name: (recipe / "dump/raw/org/train" / name).read_bytes() for name in ("wav.scp", "text", "utt2num_samples")}
    inf = np.zeros(800, np.float32)
    inf[7] = np.inf
    scp = recipe / "data/train/wav.scp"
    replace_value(scp, 0, write_sound("wavs/inf.wav", inf))
    replace_value(scp, 4, "cat wavs/none.wav |")
    replace_value(scp, 5, write_sound("wavs/nan.wav", np.full(800, np.nan, np.float32)))
    told = stage_3(recipe)
    for expected in (
        "data/train/wav.scp:1: 'train0-00': wavs/inf.wav: sample 7 is NaN or infinite",
        "data/train/wav.scp:5: 'train1-03': cat wavs/none.wav |: exit code 1",
        "data/train/wav.scp:6: 'train1-05': wavs/nan.wav: sample 0 is NaN or infinite",
    ):
        assert told.count(expected) == 1, (expected, told)
    for name, before in tables.items():
        assert (recipe / "dump/raw/org/train" / name).read_bytes() == before


# ----- length filter: stage 4 -----
def test_nothing_is_left(recipe, door):
    train = recipe / "data/train"
    write_lengths(train / "text", train / "utt2num_samples")
    shutil.copytree(train, "filtered")
    before = contents(recipe / "filtered")
    words = ("--in_dir", "data/train", "--out_dir", "filtered", "--max_seconds", "20", "--fs", "8k")
    told = door(length_filter.main, *words, "--min_seconds", "5")
    assert "ERROR: data/train: no utterance is left\n" in told
    assert "6 left: too short (not above 5.0 s), such as train0-00 (0.50 s)" in told
    assert contents(recipe / "filtered") == before


# ----- training and decoding -----
def training(recipe: Path, *args: str, train: str = "data/train") -> list[str]:
    """The words of a training on ``data`` as it is; makes the token list and the shape files."""
    letters = sorted(set("".join(WORDS)))
    (recipe / "tokens.txt").write_text("\n".join(["<blank>", "<unk>", "<space>", *letters, "<sos/eos>"]) + "\n")
    words = ["--config", "asr.yaml", "--token_type", "char", "--token_list", "tokens.txt", "--output_dir", "exp"]
    words += ["--frontend_conf", f"fs={RATE}", "--max_epoch", "1", "--num_workers", "0", "--num_att_plot", "0"]
    words += ["--use_matplotlib", "false", "--use_tensorboard", "false", "--fold_length", "80000"]
    for mode, folder in (("train", train), ("valid", "data/dev")):
        shape = recipe / f"{mode}_speech_shape"
        write_lengths(recipe / folder / "text", shape)
        words += [f"--{mode}_shape_file", str(shape)]
        for triple in ("wav.scp,speech,sound", "text,text,text"):
            words += [f"--{mode}_data_path_and_name_and_type", f"{folder}/{triple}"]
    return [*words, *args]


def test_training_data_at_another_rate_than_the_front_end(recipe, door):
    told = door(asr_train.main, *training(recipe, "--frontend_conf", "fs=16k"))
    for name in ("train", "dev"):
        assert f"data/{name}/wav.scp:1: utterance '{name}0-00': wavs/{name}0.wav: 8000 Hz, but the model works at 16000 Hz" in told
    assert "with --fs 16000), or train a model with --frontend_conf fs=8000" in told
    assert told.count("ERROR: ") == 1 and not (recipe / "exp/config.yaml").exists()


def test_token_list_without_unk(recipe, door):
    words = training(recipe)
    (recipe / "tokens.txt").write_text((recipe / "tokens.txt").read_text().replace("<unk>\n", ""))
    assert "ERROR: tokens.txt: no '<unk>' in the token list; add it as the second line\n" in door(asr_train.main, *words)


def test_all_problems_of_the_training_data_are_told_before_it_starts(recipe, door):
    words = training(recipe)
    replace_value(recipe / "data/train/wav.scp", 2, "wavs/none.wav")
    (recipe / "data/train/text").write_bytes((recipe / "data/train/text").read_bytes().replace(b"\n", b"\r\n"))
    (recipe / "data/dev/text").write_text("dev0-00 ONE\n")
    told = door(asr_train.main, *words)
    assert "1 of 6 files looked for are missing, such as line 3 'train0-04' wavs/none.wav" in told
    assert "data/train/text:1: CR at the line's end" in told
    assert "data/dev/text: lacks 1 of the 2 ids of" in told and told.count("ERROR: ") == 1


@pytest.fixture
def trained(recipe, capfd) -> Path:
    """A recogniser of one epoch."""
    asr_train.main(training(recipe))
    capfd.readouterr()
    return recipe / "exp"


def test_what_does_not_fit_leaves_an_experiment_as_it_was(recipe, trained, door):
    """Neither a model of another size than the checkpoint, nor data that miss, touch config.yaml or the weights."""
    before = contents(trained)
    told = door(asr_train.main, *training(recipe, "--resume", "true", "--encoder_conf", "num_blocks=2"))
    assert "checkpoint.pth does not fit the model and optimiser of these options" in told
    (recipe / "data/train/text").unlink()
    words = training(recipe, train="data/dev")
    door(asr_train.main, *[word.replace("data/dev/text", "data/train/text") for word in words])
    assert contents(trained) == before


def write_short(recipe: Path, num_samples: int = 300) -> str:
    return replace_value(recipe / "data/train/wav.scp", 1, write_sound("wavs/short.wav", np.full(num_samples, 0.1)))


def test_training_utterance_shorter_than_the_subsampling_is_named_and_left_out(recipe, capfd):
    """300 samples are 4 frames, and conv2d needs 7. The limit is exact: with 480 samples the utterance is trained on."""
    uid = write_short(recipe)
    words = training(recipe)
    asr_train.main(words)
    told = capfd.readouterr().err
    expected = f"data/train/wav.scp:2: utterance '{uid}': 'speech' is too short: 300 samples, but the model needs 480"
    assert told.count(f"Left out a damaged utterance (1 of at most 100): {expected}") == 1
    write_short(recipe, 480)
    asr_train.main([*words, "--output_dir", "exp2"])
    assert "Left out" not in capfd.readouterr().err


def decoding(recipe: Path, scp: str) -> list[str]:
    words = ["--asr_train_config", "exp/config.yaml", "--asr_model_file", "exp/1epoch.pth", "--output_dir", "decoded"]
    return [*words, "--data_path_and_name_and_type", f"{scp},speech,sound", "--num_workers", "0", "--beam_size", "2"]


def test_decoding_an_utterance_that_is_too_short_gives_a_blank(recipe, trained):
    write_sound("short.wav", np.full(300, 0.1))
    (recipe / "short.scp").write_text("a short.wav\nb wavs/test0.wav\n")
    asr_inference.main([*decoding(recipe, "short.scp"), "--maxlenratio", "0.2"])
    lines = (recipe / "decoded/1best_recog/token").read_text().splitlines()
    assert lines[0] == "a <space>" and lines[1].startswith("b")


def test_decoding_audio_at_another_rate_is_one_error(recipe, trained, door):
    (recipe / "decoded/1best_recog").mkdir(parents=True)
    (recipe / "decoded/1best_recog/text").write_text("of an earlier run\n")
    for name in ("a", "b"):
        write_sound(f"{name}.wav", np.zeros(16000), 16000)
    (recipe / "other.scp").write_text("a a.wav\nb b.wav\n")
    told = door(asr_inference.main, *decoding(recipe, "other.scp"), "--strict_rate", "true")
    assert "ERROR: other.scp:1: utterance 'a': a.wav: 16000 Hz, but the model works at 8000 Hz: resample the audio" in told
    assert told.count("16000 Hz") == 1
    assert (recipe / "decoded/1best_recog/text").read_text() == "of an earlier run\n"


# ----- whole stages -----
def prepared(recipe: Path) -> None:
    done = run_in(recipe, "./asr.sh", *OPTIONS, "--stage", "3", "--stop_stage", "5")
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_a_line_without_text_and_mixed_rates_pass_and_are_told(recipe):
    """Stage 4 drops the one and counts it; stage 3 resamples the others."""
    replace_value(recipe / "data/train/text", 1, "")
    replace_value(recipe / "data/train/wav.scp", 2, write_sound("wavs/16k.wav", np.full(16000, 0.1), 16000))
    done = run_in(recipe, "./asr.sh", *OPTIONS, "--stage", "3", "--stop_stage", "5")
    assert done.returncode == 0, done.stdout
    assert "Note: data/train/text:2: nothing after the id: 'train0-02'" in done.stdout
    assert "Note: data/train/wav.scp: 2 sampling rates, in Hz: 8000 (5 files), 16000 (1 files)" in done.stdout
    assert "1 left: empty text, such as train0-02" in done.stdout
    assert "train0-04 8000\n" in (recipe / "dump/raw/train/utt2num_samples").read_text()


@pytest.mark.slow
def test_everything_filtered_away_leaves_the_earlier_folder(recipe):
    prepared(recipe)
    before = contents(recipe / "dump/raw/train")
    told = asr_sh(recipe, *OPTIONS, "--stage", "4", "--stop_stage", "4", "--min_wav_duration", "19")
    assert "ERROR: dump/raw/org/train: no utterance is left" in told and "Stage 4 (length_filter) failed" in told
    assert contents(recipe / "dump/raw/train") == before


@pytest.mark.slow
def test_the_reason_of_a_failed_job_is_shown_once(recipe):
    """In stage 10 by all of its jobs, in stage 11 by run.pl below launch: a token list without <unk>, another rate."""
    prepared(recipe)
    tokens = recipe / "data/token_list/char/tokens.txt"
    whole = tokens.read_text()
    tokens.write_text(whole.replace("<unk>\n", ""))
    reason = "ERROR: data/token_list/char/tokens.txt: no '<unk>' in the token list"
    told = asr_sh(recipe, *OPTIONS, "--stage", "10", "--stop_stage", "10")
    assert told.count("ERROR: ") == told.count(reason) == 1
    tokens.write_text(whole)
    done = run_in(recipe, "./asr.sh", *OPTIONS, "--stage", "10", "--stop_stage", "10")
    assert done.returncode == 0, done.stdout
    told = asr_sh(recipe, *OPTIONS, "--fs", "16k", "--stage", "11", "--stop_stage", "11")
    assert told.count("ERROR: ") == told.count("data/train/wav.scp:1: utterance 'train0-00'".replace("data", "dump/raw")) == 1
    assert "8000 Hz, but the model works at 16000 Hz" in told
    assert len(told.splitlines()) < 20, "the log's other lines are in the log"


@pytest.mark.slow
def test_an_utterance_that_is_too_short_leaves_the_statistics(recipe):
    write_short(recipe)
    args = (*OPTIONS, "--min_wav_duration", "0.01")
    done = run_in(recipe, "./asr.sh", *args, "--stage", "3", "--stop_stage", "10", "--nj", "1")
    assert done.returncode == 0, done.stdout
    stats = recipe / "exp/asr_stats_raw_char"
    assert "utterance 'train0-02': 'speech' is too short" in (stats / "logdir/stats.1.log").read_text()
    shapes = [line.split()[0] for line in (stats / "train/speech_shape").read_text().splitlines()]
    assert len(shapes) == 5 and "train0-02" not in shapes


@pytest.mark.slow
def test_full_disk_during_training(recipe, trained):
    """The limit of a file's size stands for the disk: what was written before stays whole, and the run can go on."""
    before = (trained / "checkpoint.pth").read_bytes()
    words = [*training(recipe, "--resume", "true", "--max_epoch", "2")]
    limit = f"ulimit -f {len(before) // 2048}; exec \"$@\""
    done = run_in(recipe, "bash", "-c", limit, "-", "python", "-m", "espnet2.bin.asr_train", *words)
    assert done.returncode == 1 and "Traceback" not in done.stdout
    assert re.search(r"ERROR: The disk is full or a quota is reached: .* Earlier files are whole: make room", done.stdout)
    assert (trained / "checkpoint.pth").read_bytes() == before
    assert all(torch.load(path, weights_only=True) for path in trained.glob("*.pth"))
    assert not [path for path in trained.iterdir() if "tmp" in path.name or "new" in path.name]
    done = run_in(recipe, "python", "-m", "espnet2.bin.asr_train", *words)
    assert done.returncode == 0 and (trained / "2epoch.pth").exists(), done.stdout
