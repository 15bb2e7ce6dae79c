"""Text to waveforms, in Python and through the doors."""
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from espnet2.gan_tts.hifigan.generator import HiFiGANGenerator
from espnet2.gan_tts.parallel_wavegan import save_generator
from espnet2.gan_tts.vocoder import FeatureVocoder
from espnet2.inference.text2speech import Text2Speech
from espnet2.tts.feats_extract.spectrum import LogMelFbank
from espnet2.utils.errors import InputError
from test.espnet2.inference.tts_models import save_fastspeech2, save_model

REPO = Path(__file__).parents[3]
LONG = "This is one sentence. Here comes another one, which is longer; it has two clauses! Is that all? Yes."


@pytest.fixture(scope="module")
def exp(tmp_path_factory):
    return save_fastspeech2(tmp_path_factory.mktemp("tts"))


@pytest.fixture(scope="module")
def text2speech(exp):
    return Text2Speech.from_pretrained(exp, always_fix_seed=True)


def test_a_text_becomes_a_waveform_of_its_features(text2speech):
    result = text2speech("Hello there.")
    frames = int(result["duration"].sum())
    assert result["feat_gen"].shape == result["feat_gen_denorm"].shape == (frames, 80)
    assert abs(len(result["wav"]) - frames * 256) <= 256
    assert text2speech.fs == 16000
    assert not (text2speech.use_speech or text2speech.use_sids or text2speech.use_lids or text2speech.use_spembs)


def test_ids_are_taken_as_they_are(text2speech):
    ids = text2speech.tokens("Hello.")
    torch.testing.assert_close(text2speech(ids)["wav"], text2speech("Hello.")["wav"])
    torch.testing.assert_close(text2speech(ids.numpy())["wav"], text2speech("hello.")["wav"])


def test_tempo(exp, text2speech):
    slower = Text2Speech.from_pretrained(exp, speed_control_alpha=2.0)
    normal, slow = (int(model("Hello there.")["duration"].sum()) for model in (text2speech, slower))
    assert slow == pytest.approx(2 * normal, abs=3)
    assert int(text2speech("Hello there.", decode_conf={"alpha": 2.0})["duration"].sum()) == slow


def test_a_long_text_is_cut_and_joined(exp):
    text2speech = Text2Speech.from_pretrained(exp, max_chars=50, pause_seconds=0.5)
    result = text2speech(LONG)
    assert len(result["pieces"]) == 3
    assert len(result["wav"]) == sum(len(piece["wav"]) for piece in result["pieces"]) + 2 * 8000


def test_ten_thousand_characters(exp):
    text2speech = Text2Speech.from_pretrained(exp, vocoder_conf={"iterations": 1}, speed_control_alpha=0.25)
    result = text2speech("word " * 2000)
    assert len(result["pieces"]) == 40
    assert torch.isfinite(result["wav"]).all()


def test_a_stream_comes_sentence_by_sentence(text2speech):
    chunks = []
    for chunk in text2speech.stream(LONG):
        assert torch.is_grad_enabled()  # of the caller, who may train something
        chunks.append(chunk)
    assert len(chunks) == 9  # three sentences, one of them with a semicolon, and a word; and the pauses between them
    torch.testing.assert_close(chunks[0], text2speech("This is one sentence.")["wav"])


@pytest.mark.parametrize(
    "text, complaint",
    [("", "The text is empty"), ("  \n", "The text is empty"), ("(())", "Nothing is left of the text"), ("a@b#@", "'@', '#'")],
)
def test_texts_that_cannot_be_said(text2speech, text, complaint):
    with pytest.raises(InputError, match=complaint):
        text2speech(text)


def test_what_a_model_of_several_speakers_needs(tmp_path):
    model = Text2Speech.from_pretrained(save_fastspeech2(tmp_path, "--tts_conf", "spks=3"))
    assert model.use_sids
    with pytest.raises(InputError, match="needs sids beside the text"):
        model("Hello.")
    one, two = (model("Hello.", sids=sid)["feat_gen"] for sid in (1, 2))
    assert one.shape != two.shape or not torch.allclose(one, two)


def test_vectors_of_speakers(tmp_path):
    model = Text2Speech.from_pretrained(save_fastspeech2(tmp_path, "--tts_conf", "spk_embed_dim=5"))
    with pytest.raises(InputError, match="needs spembs"):
        model("Hello.")
    wave = model("Hello.", spembs=np.ones(5), decode_conf={"alpha": 2.0})["feat_gen"]
    torch.testing.assert_close(model("Hello.", spembs=np.ones((1, 5)), decode_conf={"alpha": 2.0})["feat_gen"], wave)


def test_durations_of_a_teacher_fit_a_pupil(tmp_path):
    words = ["--tts", "tacotron2", "--pitch_extract", "none", "--energy_extract", "none"]
    sizes = ["embed_dim=8", "eunits=8", "econv_chans=8", "adim=8", "dunits=8", "prenet_units=8", "postnet_chans=8"]
    conf = [word for size in sizes for word in ("--tts_conf", size)]
    teacher = Text2Speech.from_pretrained(save_model(tmp_path / "teacher", *words, *conf), use_teacher_forcing=True)
    speech = np.random.default_rng(0).standard_normal(256 * 30).astype(np.float32)
    forced = teacher("Hello.", speech=speech)
    assert "prob" not in forced and 0 < forced["focus_rate"] <= 1
    assert len(forced["duration"]) == 7 and int(forced["duration"].sum()) == 31
    pupil = Text2Speech.from_pretrained(save_fastspeech2(tmp_path / "pupil"), use_teacher_forcing=True)
    assert len(pupil("Hello.", speech=speech, durations=forced["duration"])["feat_gen"]) == 31
    assert "prob" in Text2Speech.from_pretrained(tmp_path / "teacher", maxlenratio=1.0)("Hello.")


def test_one_speaker_needs_no_number(tmp_path):
    model = Text2Speech.from_pretrained(save_fastspeech2(tmp_path, "--tts_conf", "spks=1", "--tts_conf", "langs=1"))
    assert not model.use_sids and not model.use_lids
    assert "wav" in model("Hello.")


def test_files_and_options_that_do_not_fit(exp, tmp_path, text2speech):
    with pytest.raises(InputError, match="no such folder"):
        Text2Speech.from_pretrained(tmp_path / "nothing")
    with pytest.raises(InputError, match=r"neither a \.pth .* nor a \.pkl"):
        (tmp_path / "x.bin").touch()
        Text2Speech.from_pretrained(exp, vocoder_file=tmp_path / "x.bin")
    with pytest.raises(InputError, match="x.pkl is missing"):
        Text2Speech.from_pretrained(exp, vocoder_file=tmp_path / "x.pkl")
    with pytest.raises(InputError, match="FastSpeech2 has no beam"):
        text2speech("Hello.", decode_conf={"beam": 1})
    with pytest.raises(InputError, match="Name the weights"):
        Text2Speech()


@pytest.fixture(scope="module")
def vocoder_file(tmp_path_factory):
    """A vocoder of ours in ParallelWaveGAN's files, for the features of ``exp``, with statistics."""
    generator = HiFiGANGenerator(80, 1, 8, upsample_scales=[16, 16], upsample_kernel_sizes=[32, 32],
                                 resblock_kernel_sizes=[3], resblock_dilations=[[1, 3]])  # fmt: skip
    params = {"channels": 8, "upsample_scales": [16, 16], "upsample_kernel_sizes": [32, 32],
              "resblock_kernel_sizes": [3], "resblock_dilations": [[1, 3]]}  # fmt: skip
    vocoder = FeatureVocoder(generator, torch.full((80,), 3.0), torch.full((80,), 2.0))
    return save_generator(tmp_path_factory.mktemp("vocoder"), vocoder, params, LogMelFbank().get_parameters())


def test_a_vocoder_normalises_once(exp, vocoder_file):
    model, normalised = (
        Text2Speech.from_pretrained(exp, vocoder_file=vocoder_file, prefer_normalized_feats=prefers) for prefers in (False, True)
    )
    feats = {"feat_gen": torch.randn(7, 80)}
    feats["feat_gen_denorm"] = feats["feat_gen"] * 2.0 + 3.0
    assert model.vocoder is not None and normalised.vocoder is not None
    expected = model.vocoder(model._vocoder_input(feats))
    torch.testing.assert_close(normalised.vocoder(normalised._vocoder_input(feats)), expected)
    with pytest.raises(InputError, match="Griffin-Lim needs features on their own scale"):
        Text2Speech.from_pretrained(exp, prefer_normalized_feats=True)


def test_double_precision(exp, vocoder_file):
    model = Text2Speech.from_pretrained(exp, vocoder_file=vocoder_file, dtype="float64")
    result = model("Hello.")
    assert result["feat_gen"].dtype == torch.float64 and len(result["wav"]) == len(result["feat_gen"]) * 256


def test_a_vocoder_of_other_features(exp, tmp_path, vocoder_file):
    config = (vocoder_file.parent / "config.yml").read_text()
    (tmp_path / "config.yml").write_text(config.replace("sampling_rate: 16000", "sampling_rate: 22050"))
    with pytest.raises(InputError, match="sampling rate of the vocoder .* is 22050, that of the synthesiser's features 16000"):
        Text2Speech.from_pretrained(exp, vocoder_file=vocoder_file, vocoder_config=tmp_path / "config.yml")
    other = save_fastspeech2(tmp_path / "exp", "--feats_extract_conf", "n_mels=40")
    with pytest.raises(InputError, match="number of features"):
        Text2Speech.from_pretrained(other, vocoder_file=vocoder_file)


def door(name, *words, **kwargs):
    command = [sys.executable, "-m", f"espnet2.bin.{name}", *map(str, words)]
    return subprocess.run(command, cwd=REPO, capture_output=True, text=True, **kwargs)


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_set_with_a_bad_text_among_good_ones(exp, tmp_path, batch_size):
    (tmp_path / "text").write_text("a Hello there.\nb Good #bye.\nc Again.\n")
    done = door("tts_inference", "--output_dir", tmp_path / "out", "--model_tag", exp, "--batch_size", batch_size,
                "--data_path_and_name_and_type", f"{tmp_path}/text,text,text")  # fmt: skip
    assert done.returncode == 1
    assert "ERROR: 1 utterances could not be synthesised" in done.stderr
    assert "b: The model does not know the tokens '#'" in done.stderr
    assert "RTF = " in done.stderr
    out = tmp_path / "out"
    assert sorted(path.name for path in (out / "wav").iterdir()) == ["a.wav", "c.wav"]
    assert not (out / "att_ws").exists() and not (out / "probs").exists()
    shapes = dict(line.split() for line in (out / "speech_shape" / "speech_shape").read_text().splitlines())
    feats = dict(line.split() for line in (out / "denorm" / "feats.scp").read_text().splitlines())
    for uid in "ac":
        frames, size = map(int, shapes[uid].split(","))
        assert np.load(feats[uid]).shape == (frames, size) == (frames, 80)
        samples, rate = soundfile.read(out / "wav" / f"{uid}.wav")
        assert rate == 16000 and abs(len(samples) - frames * 256) <= 256


@pytest.mark.slow
def test_text_from_standard_input_read_aloud(exp, tmp_path):
    done = door("say", "--exp", exp, "--file", "-", "--output", tmp_path / "x.flac", input=LONG)
    assert done.returncode == 0, done.stderr
    assert soundfile.info(tmp_path / "x.flac").samplerate == 16000
    done = door("say", "--exp", exp, "--stream", "true", "--output", tmp_path / "x.wav", "Hello", "there.")
    assert done.returncode == 0, done.stderr
    assert "First audio after" in done.stderr
    assert soundfile.info(tmp_path / "x.wav").duration > 0.1


def test_nothing_to_say(exp, tmp_path):
    from espnet2.bin.say import main

    with pytest.raises(InputError, match="nothing to say"):
        main(["--exp", str(exp)])
    with pytest.raises(InputError, match=r"name a \.wav or \.flac file"):
        main(["--exp", str(exp), "--output", "x.mp3", "Hello."])
    with pytest.raises(InputError, match="missing.txt is missing"):
        main(["--exp", str(exp), "--file", str(tmp_path / "missing.txt")])
    with pytest.raises(InputError, match="x.npy is not a readable"):
        main(["--exp", str(exp), "--spembs", str(tmp_path / "x.npy"), "Hello."])


def test_a_speakers_vector_is_said_with(tmp_path):
    from espnet2.bin.say import main

    exp = save_fastspeech2(tmp_path / "exp", "--tts_conf", "spk_embed_dim=5")
    np.save(tmp_path / "one.npy", np.ones(5))
    main(["--exp", str(exp), "--spembs", str(tmp_path / "one.npy"), "--output", str(tmp_path / "x.wav"), "Hello."])
    assert soundfile.info(tmp_path / "x.wav").duration > 0.1


def test_evaluation_of_a_copy(tmp_path, capfd):
    from espnet2.bin.tts_evaluate import main
    from espnet2.text.synthesis_tables import synthesis_markdown

    tone = 0.3 * np.sin(2 * np.pi * 150 * np.arange(8000) / 16000)
    folder = tmp_path / "exp" / "decode" / "test"
    (folder / "wav").mkdir(parents=True)
    for name in ("ref", "hyp"):
        soundfile.write(folder / "wav" / f"{name}.wav", tone, 16000)
    (folder / "wav" / "wav.scp").write_text(f"a {folder}/wav/hyp.wav\n")
    (tmp_path / "wav.scp").write_text(f"a {folder}/wav/ref.wav\nb {folder}/wav/ref.wav\n")
    (tmp_path / "text").write_text("a HELLO\nb THERE\n")
    (folder / "focus_rates").write_text("a 0.9\n")
    (folder / "durations").write_text("a 3 0 5\n")
    main(["--hyp_dir", str(folder), "--ref_wavscp", f"{tmp_path}/wav.scp", "--ref_text", f"{tmp_path}/text"])
    assert "1 of 2 utterances were not synthesised" in capfd.readouterr().err
    page = (folder / "score_tts" / "report.html").read_text()
    assert page.count("<audio") == 2 and "../wav/hyp.wav" in page
    assert (folder / "score_tts" / "images" / "a.png").is_file()
    *_, row = synthesis_markdown(tmp_path)
    assert row.startswith("|decode/test|1|0.0|")


def test_judges(tmp_path):
    from espnet2.inference.evaluate_tts import char_errors
    from espnet2.inference.judge import build_judge

    with pytest.raises(InputError, match="choose none, whisper"):
        build_judge("parrot:x")
    row = {"utterance": "a", "text": "PRESS 2, PLEASE", "heard": "Press two please."}
    assert char_errors([row], "heard").errors == 0
    assert char_errors([{**row, "heard": "Press to please"}], "heard").errors == 1
