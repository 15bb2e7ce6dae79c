"""asr.sh on features instead of audio: from a handful of real utterances to hypotheses."""

import sys

import pytest
import yaml

from test.shared import SHARED, needs_shared

LIBRI = SHARED / "data" / "libri_tiny" / "data" / "train"
MODEL = """
encoder: transformer
encoder_conf: {output_size: 16, attention_heads: 2, linear_units: 16, num_blocks: 1}
decoder: transformer
decoder_conf: {attention_heads: 2, linear_units: 16, num_blocks: 1}
max_epoch: 1
num_workers: 0
batch_type: folded
batch_size: 4
"""


def table(name: str) -> dict[str, str]:
    return dict(line.split(maxsplit=1) for line in (LIBRI / name).read_text().splitlines())


def write_real_data(recipe) -> None:
    """Six utterances in each folder; those of ``train`` are cut out by a ``segments`` file."""
    paths, texts = table("wav.scp"), table("text")
    ids = sorted(paths)[:18]
    for name, part in (("train", ids[:6]), ("dev", ids[6:12]), ("test", ids[12:])):
        folder = recipe.folder / "data" / name
        keys = [f"{uid}-cut" for uid in part] if name == "train" else part
        (folder / "wav.scp").write_text("".join(f"{uid} {SHARED}/data/{paths[uid]}\n" for uid in part))
        if name == "train":
            (folder / "segments").write_text("".join(f"{key} {uid} 0.5 3.0\n" for key, uid in zip(keys, part)))
        (folder / "text").write_text("".join(f"{key} {texts[uid][:20]}\n" for key, uid in zip(keys, part)))
        for file in ("utt2spk", "spk2utt"):
            (folder / file).write_text("".join(f"{key} {key}\n" for key in keys))


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize(("feats_type", "dimensions"), [("fbank_pitch", 83), ("fbank", 80)])
def test_features_train_and_decode(recipe, feats_type, dimensions):
    write_real_data(recipe)
    (recipe.folder / "model.yaml").write_text(MODEL)
    dump, exp = recipe.folder / "dump" / feats_type, recipe.folder / "exp" / f"asr_model_{feats_type}_char"
    words = ["--python", sys.executable, "--feats_type", feats_type, "--stage", "3", "--stop_stage", "13", "--nj", "2"]
    words += ["--use_lm", "false", "--token_type", "char", "--ngpu", "0", "--asr_config", "model.yaml"]
    words += ["--inference_args", "--beam_size 1 --maxlenratio -2"]
    result = recipe.run(*words, OMP_NUM_THREADS="1")
    assert result.returncode == 0, result.stdout
    shapes = dict(line.split() for line in (dump / "train" / "feats_shape").read_text().splitlines())
    assert len(shapes) == 6 and set(shapes.values()) == {f"248,{dimensions}"}
    assert (dump / "train" / "feats_dim").read_text() == f"{dimensions}\n"
    assert (dump / "train" / "feats_type").read_text() == f"{feats_type}\n"
    assert not (dump / "train" / "wav.scp").exists() and not (dump / "org" / "train" / "segments").exists()
    shape_file = recipe.folder / "exp" / f"asr_stats_{feats_type}_char" / "train" / "speech_shape"
    assert dict(line.split() for line in shape_file.read_text().splitlines()) == shapes
    config = yaml.safe_load((exp / "config.yaml").read_text())
    assert config["input_size"] == dimensions and config["frontend"] is None and config["fold_length"] == [800, 150]
    speech = [f"dump/{feats_type}/train/feats.scp", "speech", "kaldi_ark"]
    assert list(config["train_data_path_and_name_and_type"][0]) == speech
    decoded = exp / "inference_beam_size1_maxlenratio-2_asr_model_valid.acc.ave" / "test"
    assert len((decoded / "text").read_text().splitlines()) == 6
    assert (decoded / "score_wer" / "result.txt").is_file()
    assert "--input_shift 10\n" in (decoded / "logdir" / "calculate_rtf.log").read_text()


def test_what_features_need_is_said(recipe):
    words = ["--stage", "3", "--feats_type", "fbank_pitch", "--multi_columns_input_wav_scp", "true"]
    result = recipe.run(*words)
    assert result.returncode == 1 and "several columns need --feats_type raw" in result.stdout
    words = ["--fbank_config", "conf/mine.conf", "data/train"]
    result = recipe.run(*words, sets=False, script="steps/make_fbank_pitch.sh")
    assert result.returncode == 1 and "--fbank_config conf/mine.conf: no such file" in result.stdout
    assert not recipe.calls("make_fbank_pitch")
