"""Every kind of search through a whole recogniser."""
import pytest
import torch

from espnet2.bin.asr_inference import Speech2Text
from espnet2.utils.errors import InputError
from test.espnet2.inference.test_speech2text import copied, waveforms
from test.shared import needs_shared

pytestmark = needs_shared
MODES = {
    "ctc_greedy": {"decoding_mode": "ctc_greedy"},
    "ctc_prefix_beam": {"decoding_mode": "ctc_prefix_beam", "penalty": 0.3},
    "rescoring": {"decoding_mode": "rescoring", "ctc_weight": 0.3, "penalty": 0.3},
    "time_sync": {"time_sync": True, "ctc_weight": 0.3, "penalty": 0.3},
    "attention": {"ctc_weight": 0.3, "maxlenratio": -6.0},
}
ARPA = """\\data\\
ngram 1=5
ngram 2=2

\\1-grams:
-2.0\t<unk>
-99\t<s>\t-0.3
-0.7\t</s>
-0.4\tE\t-0.2
-0.9\tT\t-0.1

\\2-grams:
-0.2\t<s> E
-0.5\tE T

\\end\\
"""


@pytest.mark.parametrize("mode", MODES)
def test_together_equals_alone(mode, tmp_path):
    lm = {} if mode == "ctc_greedy" else {"lm_file": copied("lm_transformer", tmp_path) / "valid.acc.ave.pth", "lm_weight": 0.4}
    speech2text = Speech2Text.from_pretrained(copied("asr_conformer", tmp_path), beam_size=4, nbest=3, **lm, **MODES[mode])
    together = speech2text(waveforms("asr_conformer"))
    for waveform, nbest in zip(waveforms("asr_conformer"), together):
        alone = speech2text(waveform)
        assert [row[:3] for row in nbest] == [row[:3] for row in alone]
        assert [row[3].score for row in nbest] == pytest.approx([row[3].score for row in alone], abs=1e-4)
        assert len(nbest) == (1 if mode == "ctc_greedy" else 3)
        for _, tokens, token_int, hypothesis in nbest:
            assert token_int == hypothesis.tokens
            weighted = sum(speech2text.beam_search.weights[name] * value for name, value in hypothesis.scores.items())
            assert hypothesis.score == pytest.approx(weighted, abs=1e-4)
            assert "<blank>" not in tokens
        scores = [row[3].score for row in nbest]
        assert scores == sorted(scores, reverse=True)


def test_rescoring_equals_the_sum_over_whole_passes(tmp_path):
    lm = copied("lm_seq_rnn", tmp_path) / "valid.acc.ave.pth"
    options = {"decoding_mode": "rescoring", "ctc_weight": 0.3, "lm_weight": 0.5, "beam_size": 5, "nbest": 5}
    speech2text = Speech2Text.from_pretrained(copied("asr_conformer", tmp_path), lm_file=lm, **options)
    model = speech2text.asr_model
    waveform = torch.from_numpy(waveforms("asr_conformer")[0])
    with torch.no_grad():
        encoded, lengths = model.encode(waveform[None], torch.tensor([len(waveform)]))
        for *_, hypothesis in speech2text(waveform):
            ids = torch.tensor([hypothesis.tokens])
            decoder = -float(model.nll(encoded, lengths, ids, torch.tensor([ids.size(1)])))
            ctc = -torch.nn.functional.ctc_loss(
                model.ctc.log_softmax(encoded).transpose(0, 1), ids, lengths, torch.tensor([ids.size(1)]), reduction="sum"
            )
            assert hypothesis.scores["decoder"] == pytest.approx(decoder, abs=1e-4)
            assert hypothesis.scores["ctc"] == pytest.approx(float(ctc), abs=1e-4)
            expected = 0.7 * decoder + 0.3 * hypothesis.scores["ctc"] + 0.5 * hypothesis.scores["lm"]
            assert hypothesis.score == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("mode", ["attention", "ctc_prefix_beam", "rescoring", "time_sync"])
def test_hotwords_bring_their_phrase(mode, tmp_path):
    """A large boost writes the phrase into whatever was heard; a file and a list do the same."""
    folder = copied("asr_conformer", tmp_path)
    (tmp_path / "hotwords.txt").write_text("SEE\t30\n\nMICROSOFT §\n", encoding="utf-8")
    plain = Speech2Text.from_pretrained(folder, beam_size=4, **MODES[mode])(waveforms("asr_conformer")[0])[0]
    from_file = Speech2Text.from_pretrained(folder, beam_size=4, hotwords=tmp_path / "hotwords.txt", **MODES[mode])
    from_list = Speech2Text.from_pretrained(folder, beam_size=4, hotwords=["SEE"], hotword_boost=30.0, **MODES[mode])
    text, _, _, hypothesis = from_file(waveforms("asr_conformer")[0])[0]
    assert "SEE" in text
    assert "SEE" not in plain[0]
    assert hypothesis.scores["hotwords"] == pytest.approx(90.0 * text.count("SEE"), abs=1e-3)
    assert from_list(waveforms("asr_conformer")[0])[0][0] == text


@pytest.mark.parametrize("kind", ["full", "part"])
@pytest.mark.parametrize("mode", ["attention", "ctc_prefix_beam", "rescoring", "time_sync"])
def test_ngram_model(kind, mode, tmp_path):
    """KenLM itself on a small model: each transcript has the sum of its base-10 scores."""
    kenlm = pytest.importorskip("kenlm")
    (tmp_path / "lm.arpa").write_text(ARPA)
    speech2text = Speech2Text.from_pretrained(
        copied("asr_conformer", tmp_path),
        beam_size=4,
        ngram_file=tmp_path / "lm.arpa",
        ngram_scorer=kind,
        ngram_weight=2.0,
        **{**MODES[mode], "maxlenratio": 0.2},
    )
    reference = kenlm.LanguageModel(str(tmp_path / "lm.arpa"))
    for *_, tokens, _, hypothesis in speech2text(waveforms("asr_conformer")[0]):
        state, total = kenlm.State(), 0.0
        reference.NullContextWrite(state)
        # eos is named <sos/eos> here, which the model does not know
        words = ["<s>", *tokens, *([] if mode == "time_sync" else ["<sos/eos>"])]
        at_limit = mode == "attention" and len(tokens) == speech2text_limit(speech2text)
        for number, word in enumerate(words[:-1] if at_limit else words):
            following = kenlm.State()
            score = reference.BaseScore(state, word, following)
            total += score if number else 0.0
            state = following
        assert hypothesis.scores["ngram"] == pytest.approx(total, abs=1e-4)


def speech2text_limit(speech2text):
    waveform = torch.from_numpy(waveforms("asr_conformer")[0])[None]
    with torch.no_grad():
        _, lengths = speech2text.asr_model.encode(waveform, torch.tensor([waveform.size(1)]))
    return max(1, int(0.2 * int(lengths)))


def test_refusals(tmp_path):
    folder, lm = copied("asr_conformer", tmp_path), copied("lm_transformer", tmp_path) / "valid.acc.ave.pth"
    for options, words in (
        ({"decoding_mode": "ctc_greedy", "lm_file": lm}, "no use for lm"),
        ({"decoding_mode": "ctc_greedy", "hotwords": ["SEE"]}, "no use for hotwords"),
        ({"decoding_mode": "rescoring", "time_sync": True}, "time_sync is a search of its own"),
        ({"time_sync": True, "ctc_weight": 0.0}, "time_sync needs a ctc_weight above 0"),
        ({"hotwords": tmp_path / "none.txt"}, "none.txt cannot be read"),
        ({"transducer_conf": {"search_type": "tsd"}}, "transducer_conf"),
    ):
        with pytest.raises(InputError, match=words):
            Speech2Text.from_pretrained(folder, **options)
    (tmp_path / "hotwords.txt").write_text("SEE\tmuch\n")
    with pytest.raises(InputError, match="hotwords.txt:1: 'much' after the tab is no number"):
        Speech2Text.from_pretrained(folder, hotwords=str(tmp_path / "hotwords.txt"))
