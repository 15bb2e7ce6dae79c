"""Texts do not depend on chunks, streams not on one another, and what goes wrong is said."""

import json
import threading

import numpy as np
import pytest
import torch

from espnet2.bin import asr_inference_streaming
from espnet2.inference.speech2text import Speech2Text
from espnet2.inference.speech2text_streaming import Speech2TextStreaming
from espnet2.inference.stream import advance
from espnet2.utils.errors import InputError
from test.espnet2.inference.streaming_models import (
    CUTS,
    FRAME_SAMPLES,
    RATE,
    feed_in_chunks,
    load,
    noise,
    write_streaming,
)
from test.espnet2.inference.test_speech2text import PARITY, copied, waveforms
from test.espnet2.tasks.tiny_asr import ASR, write_experiment
from test.shared import needs_shared

MODES = {
    "attention": {"ctc_weight": 0.5},
    "ctc_greedy": {"decoding_mode": "ctc_greedy"},
    "ctc_prefix_beam": {"decoding_mode": "ctc_prefix_beam"},
    "rescoring": {"decoding_mode": "rescoring"},
}


def told(events):
    return [(event.kind, event.tokens, event.start_seconds, event.end_seconds, event.stable_text) for event in events]


def ids(results):
    return [result[2] for result in results]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("encoder", ["contextual_block_transformer", "contextual_block_conformer", "conformer"])
def test_chunks_change_nothing(models, encoder, mode):
    recogniser = load(models[encoder], nbest=2, **MODES[mode])
    for seed in range(3):
        random = np.random.default_rng(seed)
        samples = noise(random.uniform(0.5, 4.0), seed)
        whole = recogniser.open_stream()
        events = feed_in_chunks(whole, samples, [len(samples)])
        sizes = np.exp(random.uniform(np.log(40), np.log(160000), 8)).astype(int).tolist()
        stream = recogniser.open_stream()
        assert told(feed_in_chunks(stream, samples, sizes)) == told(events), sizes
        assert ids(stream.finish()) == ids(whole.finish())
        scores = [result[3].score for result in whole.finish()]
        assert [result[3].score for result in stream.finish()] == pytest.approx(scores, rel=1e-4)


@pytest.mark.parametrize("cuts", [CUTS, {"max_utterance_seconds": 1.0}], ids=["pauses", "longest"])
@pytest.mark.parametrize("mode", ["attention", "ctc_greedy"])
def test_chunks_do_not_move_endpoints(models, mode, cuts):
    recogniser = load(models["contextual_block_conformer"], **MODES[mode], **cuts)
    samples = noise(6.0, 7)
    whole = recogniser.open_stream()
    events = feed_in_chunks(whole, samples, [len(samples)])
    finals = [event for event in events if event.kind == "final"]
    assert len(finals) > 2 or mode == "attention"  # which ends random utterances early
    assert all(a.end_seconds <= b.start_seconds + 1e-9 for a, b in zip(finals, finals[1:]))
    assert whole.finish()[0][0].split() == " ".join(event.text for event in finals).split()
    for sizes in ([37], [640, 1, 0, 9000], [10240]):
        stream = recogniser.open_stream()
        assert told(feed_in_chunks(stream, samples, sizes)) == told(events)
        assert ids(stream.finish()) == ids(whole.finish())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_random_chunks(recogniser, seed):
    random = np.random.default_rng(seed)
    samples = noise(random.uniform(0.0, 10.0), seed)
    sizes = np.exp(random.uniform(0, np.log(160000), 20)).astype(int).tolist()
    whole, stream = recogniser.open_stream(), recogniser.open_stream()
    events = feed_in_chunks(whole, samples, [max(len(samples), 1)])
    assert told(feed_in_chunks(stream, samples, sizes)) == told(events), sizes
    assert ids(stream.finish()) == ids(whole.finish())


def test_single_samples(recogniser):
    samples = noise(1.0)
    whole, stream = recogniser.open_stream(), recogniser.open_stream()
    assert told(feed_in_chunks(stream, samples, [1])) == told(feed_in_chunks(whole, samples, [len(samples)]))
    assert whole.finish()[0][2]


@pytest.mark.parametrize("ctc_weight", [0.0, 0.3])
def test_transducers(tmp_path, ctc_weight):
    sizes = {"rnn_type": "lstm", "num_layers": 1, "hidden_size": 8}
    folder = write_streaming(
        tmp_path / "model",
        decoder="transducer",
        decoder_conf=sizes,
        joint_net_conf={"joint_space_size": 8},
        model_conf={"ctc_weight": ctc_weight},
    )
    samples = noise(4.0, 7)
    for search in ({"beam_size": 1}, {"beam_size": 3, "transducer_conf": {"search_type": "maes"}}):
        recogniser = Speech2TextStreaming.from_pretrained(folder, max_utterance_seconds=1.5, word_times=None, **search)
        whole, stream = recogniser.open_stream(), recogniser.open_stream()
        events = feed_in_chunks(whole, samples, [len(samples)])
        assert told(feed_in_chunks(stream, samples, [777, 3, 20000])) == told(events)
        assert sum(event.kind == "final" for event in events) > 1
        assert all(event.words is not None and len(event.token_seconds) == len(event.tokens) for event in events)


@pytest.mark.parametrize("mode", ["ctc_greedy", "ctc_prefix_beam"])
@pytest.mark.parametrize("encoder", ["contextual_block_transformer", "contextual_block_conformer"])
def test_streaming_equals_offline(models, encoder, mode):
    samples = noise(3.0, 3)
    offline = Speech2Text.from_pretrained(models[encoder], beam_size=3, decoding_mode=mode)(samples)
    streamed = load(models[encoder], decoding_mode=mode, maxlenratio=0.0)(samples)
    assert ids(streamed) == ids(offline) and streamed[0][0] == offline[0][0]
    assert streamed[0][3].score == pytest.approx(offline[0][3].score, rel=1e-4)


def test_offline_decoding_of_a_streaming_model_just_works(models):
    for folder in models.values():
        (result,) = Speech2Text.from_pretrained(folder, beam_size=3, maxlenratio=-5)(noise(2.0))
        assert len(result[2]) <= 5


def test_the_call_of_espnet2(models):
    recogniser = load(models["contextual_block_conformer"], decoding_mode="ctc_greedy")
    samples = noise(3.0, 5)
    whole = recogniser(samples)
    for _ in range(2):  # the second time after the end of the first
        assert recogniser(speech=samples[:500], is_final=False) == []
        partial = recogniser(speech=samples[500:30000], is_final=False)
        assert partial[0][2] and partial[0][2] == whole[0][2][: len(partial[0][2])]
        results = recogniser(speech=samples[30000:])
        assert ids(results) == ids(whole)
        assert [type(item) for item in results[0][:3]] == [str, list, list]
    recogniser(speech=samples[:20000], is_final=False)
    recogniser.reset()
    assert ids(recogniser(samples)) == ids(whole)


def test_partial_events(recogniser):
    recogniser.reset()
    samples = noise(4.0, 9)
    events = [
        event for start in range(0, len(samples), 1600) for event in recogniser.feed(samples[start : start + 1600])
    ]
    assert {event.kind for event in events} == {"partial"}
    assert all(a.tokens != b.tokens for a, b in zip(events, events[1:]))
    assert all(event.text.startswith(event.stable_text) for event in events)
    assert any(event.stable_text for event in events)
    (final,) = recogniser.end()[-1:]
    text, tokens, _, hypothesis = recogniser.finish()[0]
    assert (final.kind, final.text, final.tokens, final.stable_text) == ("final", text, tokens, text)
    assert final.words == hypothesis.words and 0 <= hypothesis.confidence <= 1
    times = [time for word in final.words for time in (word.start_seconds, word.end_seconds)]
    assert times == sorted(times) and times[0] >= 0 and times[-1] <= final.end_seconds <= 4.0
    assert len(final.token_seconds) == len(tokens) and final.token_seconds == sorted(final.token_seconds)


def test_word_times_are_those_of_the_whole(models):
    samples = noise(4.0, 11)
    options = {"decoding_mode": "ctc_greedy", "word_times": True}
    offline = Speech2Text.from_pretrained(models["contextual_block_conformer"], **options)(samples)[0][3].words
    streamed = load(models["contextual_block_conformer"], **options)(samples)[0][3].words
    assert [word.word for word in streamed] == [word.word for word in offline]
    for a, b in zip(streamed, offline):
        assert a.start_seconds == pytest.approx(b.start_seconds, abs=0.05)
        assert a.end_seconds == pytest.approx(b.end_seconds, abs=0.05)


def test_kinds_of_samples_give_the_same_text(recogniser):
    samples = np.round(noise(2.0, 2) * 32768).clip(-32768, 32767).astype(np.int16)
    floats = samples.astype(np.float32) / 32768
    texts = set()
    for given in (samples, floats, floats.astype(np.float64), torch.from_numpy(floats), np.stack([floats, floats], 1)):
        recogniser.reset()
        recogniser.feed(given)
        texts.add(recogniser.finish()[0][0])
    assert len(texts) == 1 and texts.pop()


def test_another_rate(models):
    folder = models["contextual_block_conformer"]
    samples = noise(2.0, 2)[::2]
    one, other = load(folder, decoding_mode="ctc_greedy", sample_rate=8000), load(folder, decoding_mode="ctc_greedy")
    events = feed_in_chunks(one.open_stream(), samples, [999])
    stream = other.open_stream()
    assert told(stream.feed(samples, 8000) + stream.end()) == told(events) and events
    with pytest.raises(InputError, match="works at 16000 Hz"):
        load(folder, strict_rate=True).feed(samples, 8000)


def test_too_few_samples(recogniser):
    for num_samples in (0, 1, 200):
        recogniser.reset()
        assert recogniser.feed(np.zeros(num_samples)) == []
        assert [result[:3] for result in recogniser.finish()] == [(" ", ["<space>"], [2])]


def test_a_bad_chunk_leaves_no_trace(recogniser):
    samples = noise(2.0, 2)
    whole = recogniser.open_stream()
    feed_in_chunks(whole, samples, [len(samples)])
    stream = recogniser.open_stream()
    stream.feed(samples[:9000])
    bad = samples[9000:].copy()
    bad[123] = np.nan
    with pytest.raises(InputError, match="chunk 1: sample 123 of 23000 is NaN"):
        stream.feed(bad)
    stream.feed(samples[9000:])
    assert ids(stream.finish()) == ids(whole.finish())


def test_feed_after_finish(recogniser):
    recogniser.reset()
    recogniser.feed(noise(1.0))
    results = recogniser.finish()
    assert ids(recogniser.finish()) == ids(results) and recogniser.end() == []
    with pytest.raises(InputError, match=r"finished: reset\(\)"):
        recogniser.feed(noise(1.0))
    recogniser.reset()
    recogniser.feed(noise(1.0))
    assert ids(recogniser.finish()) == ids(results)


def test_models_that_cannot_stream_say_what_to_do(tmp_path, models):
    write_experiment(tmp_path / "offline", ASR)
    with pytest.raises(InputError, match="use_streaming: false"):
        load(tmp_path / "offline")
    write_streaming(tmp_path / "utterance", normalize="utterance_mvn", normalize_conf={})
    with pytest.raises(InputError, match="global_mvn"):
        load(tmp_path / "utterance")
    write_streaming(tmp_path / "features", input_size=20, frontend=None)
    with pytest.raises(InputError, match="takes features"):
        load(tmp_path / "features")
    write_streaming(tmp_path / "no_ctc", model_conf={"ctc_weight": 0.0})
    with pytest.raises(InputError, match="word_times needs"):
        load(tmp_path / "no_ctc", ctc_weight=0.0, word_times=True)


def test_other_blocks(models):
    folder, samples = models["contextual_block_conformer"], noise(3.0, 4)
    recogniser = load(folder, decoding_mode="ctc_greedy", block_size=20, hop_size=4, look_ahead=3)
    assert recogniser.recognition.first_frames == 17 and recogniser.recognition.hop_frames == 4
    whole = recogniser(samples)
    stream = recogniser.open_stream()
    feed_in_chunks(stream, samples, [777])
    assert ids(stream.finish()) == ids(whole)
    assert load(models["conformer"], block_size=8).recognition.hop_frames == 8
    with pytest.raises(InputError, match="do not overlap"):
        load(models["conformer"], block_size=8, hop_size=4)
    with pytest.raises(InputError, match="at least hop_size"):
        load(folder, block_size=8)
    with pytest.raises(InputError, match="needs blocks"):
        load(folder, block_size=0)


def test_threads_do_not_disturb_one_another(recogniser):
    waves = [noise(2.0, seed) for seed in range(4)]
    alone = []
    for wave in waves:
        stream = recogniser.open_stream()
        feed_in_chunks(stream, wave, [1000])
        alone.append(ids(stream.finish()))
    found = [None] * 4

    def work(number):
        stream = recogniser.open_stream()
        feed_in_chunks(stream, waves[number], [500 + 300 * number])
        found[number] = ids(stream.finish())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == alone


def test_history_can_be_left_out(models):
    samples = noise(6.0, 7)
    recogniser = load(models["contextual_block_conformer"], decoding_mode="ctc_greedy", keep_history=False, **CUTS)
    stream = recogniser.open_stream()
    finals = [event for event in feed_in_chunks(stream, samples, [4000]) if event.kind == "final"]
    assert stream._history == [] and len(finals) > 2
    assert stream.finish()[0][1] == finals[-1].tokens


def test_a_long_chunk_goes_through_in_pieces(recogniser):
    stream = recogniser.open_stream()
    stream.put(noise(3.0))
    assert len(stream.next_piece().samples) == 6 * FRAME_SAMPLES
    assert not advance([recogniser.open_stream()])
    assert stream.num_seconds == 3.0 and recogniser.recognition.sample_rate == RATE


def test_the_class_is_handed_on():
    assert asr_inference_streaming.Speech2TextStreaming is Speech2TextStreaming
    with pytest.raises(AttributeError):
        asr_inference_streaming.Speech3Text


@needs_shared
@pytest.mark.parametrize("encoder", ["conformer", "transformer"])
@pytest.mark.parametrize("case", ["", "_1block"])
def test_results_equal_the_reference(encoder, case, tmp_path):
    """The reference's n-best has each hypothesis twice or more; ours has it once."""
    name = f"asr_cb_{encoder}{case}"
    folder, speech = copied(name, tmp_path), waveforms(name)[0]
    recogniser = Speech2TextStreaming.from_pretrained(
        folder, beam_size=4, ctc_weight=0.3, nbest=4, disable_repetition_detection=True
    )
    for chunk, reference in json.loads((PARITY / name / "nbest.json").read_text()).items():
        size = int(chunk.removeprefix("chunk"))
        position = 0
        while position + size <= len(speech):
            recogniser(speech[position : position + size], is_final=False)
            position += size
        found = [(hypothesis.yseq.tolist(), hypothesis.score) for *_, hypothesis in recogniser(speech[position:])]
        wanted = {tuple(hypothesis["yseq"]): hypothesis["score"] for hypothesis in reference["final"]}
        assert [tuple(yseq) for yseq, _ in found][: len(wanted)] == list(wanted)
        assert [score for _, score in found][: len(wanted)] == pytest.approx(list(wanted.values()), rel=1e-4)
