"""Streaming searches of whole recognisers: the reference's numbers, every mode, refusals."""

import json

import pytest
import torch

from espnet2.asr.streaming import encode_stream
from espnet2.bin.asr_inference import Speech2Text
from espnet2.inference.scorers import build_search
from espnet2.inference.streaming_scorers import build_streaming_search
from espnet2.search.options import SearchOptions, StreamingOptions
from espnet2.utils.errors import InputError
from test.espnet2.asr.parity import load
from test.espnet2.search.streaming.pieces import as_rows, in_pieces
from test.shared import SHARED, needs_shared

pytestmark = needs_shared
CASES = ["asr_cb_conformer", "asr_cb_transformer", "asr_cb_conformer_1block", "asr_cb_transformer_1block"]
PARITY = {"beam_size": 4, "ctc_weight": 0.3}
CLOSE = 2e-4  # the reference's two ways of cutting the same speech differ by 6e-5


def build(model, search=PARITY, **streaming):
    return build_streaming_search(model, None, None, model.token_list, SearchOptions(**search), StreamingOptions(**streaming))


@pytest.mark.parametrize("num_samples", [2560, 10240])
@pytest.mark.parametrize("case", CASES)
@torch.no_grad()
def test_equals_the_reference_chunk_by_chunk(case, num_samples, tmp_path):
    """Tokens after each chunk, and final tokens and scores.

    The reference searches a block when one frame more than it needs is there, so one frame is held back here; and it gives
    each final hypothesis twice, which is one too many.
    """
    recogniser = load(case, tmp_path)
    expected = json.loads((SHARED / "parity" / case / "nbest.json").read_text())[f"chunk{num_samples}"]
    search = build(recogniser.model, disable_repetition_detection=True)
    samples, model_state, state = recogniser.batch["speech"][0], None, search.start()
    held_back, partial = torch.zeros(0, 16), []
    for start in range(0, len(samples), num_samples):
        is_final = start + num_samples >= len(samples)
        chunk = samples[start : start + num_samples]
        (frames,), (model_state,) = encode_stream(recogniser.model, [chunk], [model_state], [is_final])
        frames = torch.cat([held_back, frames])
        if not is_final:
            frames, held_back = frames[:-1], frames[-1:]
        state, nbest = search.advance(state, frames, is_final)
        partial.append([nbest[0].yseq.tolist()] if nbest else [])
    assert partial == expected["partial_best_yseq"]
    once = expected["final"][::2]
    assert [h["yseq"] for h in once] == [h["yseq"] for h in expected["final"][1::2]]
    for hypothesis, reference in zip(nbest, once):
        assert hypothesis.yseq.tolist() == reference["yseq"]
        assert hypothesis.score == pytest.approx(reference["score"], abs=CLOSE)
        assert hypothesis.scores == pytest.approx(reference["scores"], abs=CLOSE)


MODES = {
    "attention": {"ctc_weight": 0.3, "penalty": 0.3},
    "ctc_greedy": {"decoding_mode": "ctc_greedy"},
    "ctc_prefix_beam": {"decoding_mode": "ctc_prefix_beam", "penalty": 0.3},
    "rescoring": {"decoding_mode": "rescoring", "ctc_weight": 0.3, "penalty": 0.3},
}


@pytest.mark.parametrize(
    ("mode", "two_pass"), [*((mode, False) for mode in MODES), ("attention", True), ("ctc_prefix_beam", True)]
)
@torch.no_grad()
def test_every_mode_in_pieces(mode, two_pass, tmp_path):
    model = load("asr_cb_conformer", tmp_path).model
    options = {"beam_size": 4, **MODES[mode]}
    search = build(model, options, two_pass=two_pass, decoder_text_length_limit=20)
    encoded = torch.randn(60, 16, generator=torch.Generator().manual_seed(0))
    _, whole = search.advance(search.start(), encoded, True)
    found = in_pieces(search, encoded, torch.Generator().manual_seed(1))[-1]
    assert as_rows(found) == as_rows(whole)
    for hypothesis in whole:
        total = sum(search.weights[name] * value for name, value in hypothesis.scores.items())
        assert hypothesis.score == pytest.approx(total, abs=1e-3)
    if mode != "attention" and not two_pass:  # along the frames, live and whole are one
        offline = build_search(model, None, None, model.token_list, SearchOptions(**options))
        assert as_rows(offline(encoded[None], torch.tensor([60]))[0]) == as_rows(whole)
    if two_pass or mode == "rescoring":
        assert whole[0].scores["decoder"] == pytest.approx(-float(nll(model, encoded, whole[0])), abs=1e-3)


def nll(model, encoded, hypothesis):
    tokens = torch.tensor([hypothesis.tokens], dtype=torch.long)
    return model.nll(encoded[None], torch.tensor([len(encoded)]), tokens, torch.tensor([tokens.size(1)]))


@torch.no_grad()
def test_blocks_are_the_model_s_own_or_as_asked(tmp_path):
    model = load("asr_cb_conformer", tmp_path).model
    own, other = build(model), build(model, block_size=20, hop_size=8, look_ahead=4)
    assert (own.first_block, own.hop_size) == (24, 16)
    assert (other.first_block, other.hop_size) == (16, 8)


@torch.no_grad()
def test_transducer_in_two_passes(tmp_path):
    model = load("asr_transducer", tmp_path).model
    options = {"beam_size": 3, "ctc_weight": 0.3}
    encoded = torch.randn(12, model.encoder.output_size(), generator=torch.Generator().manual_seed(0))
    first = build(model, options)
    tokens = {tuple(h.tokens) for h in first.advance(first.start(), encoded, True)[1]}
    second = build(model, options, two_pass=True)
    nbest = second.advance(second.start(), encoded, True)[1]
    assert {tuple(h.tokens) for h in nbest} == tokens
    assert nbest[0].scores["decoder"] == pytest.approx(-float(nll(model, encoded, nbest[0])), abs=1e-4)


def test_refusals(tmp_path):
    model = load("asr_cb_conformer", tmp_path).model
    with pytest.raises(InputError, match="time_sync"):
        build(model, {"time_sync": True})
    with pytest.raises(InputError, match="two_pass"):
        build(model, {"decoding_mode": "ctc_greedy"}, two_pass=True)
    with pytest.raises(InputError, match="no transducer"):
        build_streaming_search(
            model, None, None, model.token_list, SearchOptions(), StreamingOptions(), transducer_conf={"nstep": 2}
        )
    rnn = load("asr_rnn_rnn", tmp_path).model
    rnn.encoder.block_size, rnn.encoder.hop_size, rnn.encoder.look_ahead = 40, 16, 16
    with pytest.raises(InputError, match="RNNDecoder cannot stream"):
        build(rnn)


@torch.no_grad()
def test_simulated_streaming_of_a_set(tmp_path, caplog):
    case = "asr_cb_conformer"
    recogniser = load(case, tmp_path)
    files = tmp_path / f"{case}.yaml", SHARED / "parity" / case / "model.pth"
    options = {"beam_size": 4, "ctc_weight": 0.3, "nbest": 2}
    waveforms = [recogniser.batch["speech"][0].numpy(), recogniser.batch["speech"][1, :40000].numpy()]
    results = Speech2Text(*files, streaming=True, **options)(waveforms)
    assert "streaming" not in caplog.text
    search = build(recogniser.model)
    for waveform, nbest in zip(waveforms, results):
        encoded, _ = recogniser.model.encode(torch.from_numpy(waveform)[None], torch.tensor([len(waveform)]))
        expected = search.advance(search.start(), encoded[0], True)[1]
        assert [row[2] for row in nbest] == [h.tokens for h in expected[:2]]
    by_frames = Speech2Text(*files, streaming=True, decoding_mode="ctc_prefix_beam", **options)
    assert "whole utterances" in caplog.text
    assert len(by_frames(waveforms[0])) == 2
