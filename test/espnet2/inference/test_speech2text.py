"""Waveform to n-best against the reference search, and the rules of the interface."""
import json
import shutil

import numpy as np
import pytest
import torch

from espnet2.bin.asr_inference import Speech2Text
from espnet2.config.yaml import dump_yaml
from espnet2.tasks.asr import ASRTask
from espnet2.utils.errors import InputError
from test.shared import SHARED, needs_shared

PARITY = SHARED / "parity"
CASES = (
    "asr_branchformer",
    "asr_conformer",
    "asr_conformer_specaug_gmvn",
    "asr_e_branchformer",
    "asr_rnn_rnn",
    "asr_transformer",
    "asr_vggrnn_rnn",
)


def copied(name, folder):
    """A parity case as an experiment folder of this machine."""
    target = folder / name
    target.mkdir()
    config = (PARITY / name / "config.yaml").read_text()
    (target / "config.yaml").write_text(config.replace("PARITY/", f"{PARITY}/"))
    shutil.copy(PARITY / name / "model.pth", target / "valid.acc.ave.pth")
    return target


def waveforms(name):
    speech = np.load(PARITY / name / "input.npz")["speech"]
    return [speech[0], speech[1, :15360]]


@needs_shared
@pytest.mark.parametrize("name", CASES)
def test_nbest_equals_the_reference(name, tmp_path):
    folder, lm = copied(name, tmp_path), copied("lm_transformer", tmp_path)
    for case in json.loads((PARITY / name / "nbest.json").read_text()).values():
        given = case["kwargs"]
        options = {key: float(given[key]) for key in ("ctc_weight", "penalty", "lm_weight") if key in given}
        if "lm_file" in given:
            options.update(lm_train_config=lm / "config.yaml", lm_file=lm / "valid.acc.ave.pth")
        speech2text = Speech2Text.from_pretrained(
            folder, beam_size=int(given["beam_size"]), nbest=4, maxlenratio=-12, **options
        )
        together = speech2text(waveforms(name))
        for utterance, nbest, waveform in zip(("utt0", "utt1"), together, waveforms(name)):
            assert_equal(nbest, case[utterance])
            assert_equal(speech2text(torch.from_numpy(waveform)), case[utterance])


def assert_equal(nbest, reference):
    assert [h.yseq.tolist() for *_, h in nbest] == [row["yseq"] for row in reference]
    for (text, tokens, token_int, hypothesis), row in zip(nbest, reference):
        assert text == row["text"]
        assert "".join(tokens).replace("<space>", " ") == text
        assert token_int == [token for token in row["yseq"][1:-1] if token != 0]
        assert hypothesis.score == pytest.approx(row["score"], abs=1e-4)
        assert dict(hypothesis.scores) == pytest.approx(row["scores"], abs=1e-4)


@needs_shared
def test_too_short_speech_has_a_blank_result(tmp_path, caplog):
    caplog.set_level("INFO")
    speech2text = Speech2Text.from_pretrained(copied("asr_conformer", tmp_path), beam_size=2, nbest=2, maxlenratio=-3)
    long = waveforms("asr_conformer")[0]
    results = speech2text([np.zeros(400, np.float32), long, np.zeros(0, np.float32)])
    assert [len(nbest) for nbest in results] == [2, 2, 2]
    for blank in (results[0], results[2]):
        assert blank[0][:3] == (" ", ["<space>"], [2])
        assert blank[0][3].score == 0.0
    assert results[1][0][0] == speech2text(long)[0][0]
    assert speech2text([]) == []
    lines = [record.message for record in caplog.records]
    assert sum(line.startswith("speech length: ") for line in lines) == 4
    assert sum(line.startswith("best hypo: ") for line in lines) == 4
    assert "max output length: 3" in lines


@needs_shared
def test_quantised_model_runs(tmp_path):
    speech2text = Speech2Text.from_pretrained(
        copied("asr_transformer", tmp_path), beam_size=2, maxlenratio=-3, quantize_asr_model=True
    )
    assert "DynamicQuantizedLinear" in str(speech2text.asr_model.decoder)
    assert len(speech2text(waveforms("asr_transformer")[0])) == 1


@needs_shared
def test_refusals(tmp_path):
    folder = copied("asr_conformer", tmp_path)
    for option, value in (("transducer_conf", {"search_type": "tsd"}), ("multi_asr", True)):
        with pytest.raises(InputError, match=option):
            Speech2Text.from_pretrained(folder, **{option: value})
    with pytest.raises(InputError, match="ctc_weight"):
        Speech2Text.from_pretrained(folder, ctc_weight=1.5)
    with pytest.raises(InputError, match="not all classes of torch.nn"):
        Speech2Text.from_pretrained(folder, quantize_asr_model=True, quantize_modules=["Linnear"])
    with pytest.raises(InputError, match="no such folder, .pth file or packed model"):
        Speech2Text.from_pretrained(tmp_path / "model.zip")
    with pytest.raises(InputError, match="asr_model_file"):
        Speech2Text(asr_train_config=folder / "config.yaml")
    (folder / "valid.acc.ave.pth").rename(folder / "1epoch.pth")
    shutil.copy(folder / "1epoch.pth", folder / "2epoch.pth")
    with pytest.raises(InputError, match="1epoch.pth, 2epoch.pth"):
        Speech2Text.from_pretrained(folder)
    (folder / "config.yaml").unlink()
    with pytest.raises(InputError, match="no config.yaml"):
        Speech2Text.from_pretrained(folder / "2epoch.pth")


@needs_shared
def test_language_model_of_other_tokens_is_refused(tmp_path):
    folder, lm = copied("asr_conformer", tmp_path), copied("lm_seq_rnn", tmp_path)
    config = lm / "config.yaml"
    config.write_text(config.read_text().replace("- E\n", "- Q\n"))
    with pytest.raises(InputError, match="token 3 is 'E' there 'Q'"):
        Speech2Text.from_pretrained(folder, lm_file=lm / "valid.acc.ave.pth")


def test_intermediate_layers_are_told(tmp_path):
    """Without reference: a random model whose encoder has outputs in between."""
    tokens = ["<blank>", "<unk>", "<space>", *"abcd", "<sos/eos>"]
    dump_yaml(
        {
            "token_list": tokens,
            "token_type": "char",
            "encoder": "transformer",
            "encoder_conf": {"output_size": 8, "attention_heads": 2, "linear_units": 8, "num_blocks": 3}
            | {"interctc_layer_idx": [1, 2], "interctc_use_conditioning": True},
            "decoder": "transformer",
            "decoder_conf": {"attention_heads": 2, "linear_units": 8, "num_blocks": 1},
            "model_conf": {"interctc_weight": 0.5},
        },
        tmp_path / "config.yaml",
    )
    torch.manual_seed(0)
    model, _ = ASRTask.build_model_from_file(tmp_path / "config.yaml")
    torch.save(model.state_dict(), tmp_path / "latest.pth")
    speech2text = Speech2Text.from_pretrained(tmp_path, beam_size=2, maxlenratio=-3)
    nbest, layers = speech2text(np.random.default_rng(0).standard_normal(8000).astype(np.float32))
    assert len(nbest) == 1
    assert list(layers) == [1, 2]
    assert all(token in tokens and token != "<blank>" for found in layers.values() for token in found)


@needs_shared
@pytest.mark.parametrize("dtype", ["float64", "bfloat16", "float16"])
def test_other_precisions_run_and_stay_close(dtype, tmp_path):
    folder, lm = copied("asr_conformer", tmp_path), copied("lm_transformer", tmp_path)
    options = {"beam_size": 4, "maxlenratio": -4, "lm_file": lm / "valid.acc.ave.pth", "lm_weight": 0.3}
    reference = Speech2Text.from_pretrained(folder, **options)(waveforms("asr_conformer"))
    results = Speech2Text.from_pretrained(folder, dtype=dtype, **options)(waveforms("asr_conformer"))
    for (own, *_), (wanted, *_) in zip(results, reference):
        assert own[3].score == pytest.approx(wanted[3].score, rel=1e-4 if dtype == "float64" else 0.05)
    with pytest.raises(InputError, match="float31"):
        Speech2Text.from_pretrained(folder, dtype="float31")


@needs_shared
def test_word_times_lie_within_the_utterance(tmp_path):
    folder, speech = copied("asr_conformer", tmp_path), waveforms("asr_conformer")[0]
    speech2text = Speech2Text.from_pretrained(folder, beam_size=4, nbest=2, maxlenratio=-5, word_times=True)
    nbest = speech2text(speech)
    assert sum(hypothesis.confidence for *_, hypothesis in nbest) <= 1.0 + 1e-9
    for text, _, _, hypothesis in nbest:
        assert [word.word for word in hypothesis.words] == text.split()
        times = [time for word in hypothesis.words for time in (word.start_seconds, word.end_seconds)]
        assert times == sorted(times)
        assert times[0] >= 0 and times[-1] <= len(speech) / 16000
        assert all(0 <= word.confidence <= 1 for word in hypothesis.words)
    without = Speech2Text.from_pretrained(folder, beam_size=4, nbest=2, maxlenratio=-5)(speech)
    assert without[0][3].words is None and without[0][:3] == nbest[0][:3]


@needs_shared
def test_number_of_threads(tmp_path):
    before = torch.get_num_threads()
    try:
        Speech2Text.from_pretrained(copied("asr_conformer", tmp_path), num_threads=1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


@needs_shared
def test_a_long_recording_is_cut_and_joined(tmp_path):
    folder = copied("asr_conformer", tmp_path)
    speech2text = Speech2Text.from_pretrained(folder, beam_size=2, maxlenratio=-5, long_seconds=4.0, word_times=True)
    burst, pause = waveforms("asr_conformer")[0], np.zeros(16000, np.float32)
    recording = np.concatenate([pause, burst] * 5)
    (text, tokens, token_int, hypothesis) = speech2text(recording)[0]
    short, long = speech2text([burst, recording])
    assert long[0][0] == text and short[0][0] == speech2text(burst)[0][0]
    assert len(token_int) > len(short[0][2]) and len(tokens) == len(token_int)
    assert hypothesis.words[-1].end_seconds > 6
    assert Speech2Text.from_pretrained(folder, beam_size=2, maxlenratio=-5, long_seconds=0)(recording)[0][0] != text
