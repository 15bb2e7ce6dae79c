"""Speech to text while it is spoken, in Python::

    from espnet2.bin.asr_inference_streaming import Speech2TextStreaming

    recogniser = Speech2TextStreaming.from_pretrained("exp/asr_train_conformer_streaming_raw_char", ctc_weight=0.3)
    for chunk in source:  # any number of samples
        for event in recogniser.feed(chunk):
            print(event.kind, event.text)
    text, tokens, token_int, hypothesis = recogniser.finish()[0]

Several streams at once: ``recogniser.open_stream()`` gives an object with the same ``feed`` and ``finish`` for each, and
``espnet2.inference.stream_pool.StreamPool`` advances them together.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from espnet2.asr.streaming import streaming_parts
from espnet2.inference.block_sizes import set_blocks
from espnet2.inference.events import Event
from espnet2.inference.hotwords import Hotwords, read_hotwords
from espnet2.inference.models import with_files_of
from espnet2.inference.parts import Result, load_parts
from espnet2.inference.stream import Stream
from espnet2.inference.streaming_options import EndpointOptions
from espnet2.inference.streaming_scorers import build_streaming_search
from espnet2.inference.utterance_stream import Recognition
from espnet2.search.options import SearchOptions, StreamingOptions
from espnet2.utils.errors import InputError


class Speech2TextStreaming:
    """A recogniser that takes speech piece by piece.

    Its texts do not depend on how the speech is cut into chunks.

    Args:
        asr_train_config: The training's ``config.yaml``; by default the one beside ``asr_model_file``.
        asr_model_file: Weights.
        lm_train_config: The language model's ``config.yaml``.
        lm_file: The language model's weights; none: no language model.
        ngram_scorer: ``full`` or ``part`` (candidates only).
        ngram_file: An n-gram model of the tokens, ARPA or KenLM binary.
        token_type: The unit of the text; by default that of the training.
        bpemodel: The sentencepiece model; by default that of the training.
        device: Where to compute.
        maxlenratio, minlenratio, beam_size, ctc_weight, lm_weight, ngram_weight, penalty, nbest, normalize_length,
            decoding_mode, time_sync, hotwords, hotword_boost: See ``espnet2.search.options.SearchOptions``.
        transducer_conf: Options of a transducer's search: ``search_type`` and others.
        batch_size: Accepted; streams go together in a ``StreamPool``.
        dtype: ``float32`` or ``float64``; with ``bfloat16`` or ``float16`` weights stay in float32, and what may be is
            computed in that precision (autocast).
        disable_repetition_detection, decoder_text_length_limit, encoded_feat_length_limit, block_size, hop_size, look_ahead,
            incremental_decode, hold_n, run_back_stitch, two_pass: See ``espnet2.search.options.StreamingOptions``.
        endpoint, silence_seconds, empty_silence_seconds, max_utterance_seconds, pause_seconds, silence_probability: Where
            endless speech is cut into utterances: see ``espnet2.inference.streaming_options.EndpointOptions``.
        word_times: Fill in ``words`` of events, and ``words`` and ``confidence`` of the results; None: if the model can.
        stable_blocks: For how many blocks a token must have stood to be counted as stable.
        sample_rate: The rate of the chunks; none: the model's. Others are resampled.
        strict_rate: Refuse other rates.
        keep_history: Whether ``finish`` tells the whole stream, or only the last of the utterances into which it was cut.
            Endless streams are better off without: their texts grow, though little.
        num_threads: Threads on the CPU; none: as torch chooses.
        quantize_asr_model, quantize_lm: Quantise dynamically.
        quantize_modules: The kinds of module.
        quantize_dtype: ``qint8`` or ``float16``.

    Raises:
        InputError: If files or options do not fit, or the model can only take whole utterances.
    """

    def __init__(
        self,
        asr_train_config: str | Path | None = None,
        asr_model_file: str | Path | None = None,
        lm_train_config: str | Path | None = None,
        lm_file: str | Path | None = None,
        token_type: str | None = None,
        bpemodel: str | None = None,
        device: str = "cpu",
        maxlenratio: float = 0.0,
        minlenratio: float = 0.0,
        batch_size: int = 1,
        dtype: str = "float32",
        beam_size: int = 20,
        ctc_weight: float = 0.5,
        lm_weight: float = 1.0,
        penalty: float = 0.0,
        nbest: int = 1,
        normalize_length: bool = False,
        disable_repetition_detection: bool = False,
        decoder_text_length_limit: int = 0,
        encoded_feat_length_limit: int = 0,
        *,
        ngram_scorer: str = "full",
        ngram_file: str | Path | None = None,
        ngram_weight: float = 0.9,
        decoding_mode: str = "attention",
        time_sync: bool = False,
        hotwords: Hotwords | None = None,
        hotword_boost: float = 2.0,
        transducer_conf: Mapping[str, Any] | None = None,
        block_size: int | None = None,
        hop_size: int | None = None,
        look_ahead: int | None = None,
        incremental_decode: bool = False,
        hold_n: int = 0,
        run_back_stitch: bool = False,
        two_pass: bool = False,
        endpoint: bool = False,
        silence_seconds: float = 1.0,
        empty_silence_seconds: float = 5.0,
        max_utterance_seconds: float = 60.0,
        pause_seconds: float = 0.4,
        silence_probability: float = 0.9,
        word_times: bool | None = False,
        stable_blocks: int = 3,
        sample_rate: int | None = None,
        strict_rate: bool = False,
        keep_history: bool = True,
        num_threads: int | None = None,
        quantize_asr_model: bool = False,
        quantize_lm: bool = False,
        quantize_modules: Sequence[str] = ("Linear",),
        quantize_dtype: str = "qint8",
    ):
        endpoints = EndpointOptions(
            endpoint, silence_seconds, empty_silence_seconds, max_utterance_seconds, pause_seconds, silence_probability
        )
        options = SearchOptions(
            beam_size=beam_size,
            nbest=nbest,
            ctc_weight=ctc_weight,
            lm_weight=lm_weight,
            ngram_weight=ngram_weight,
            ngram_scorer=ngram_scorer,
            penalty=penalty,
            maxlenratio=maxlenratio,
            minlenratio=minlenratio,
            normalize_length=normalize_length,
            decoding_mode=decoding_mode,
            time_sync=time_sync,
        )
        streaming = StreamingOptions(
            disable_repetition_detection=disable_repetition_detection,
            decoder_text_length_limit=decoder_text_length_limit,
            encoded_feat_length_limit=encoded_feat_length_limit,
            incremental_decode=incremental_decode,
            hold_n=hold_n,
            run_back_stitch=run_back_stitch,
            two_pass=two_pass,
        )
        parts = load_parts(
            asr_train_config,
            asr_model_file,
            lm_train_config,
            lm_file,
            ngram_file,
            ngram_scorer == "part",
            token_type,
            bpemodel,
            device,
            dtype,
            num_threads,
            quantize_asr_model,
            quantize_lm,
            quantize_modules,
            quantize_dtype,
        )
        frontend, _, encoder = streaming_parts(parts.asr_model)
        if frontend is None:
            raise InputError("Only audio is streamed, but this model takes features: use espnet2.bin.asr_inference.")
        has_times = parts.asr_model.ctc is not None or parts.asr_model.joint_network is not None
        if word_times and not has_times:
            raise InputError("word_times needs a model with CTC, or a transducer.")
        set_blocks(encoder, block_size, hop_size, look_ahead)
        search = build_streaming_search(
            parts.asr_model,
            parts.lm,
            parts.ngram,
            parts.asr_model.token_list,
            options,
            streaming,
            phrases=read_hotwords(hotwords, hotword_boost, parts.tokenizer, parts.converter),
            transducer_conf=transducer_conf,
        )
        self.recognition = Recognition(
            parts=parts,
            search=search,
            sample_rate=parts.sample_rate,
            frame_samples=encoder.subsample * frontend.hop_length,
            first_frames=encoder.block_size - encoder.look_ahead,
            hop_frames=encoder.hop_size,
            endpoints=endpoints,
            nbest=nbest,
            word_times=word_times is not False and has_times,
            stable_blocks=stable_blocks,
            input_rate=sample_rate,
            strict_rate=strict_rate,
            keeps_history=keep_history,
        )
        self.asr_model, self.asr_train_args = parts.asr_model, parts.asr_train_args
        self.converter, self.tokenizer = parts.converter, parts.tokenizer
        self.beam_search = search
        self.device, self.nbest = device, nbest
        self._stream = self.open_stream()

    @classmethod
    def from_pretrained(cls, model_tag: str | Path | None = None, **kwargs: Any) -> "Speech2TextStreaming":
        """Load a trained recogniser by its folder; the network is never asked.

        Args:
            model_tag: As of ``Speech2Text.from_pretrained``.
            **kwargs: See the class. A file that is named here takes the place of the one in a packed model.
        """
        return cls(**(kwargs if model_tag is None else with_files_of(model_tag, kwargs)))

    def open_stream(self) -> Stream:
        """A stream of its own. Any number may be open, and be fed in different threads."""
        return Stream(self.recognition)

    def feed(self, chunk: Any, sample_rate: int | None = None) -> list[Event]:
        """Recognise the next samples of the recogniser's own stream; see ``Stream.feed``.

        Raises:
            InputError: If the stream is finished, or the chunk cannot be used; then the stream is as it was before.

        Shapes:
            chunk (N,) or (N, channels)
        """
        return self._stream.feed(chunk, sample_rate)

    def end(self) -> list[Event]:
        """No samples come any more: recognise the rest. The last events; ``finish`` gives the results then, too."""
        return self._stream.end()

    def finish(self) -> list[Result]:
        """No samples come any more: the n-best ``(text, tokens, token_int, hypothesis)``, as ``Speech2Text``."""
        return self._stream.finish()

    def reset(self) -> None:
        """Begin a new stream."""
        self._stream = self.open_stream()

    def __call__(self, speech: Any, is_final: bool = True) -> list[Result]:
        """Recognise the next samples, as in ESPnet2.

        Args:
            speech: As of ``feed``.
            is_final: Whether the stream ends here; the next call begins a new one then.
        Returns:
            The n-best so far; none if there are not enough samples yet.

        Shapes:
            speech (N,) or (N, channels)
        """
        stream = self._stream
        stream.feed(speech)
        if not is_final:
            return stream.results
        self.reset()
        return stream.finish()
