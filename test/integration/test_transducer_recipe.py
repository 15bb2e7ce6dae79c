"""A transducer through training, decoding and scoring of asr.sh, sized down from mini_an4's configuration."""

import numpy as np
import pytest
import yaml

from test.integration.tones import REPO, make_recipe, run_in, write_set

CONF = REPO / "egs2/mini_an4/asr1/conf"


@pytest.mark.slow
def test_mini_an4s_configurations_serve(tmp_path):
    folder = tmp_path / "asr1"
    make_recipe(folder)
    rng = np.random.default_rng(0)
    for name, number in (("train", 16), ("dev", 4), ("test", 4)):
        write_set(folder, name, number, rng)
    config = yaml.safe_load((CONF / "train_asr_conformer_transducer.yaml").read_text())
    config["encoder_conf"] |= {"output_size": 16, "linear_units": 16, "num_blocks": 1}
    config |= {"max_epoch": 1, "batch_bins": 60000}
    (folder / "asr.yaml").write_text(yaml.safe_dump(config))
    (folder / "lm.yaml").write_text("lm_conf: {unit: 16, nlayers: 1}\nbatch_type: folded\nbatch_size: 8\nmax_epoch: 1\n")
    command = [
        "./asr.sh", "--train_set", "train", "--valid_set", "dev", "--test_sets", "test", "--fs", "8k", "--lang", "en",
        "--token_type", "char", "--asr_config", "asr.yaml", "--lm_config", "lm.yaml", "--ngpu", "0", "--nj", "1",
        "--inference_config", str(CONF / "decode_asr_transducer.yaml"), "--inference_nj", "1",
        "--inference_asr_model", "valid.loss.ave.pth", "--stop_stage", "13",
    ]  # fmt: skip
    result = run_in(folder, *command)
    assert result.returncode == 0, result.stdout[-8000:]
    assert "loss_transducer" in (folder / "exp/asr_asr_raw_en_char/train.log").read_text()
    decoded = folder.glob("exp/asr_asr_raw_en_char/*/test/text")
    assert [len(path.read_text().splitlines()) for path in decoded] == [4]
