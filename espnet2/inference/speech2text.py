"""Waveforms to text, in Python::

    from espnet2.bin.asr_inference import Speech2Text

    speech2text = Speech2Text.from_pretrained("exp/asr_train_conformer_raw_char", beam_size=10, ctc_weight=0.3)
    text, tokens, token_int, hypothesis = speech2text(waveform)[0]
    for nbest in speech2text([waveform, another]):  # several at once are faster
        ...
"""
# Shapes: N samples, T frames after subsampling, D model size, V vocabulary
import logging
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from espnet2.fileio.segmentation import SegmentLimits
from espnet2.inference.hotwords import Hotwords, read_hotwords
from espnet2.inference.long_audio import recognise_long
from espnet2.inference.models import with_files_of
from espnet2.inference.options import UnsupportedOptions
from espnet2.inference.parts import Result, load_parts
from espnet2.inference.scorers import build_search
from espnet2.inference.streaming_scorers import build_simulated_search
from espnet2.inference.words import with_confidence, with_words
from espnet2.layers.too_short import TooShortUttError
from espnet2.search.beam_search import max_tokens, min_tokens
from espnet2.search.hypothesis import Hypothesis, log_best
from espnet2.search.options import SearchOptions
from espnet2.utils.errors import InputError

Waveform = np.ndarray | Tensor
SEGMENT_SECONDS, OVERLAP_SECONDS = 20.0, 2.0  # pieces of a long recording


class Speech2Text:
    """A recogniser with its search.

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
            decoding_mode, time_sync, hotwords, hotword_boost: See ``espnet2.search.options``.
        streaming: Search block by block, as if the speech came live.
        transducer_conf: Options of a transducer's search: ``search_type`` and others.
        maskctc_n_iterations, maskctc_threshold_probability: See ``espnet2.inference.options``.
        word_times: Fill in ``words`` and ``confidence`` of each hypothesis.
        long_seconds: A longer recording is cut at pauses and its pieces' results joined, so that memory is bounded; 0:
            never.
        batch_size: How many pieces of a long recording go together. Waveforms that are given together go together.
        dtype: ``float32`` or ``float64``; with ``bfloat16`` or ``float16`` weights stay in float32, and what may be is
            computed in that precision (autocast).
        num_threads: Threads on the CPU; none: as torch chooses.
        quantize_asr_model, quantize_lm: Quantise dynamically.
        quantize_modules: The kinds of module.
        quantize_dtype: ``qint8`` or ``float16``.
        **unsupported: Options of this interface that are not supported; refused unless at their defaults.

    Raises:
        InputError: If files or options do not fit.
    """

    def __init__(
        self,
        asr_train_config: str | Path | None = None,
        asr_model_file: str | Path | None = None,
        *,
        lm_train_config: str | Path | None = None,
        lm_file: str | Path | None = None,
        ngram_scorer: str = "full",
        ngram_file: str | Path | None = None,
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
        ngram_weight: float = 0.9,
        penalty: float = 0.0,
        nbest: int = 1,
        normalize_length: bool = False,
        decoding_mode: str = "attention",
        time_sync: bool = False,
        streaming: bool = False,
        hotwords: Hotwords | None = None,
        hotword_boost: float = 2.0,
        transducer_conf: Mapping[str, Any] | None = None,
        maskctc_n_iterations: int = 10,
        maskctc_threshold_probability: float = 0.999,
        word_times: bool = False,
        long_seconds: float = 60.0,
        num_threads: int | None = None,
        quantize_asr_model: bool = False,
        quantize_lm: bool = False,
        quantize_modules: Sequence[str] = ("Linear",),
        quantize_dtype: str = "qint8",
        **unsupported: Any,
    ):
        UnsupportedOptions(**unsupported)
        self.parts = load_parts(
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
        self.precision = self.parts.precision
        self.asr_model, self.asr_train_args = self.parts.asr_model, self.parts.asr_train_args
        self.converter, self.tokenizer = self.parts.converter, self.parts.tokenizer
        options = SearchOptions(
            beam_size=beam_size,
            nbest=nbest,
            ctc_weight=ctc_weight,
            lm_weight=lm_weight,
            ngram_weight=ngram_weight,
            penalty=penalty,
            normalize_length=normalize_length,
            decoding_mode=decoding_mode,
            time_sync=time_sync,
        )
        build = build_simulated_search if streaming else build_search
        self.beam_search = build(
            self.asr_model,
            self.parts.lm,
            self.parts.ngram,
            self.asr_model.token_list,
            options,
            phrases=read_hotwords(hotwords, hotword_boost, self.tokenizer, self.converter),
            transducer_conf=transducer_conf,
            n_iterations=maskctc_n_iterations,
            threshold_probability=maskctc_threshold_probability,
        )
        self.device = device
        self.sample_rate = self.parts.sample_rate
        self.word_times = word_times
        self.long_seconds = long_seconds
        self.batch_size = batch_size
        if word_times and (self.asr_model.ctc is None or self.sample_rate is None):
            raise InputError("word_times needs a model with CTC that takes audio.")
        self.nbest = nbest
        self.maxlenratio = maxlenratio
        self.minlenratio = minlenratio

    @classmethod
    def from_pretrained(cls, model_tag: str | Path | None = None, **kwargs: Any) -> "Speech2Text":
        """Load a trained recogniser by its folder; the network is never asked.

        Args:
            model_tag: An experiment folder or a ``.pth`` in one, a packed model (``.zip``) or its folder, or a folder of
                Hugging Face's cache.
            **kwargs: See the class. A file that is named here takes the place of the one in a packed model.
        """
        return cls(**(kwargs if model_tag is None else with_files_of(model_tag, kwargs)))

    def __call__(self, speech: Waveform | Sequence[Waveform]) -> list[Any]:
        """Recognise.

        Args:
            speech: A waveform (or features, for a model without front end), or a list of them.
        Returns:
            The best results ``(text, tokens, token_int, hypothesis)`` of the waveform, best first; for a list of
            waveforms a list of such lists. Where the encoder has intermediate CTC layers, each waveform has the pair
            ``(results, {layer: tokens})``. A waveform too short for the model has a blank result.

        Shapes:
            speech (N,), (N, channels) or (T, dimensions)
        """
        with torch.no_grad(), self.precision.context():
            if isinstance(speech, (list, tuple)):
                return self._recognise_any(speech)
            return self._recognise_any([torch.as_tensor(speech)])[0]

    def _recognise_any(self, speeches: Sequence[Waveform]) -> list[Any]:
        """Recognise; long recordings piece by piece, the others together."""
        most = self.long_seconds * self.sample_rate if self.sample_rate else 0
        is_long = [0 < most < len(speech) for speech in speeches]
        short = iter(self._recognise([speech for speech, long in zip(speeches, is_long) if not long]))
        return [self._recognise_long(speech) if long else next(short) for speech, long in zip(speeches, is_long)]

    def _recognise_long(self, speech: Waveform) -> Any:
        limits = SegmentLimits(
            long_seconds=self.long_seconds,
            segment_seconds=min(SEGMENT_SECONDS, self.long_seconds),
            overlap_seconds=min(OVERLAP_SECONDS, self.long_seconds / 4),
        )
        return recognise_long(self, speech, self.sample_rate, limits, self.batch_size, self._recognise)

    def _recognise(self, speeches: Sequence[Waveform]) -> list[Any]:
        if not speeches:
            return []
        # The real-time factor is read from the times of the lines "speech length" and "best hypo", in pairs. The first
        # pair spans the work of all.
        logging.info(f"speech length: {len(speeches[0])}")
        encoded = [self._encode(speech) for speech in speeches]
        whole = [frames for frames, _ in encoded if frames is not None]
        found: list[list[Hypothesis]] = []
        if whole:
            lengths = torch.tensor([len(frames) for frames in whole], device=whole[0].device)
            found = self.beam_search(pad_sequence(whole, batch_first=True), lengths, self.maxlenratio, self.minlenratio)
        hypotheses = iter(found)
        results: list[Any] = []
        for number, (speech, (frames, layers)) in enumerate(zip(speeches, encoded)):
            if number > 0:
                logging.info(f"speech length: {len(speech)}")
            if frames is None:
                nbest = self.parts.blank_results(self.nbest)
            else:
                nbest = self._finish(next(hypotheses), frames, len(speech))
            logging.info(f"best hypo: {nbest[0][0] if nbest else ''}")
            results.append(nbest if layers is None else (nbest, layers))
        return results

    def _encode(self, speech: Waveform) -> tuple[Tensor | None, dict[int, list[str]] | None]:
        """Encode one waveform; None if it is too short. Also the tokens of the intermediate layers, if there are any.

        Each goes alone: padding would change what the convolutions see at its end, and so the result.
        """
        speech = torch.as_tensor(speech).to(device=self.device, dtype=getattr(torch, self.precision.weights))
        try:
            encoded, _ = self.asr_model.encode(speech.unsqueeze(0), torch.tensor([len(speech)], device=self.device))
        except TooShortUttError as error:
            logging.warning(f"blank result: {error}")
            return None, None
        if isinstance(encoded, tuple):
            encoded, intermediate = encoded
            return encoded[0], {layer: self._greedy(frames) for layer, frames in intermediate}
        return encoded[0], None

    def _greedy(self, frames: Tensor) -> list[str]:
        """The likeliest token of each frame, repetitions and blanks left out: frames (1, T, D)."""
        path = self.asr_model.ctc.log_softmax(frames)[0].argmax(-1).tolist()
        return self.converter.ids2tokens([token for token, _ in groupby(path) if token != self.asr_model.blank_id])

    def _finish(self, hypotheses: list[Hypothesis], frames: Tensor, num_samples: int) -> list[Result]:
        """Log what is documented, and turn ids into text: frames (T, D)."""
        logging.info(f"decoder input length: {len(frames)}")
        logging.info(f"max output length: {max_tokens(len(frames), self.maxlenratio)}")
        logging.info(f"min output length: {min_tokens(len(frames), self.minlenratio)}")
        log_best(hypotheses, self.beam_search.weights)
        best = hypotheses[: self.nbest]
        if self.word_times:
            log_probs = self.asr_model.ctc.log_softmax(frames.unsqueeze(0))[0]
            seconds = num_samples / self.sample_rate
            tokens, kind = self.asr_model.token_list, self.asr_train_args.token_type
            best = [with_words(h, log_probs, seconds, tokens, kind) for h in with_confidence(hypotheses)[: self.nbest]]
        return [self.parts.as_result(hypothesis) for hypothesis in best]
