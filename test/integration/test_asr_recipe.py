"""A small recipe from waveforms to scores through all of asr.sh: tones stand for spoken digits."""

import re
from pathlib import Path

import numpy as np
import pytest

from test.integration.tones import make_recipe, run_in, write_set

LM_YAML = "lm_conf: {unit: 16, nlayers: 1}\noptim: adam\nbatch_type: folded\nbatch_size: 8\nmax_epoch: 1\n"
DECODE_YAML = "beam_size: 3\nctc_weight: 0.5\nlm_weight: 0.1\nmaxlenratio: 0.3\n"


@pytest.fixture(scope="module")
def recipe(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tones") / "asr1"
    make_recipe(folder)
    rng = np.random.default_rng(0)
    write_set(folder, "train", 16, rng)
    write_set(folder, "dev", 4, rng)
    write_set(folder, "test", 4, rng, with_segments=True)
    (folder / "lm.yaml").write_text(LM_YAML)
    (folder / "decode.yaml").write_text(DECODE_YAML)
    return folder


def run(recipe: Path, *args: str) -> str:
    command = [
        "./asr.sh", "--train_set", "train", "--valid_set", "dev", "--test_sets", "test", "--fs", "8k",
        "--lang", "en", "--nbpe", "20",
        "--speed_perturb_factors", "0.9 1.0", "--asr_config", "asr.yaml", "--lm_config", "lm.yaml",
        "--inference_config", "decode.yaml", "--ngpu", "0", "--nj", "2", "--inference_nj", "2", *args,
    ]  # fmt: skip
    result = run_in(recipe, *command)
    assert result.returncode == 0, result.stdout[-8000:]
    return result.stdout


@pytest.fixture(scope="module")
def output(recipe) -> str:
    """What all stages say; the recipe's folder is finished then."""
    return run(recipe)


@pytest.mark.slow
def test_stages_1_to_13(recipe, output):
    stats, lm = recipe / "exp/asr_stats_raw_en_bpe20_sp", recipe / "exp/lm_lm_en_bpe20"
    exp = recipe / "exp/asr_asr_raw_en_bpe20_sp"
    decoded = exp / "decode_lm_lm_lm_en_bpe20_valid.loss.ave_asr_model_valid.acc.ave"
    for path in (
        lm / "perplexity_test/ppl", stats / "train/feats_stats.npz", stats / "run.sh", exp / "config.yaml",
        exp / "train.log", exp / "checkpoint.pth", exp / "valid.acc.ave.pth", exp / "images/loss.png",
        exp / "RESULTS.md", decoded / "test/logdir/calculate_rtf.log", decoded / "test/score_wer/result.txt",
        decoded / "test/score_ter/result.txt",
    ):  # fmt: skip
        assert path.exists(), path
    ids = [line.split()[0] for line in (recipe / "data/test/text").read_text().splitlines()]
    assert [line.split()[0] for line in (decoded / "test/text").read_text().splitlines()] == ids
    assert len((recipe / "dump/raw/train_sp/text").read_text().splitlines()) == 32
    assert re.search(r"epoch 2/2: train loss \S+ acc \S+, valid loss", output)
    assert "### WER" in output and "Successfully finished." in output


@pytest.mark.slow
@pytest.mark.usefixtures("output")
def test_more_epochs_resume_the_experiment(recipe):
    """``--asr_exp`` with other flags goes on from checkpoint.pth; the old log is kept."""
    exp = "exp/asr_asr_raw_en_bpe20_sp"
    run(recipe, "--stage", "asr_train", "--stop_stage", "asr_train", "--asr_exp", exp, "--asr_args", "--max_epoch 3")
    log = (recipe / exp / "train.log").read_text()
    assert "3/3epoch started" in log and "1/3epoch started" not in log
    assert (recipe / exp / "train.1.log").exists() and (recipe / exp / "3epoch.pth").exists()
