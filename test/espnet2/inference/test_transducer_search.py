"""From a transducer's options to its search."""

import pytest
import torch

from espnet2.inference.scorers import build_search
from espnet2.inference.transducer_search import build_streaming_transducer_search, build_transducer_search
from espnet2.lm.seq_rnn_lm import SequentialRNNLM
from espnet2.search.ctc_prefix import CTCPrefixScorer
from espnet2.search.length_bonus import LengthBonus
from espnet2.search.options import SearchOptions
from espnet2.utils.errors import InputError
from test.espnet2.search.transducer import tiny

TOKENS = ["<blank>", "a", "b", "c", "<sos/eos>"]
V = len(TOKENS)


def recogniser():
    model = torch.nn.Module()
    (model.decoder, model.joint_network), model.blank_id = tiny.transducer(V), 0
    return model


def build(lm=None, beam_size=3, lm_weight=0.5, nbest=2, conf=None, builder=build_transducer_search):
    return builder(recogniser(), lm, TOKENS, beam_size, lm_weight, nbest, conf)


def test_options_reach_the_search():
    search = build(conf={"search_type": "alsd", "u_max": 7})
    assert search.options.u_max == 7 and search.beam_size == 3 and search.lm is None
    assert len(search(tiny.speech(6), torch.tensor([6]))[0]) == 2


def test_the_language_model_takes_part_if_it_weighs_anything(caplog):
    lm = SequentialRNNLM(V, 4)
    assert build(lm).lm.sos == V - 1
    assert build(lm, lm_weight=0.0).lm is None
    assert build(lm, beam_size=1).lm is None and "does without the language model" in caplog.text


def test_streams_get_the_same_search():
    options = {"lm": SequentialRNNLM(V, 4).eval(), "conf": {"search_type": "tsd", "max_sym_exp": 3}}
    offline, streaming = build(**options), build(**options, builder=build_streaming_transducer_search)
    frames = tiny.speech(20)
    found, (expected,) = streaming.advance(streaming.start(), frames[0], True)[1], offline(frames, torch.tensor([20]))
    assert [h.yseq.tolist() for h in found] == [h.yseq.tolist() for h in expected]
    assert streaming.weights == offline.weights
    with pytest.raises(InputError, match="alsd needs the whole utterance"):
        build(conf={"search_type": "alsd"}, builder=build_streaming_transducer_search)


@pytest.mark.parametrize(
    ("ngram", "options", "message"), [(LengthBonus(V), {}, "n-gram model"), (None, {"penalty": 0.3}, "length bonus")]
)
def test_what_the_search_has_no_use_for_is_refused(ngram, options, message):
    with pytest.raises(InputError, match=message):
        build_search(recogniser(), None, ngram, TOKENS, SearchOptions(**options))
    assert build_search(recogniser(), None, None, TOKENS, SearchOptions()).beam_size == 20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"conf": {"serch_type": "tsd"}}, "search_type"),
        ({"conf": {"search_type": "tds"}}, "tsd"),
        ({"conf": {"search_type": "mbg"}}, "multi-blank"),
        ({"conf": {"multi_blank_durations": [2]}}, "multi-blank"),
        ({"conf": {"score_norm_during": True}}, "score_norm_during"),
        ({"conf": {"search_type": "tsd", "max_sym_exp": 0}}, "at least 1"),
        ({"conf": {"search_type": "maes"}, "beam_size": 4}, "smaller beam"),
        ({"lm": CTCPrefixScorer(None, V - 1)}, "CTCPrefixScorer cannot take part"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(InputError, match=message):
        build(**options)
