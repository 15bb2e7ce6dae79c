"""The configurations of egs2/*/tts1 build the models that they describe, of reasonable size."""

import pytest

from test.egs2.corpus import EGS2

CONFIGS = sorted(path.relative_to(EGS2) for path in EGS2.glob("*/tts1/conf/train_*.yaml"))


@pytest.mark.slow
@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_a_configuration_builds_its_model(config, tmp_path, monkeypatch):
    import numpy as np

    from espnet2.tasks.gan_tts import GANTTSTask
    from espnet2.tasks.tts import TTSTask

    task = GANTTSTask if "\noptim2:" in (EGS2 / config).read_text() else TTSTask
    tokens = tmp_path / "tokens.txt"
    tokens.write_text("<blank>\n<unk>\na\nb\n<sos/eos>\n")
    np.savez(tmp_path / "feats.npz", count=2, sum=np.ones(80), sum_square=np.ones(80))
    np.savez(tmp_path / "pitch.npz", count=2, sum=np.ones(1), sum_square=np.ones(1))
    rate = 22050 if config.parts[0] == "ljspeech" else 16000
    sizes = ["n_fft=1024", "hop_length=256", "win_length=null"]
    cmd = ["--config", str(EGS2 / config), "--token_list", str(tokens), "--token_type", "char", "--output_dir", str(tmp_path)]
    if config.stem == "train_vits":
        cmd += ["--feats_extract", "linear_spectrogram", "--normalize", "none"]
    else:
        cmd += ["--feats_extract", "fbank", "--normalize", "global_mvn", "--normalize_conf", f"stats_file={tmp_path}/feats.npz"]
        sizes += [f"fs={rate}"]
    for pair in sizes:
        cmd += ["--feats_extract_conf", pair]
    for name in ("pitch", "energy"):
        cmd += [f"--{name}_extract_conf", f"fs={rate}", f"--{name}_extract_conf", "hop_length=256"]
        cmd += [f"--{name}_normalize_conf", f"stats_file={tmp_path}/pitch.npz"]
    model = task.build_model(task.get_parser().parse_args(cmd))
    millions = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    assert 1 < millions < 110
