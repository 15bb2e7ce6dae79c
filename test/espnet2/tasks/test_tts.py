"""The synthesis task: parts that follow from others, and the training's door."""
import numpy as np
import pytest
import soundfile
import torch

from espnet2.bin.tts_train import get_parser, main
from espnet2.tasks.tts import TTSTask

TINY = ["adim=8", "aheads=2", "elayers=1", "eunits=8", "dlayers=1", "dunits=8", "postnet_layers=1", "postnet_chans=4"]
CHANS = [f"{name}_predictor_chans=4" for name in ("duration", "pitch", "energy")]


def words(folder, **options):
    given = {"tts": "fastspeech2", "token_type": "char", "token_list": folder / "tokens.txt", **options}
    given |= {"pitch_extract": "yin", "energy_extract": "energy", "ngpu": 0, "num_workers": 0}
    sound = [("feats_extract_conf", "n_mels=8")]
    for part in ("feats_extract", "pitch_extract", "energy_extract"):
        sound += [(f"{part}_conf", value) for value in ("fs=8000", "n_fft=256", "hop_length=128")]
    sound += [("feats_extract_conf", "fmax=4000"), *(("tts_conf", value) for value in (*TINY, *CHANS))]
    return [word for name, value in (*given.items(), *sound) for word in (f"--{name}", str(value))]


@pytest.fixture
def tokens(tmp_path):
    (tmp_path / "tokens.txt").write_text("".join(f"{token}\n" for token in ("<blank>", "<unk>", "A", "B", "<sos/eos>")))
    return tmp_path


@pytest.mark.parametrize("learned", ["true", "false"])
def test_learned_alignment_wants_values_of_frames(tokens, learned):
    none = dict.fromkeys(("normalize", "pitch_normalize", "energy_normalize"), "none")
    args = get_parser().parse_args(
        [*words(tokens, **none), "--output_dir", str(tokens / "exp"), "--tts_conf", f"learn_alignment={learned}"]
    )
    model = TTSTask.build_model(args)
    assert model.pitch_extract.use_token_average == model.energy_extract.use_token_average == (learned == "false")
    assert (model.tts.alignment_module is None) == (learned == "false")


@pytest.mark.slow
def test_statistics_and_training_without_durations(tokens, capfd):
    generator = np.random.default_rng(0)
    for name in ("wav.scp", "text", "shape"):
        (tokens / name).write_text("")
    for number, text in enumerate(("AB", "BA", "AABB", "B", 20 * "AB")):  # the last has fewer frames than tokens
        soundfile.write(tokens / f"{number}.wav", 0.1 * generator.standard_normal(2000 + 300 * number), 8000)
        for name, value in (("wav.scp", tokens / f"{number}.wav"), ("text", text), ("shape", 2000)):
            with open(tokens / name, "a") as file:
                file.write(f"utt{number} {value}\n")
    data = ["--tts_conf", "learn_alignment=true", "--batch_type", "unsorted", "--batch_size", "2"]
    for part in ("train", "valid"):
        data += [f"--{part}_data_path_and_name_and_type", f"{tokens}/wav.scp,speech,sound", f"--{part}_shape_file"]
        data += [f"{tokens}/shape", f"--{part}_data_path_and_name_and_type", f"{tokens}/text,text,text"]
    none = dict.fromkeys(("normalize", "pitch_normalize", "energy_normalize"), "none")
    main([*words(tokens, **none), *data, "--collect_stats", "true", "--output_dir", str(tokens / "stats")])
    stats = tokens / "stats" / "train"
    assert (stats / "text_shape").read_text() == "utt0 2\nutt1 2\nutt2 4\nutt3 1\n"
    told = [line for line in capfd.readouterr().err.splitlines() if "Left out" in line]  # of train and valid
    assert len(told) == 2 and all("wav.scp:5: utterance 'utt4': 'speech': has 26 frames for 41 tokens" in line for line in told)
    files = {"normalize_conf": "feats", "pitch_normalize_conf": "pitch", "energy_normalize_conf": "energy"}
    conf = [word for key, name in files.items() for word in (f"--{key}", f"stats_file={stats}/{name}_stats.npz")]
    normalize = {"pitch_normalize": "global_mvn", "energy_normalize": "global_mvn"}
    exp = tokens / "exp"
    main([*words(tokens, **normalize), *data, *conf, "--max_epoch", "2", "--output_dir", str(exp)])
    model, _ = TTSTask.build_model_from_file(None, str(exp / "valid.loss.best.pth"), "cpu")
    assert model.eval().inference(torch.tensor([2, 3]))["feat_gen_denorm"].isfinite().all()
