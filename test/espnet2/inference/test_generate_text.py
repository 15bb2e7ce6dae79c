"""Continuations against all that are possible, and the rules of the interface."""

import itertools
import math

import numpy as np
import pytest
import torch

from espnet2.bin import lm_inference
from espnet2.bin.lm_inference import GenerateText
from espnet2.utils.errors import InputError
from test.espnet2.tasks.tiny_asr import LM, TOKENS, write_experiment

EOS = len(TOKENS) - 1
TRANSFORMER = {"lm": "transformer", "lm_conf": {"embed_unit": 4, "att_unit": 8, "head": 2, "unit": 8, "layer": 1}}


@pytest.fixture(params=["seq_rnn", "transformer"])
def exp(request, tmp_path):
    config = LM if request.param == "seq_rnn" else {**LM, **TRANSFORMER}
    model = write_experiment(tmp_path / "lm", config, seed=3)
    for parameter in model.parameters():
        parameter.data.mul_(3.0)  # opinions
    torch.save(model.state_dict(), tmp_path / "lm" / "valid.acc.ave.pth")
    return tmp_path / "lm" / "valid.acc.ave.pth"


def score_of(generate_text, prompt, continuation, has_eos):
    """Log-probability of what follows a prompt, by the whole sequence at once."""
    ids = [EOS, *prompt, *continuation]
    logits, _ = generate_text.lm(torch.tensor([ids]), None)
    log_probs = logits[0].log_softmax(-1)
    targets = [*continuation, *([EOS] if has_eos else [])]
    return sum(float(log_probs[len(prompt) + place, token]) for place, token in enumerate(targets))


@torch.no_grad()
@pytest.mark.parametrize("prompt, minlen", [([3, 4, 2], 0), ([], 0), ([6], 2)])
def test_wide_beam_equals_exhaustive_search(exp, prompt, minlen):
    maxlen = 3
    found = GenerateText(lm_file=exp, maxlen=maxlen, minlen=minlen, beam_size=600, nbest=5)(np.array(prompt, np.int64))
    tokens = [token for token in range(len(TOKENS)) if token != EOS]
    generate_text = GenerateText(lm_file=exp)
    possible = []
    for length in range(minlen, maxlen + 1):
        for continuation in itertools.product(tokens, repeat=length):
            has_eos = length < maxlen  # at the limit the end is not judged
            possible.append((score_of(generate_text, prompt, continuation, has_eos), [*prompt, *continuation]))
    possible.sort(key=lambda pair: pair[0], reverse=True)
    for (_, names, ids, hypothesis), (score, expected) in zip(found, possible):
        assert hypothesis.score == pytest.approx(score, abs=1e-4)
        assert hypothesis.scores["lm"] == pytest.approx(score, abs=1e-4)
        assert ids == [token for token in expected if token != 0]
        assert names == [TOKENS[token] for token in ids]


def test_texts_of_any_length_go_together(exp):
    generate_text = GenerateText(lm_file=exp, maxlen=6, beam_size=3, nbest=2, penalty=-0.3)
    texts = ["ab", "", "a b c d dd", "c"]
    for text, together in zip(texts, generate_text(texts)):
        alone = generate_text(text)
        assert len(together) == 2
        for one, other in zip(together, alone):
            assert one[:3] == other[:3]
            assert one[0].startswith(text)
            assert len(one[2]) <= len(text) + 6
            assert one[3].score == pytest.approx(other[3].score, abs=1e-4)
            length = one[3].scores["length_bonus"]
            assert one[3].score == pytest.approx(one[3].scores["lm"] - 0.3 * length, abs=1e-4)
            assert length <= 6
    assert generate_text([]) == []
    assert generate_text(torch.tensor([3, 4]))[0][:3] == generate_text("ab")[0][:3]


@pytest.mark.parametrize("scorer", ["full", "part"])
def test_ngram(exp, tmp_path, scorer):
    pytest.importorskip("kenlm")
    lines = ["\\data\\", "ngram 1=8", "ngram 2=1", "", "\\1-grams:", "-3\t<unk>\t0", "-99\t<s>\t0", "-3\t</s>\t0"]
    lines += ["-3\t<space>\t0", "-0.1\ta\t0", "-3\tb\t0", "-3\tc\t0", "-3\td\t0", "", "\\2-grams:", "-0.1\ta a", ""]
    (tmp_path / "2.arpa").write_text("\n".join([*lines, "\\end\\", ""]))
    options = {"ngram_file": tmp_path / "2.arpa", "ngram_scorer": scorer, "ngram_weight": 100.0}
    generate_text = GenerateText(lm_file=exp, maxlen=4, minlen=3, beam_size=2, **options)
    results = generate_text(["b", "cd"])
    if scorer == "full":  # in part it is asked only of what the language model likes
        assert [nbest[0][0] for nbest in results] == ["baaaa", "cdaaaa"]
    for prompt, [(*_, hypothesis)] in zip((1, 2), results):
        continuation = hypothesis.yseq[1 + prompt : 1 + prompt + 4].tolist()
        assert hypothesis.scores["ngram"] == pytest.approx(sum(-0.1 if token == 3 else -3 for token in continuation))


def test_door(exp, tmp_path):
    (tmp_path / "text").write_text("u1 ab\nu2 a c d\nu3 d\n")
    for size in ("1", "2"):
        lm_inference.main(
            ["--lm_file", str(exp), "--data_path_and_name_and_type", f"{tmp_path / 'text'},text,text", "--nbest", "2"]
            + ["--output_dir", str(tmp_path / size), "--batch_size", size, "--maxlen", "5", "--num_workers", "0"]
        )
    for folder in ("1best_recog", "2best_recog"):
        assert {file.name for file in (tmp_path / "1" / folder).iterdir()} == {"text", "token", "token_int", "score"}
        for name in ("text", "token", "token_int"):
            assert (tmp_path / "1" / folder / name).read_text() == (tmp_path / "2" / folder / name).read_text()
    lines = (tmp_path / "1" / "1best_recog" / "text").read_text().splitlines()
    assert [line[:5] for line in lines][:1] == ["u1 ab"]
    assert lines[1].startswith("u2 a c d")
    scores = [float(line.split()[1]) for line in (tmp_path / "1" / "1best_recog" / "score").read_text().splitlines()]
    assert all(score < 0 and math.isfinite(score) for score in scores)


def test_refusals(exp):
    with pytest.raises(InputError, match="minlen 5, maxlen 5"):
        GenerateText(lm_file=exp, minlen=5, maxlen=5)
    with pytest.raises(InputError, match="lm_file"):
        GenerateText()
    with pytest.raises(AttributeError):
        lm_inference.GenerateTexts
