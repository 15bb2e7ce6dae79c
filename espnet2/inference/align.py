"""Find the utterances of a text in a long recording::

    from espnet2.bin.asr_align import CTCSegmentation

    aligner = CTCSegmentation("exp/asr_train/config.yaml", "exp/asr_train/valid.acc.ave.pth", kaldi_style_text=False)
    print(aligner(waveform, ["THE FIRST SENTENCE", "THE SECOND ONE"], name="recording"))

The recogniser reads the recording in windows, so memory does not grow with the square of its length; the CTC path over all
of it is found by ``espnet2.search.alignment``. The score of an utterance is that of its worst stretch, as in

Kuerzinger, Winkelbauer, Li, Watzel, Rigoll, "CTC-Segmentation of Large Corpora for German End-to-end Speech Recognition",
2020, https://arxiv.org/abs/2007.09127
"""
# Shapes: N samples, T frames, V vocabulary
import argparse
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from espnet2.config.options import from_args
from espnet2.fileio.audio import read_audio
from espnet2.fileio.signal import resample
from espnet2.inference.align_options import AlignOptions
from espnet2.inference.models import find_model, load_recogniser
from espnet2.inference.transcribe import model_sample_rate
from espnet2.inference.windows import ctc_log_probs
from espnet2.inference.words import SPACE
from espnet2.layers.too_short import TooShortUttError
from espnet2.search.alignment import TextSpan, TooFewFramesError, align_texts
from espnet2.tasks.asr import ASRTask
from espnet2.text.token_id_converter import TokenIDConverter
from espnet2.utils.atomic import atomic_write
from espnet2.utils.errors import InputError
from espnet2.utils.log import setup_logging

# CTC's peaks are shorter than the sounds, so an utterance gets at most so much of the pause on either side.
MARGIN_SECONDS = 0.2
SCORING_FRAMES = 30


class Utterance(NamedTuple):
    """A line of the text."""

    uid: str
    text: str
    ids: list[int]


@dataclass(frozen=True)
class Segment:
    """An utterance in a recording."""

    utterance: str
    start_seconds: float
    end_seconds: float
    score: float  # lowest mean log-probability of a stretch of frames
    text: str


@dataclass(frozen=True)
class Segmentation:
    """The utterances of a recording; as text a line ``<utterance> <name> <start> <end> <score> <text>`` for each."""

    name: str
    segments: Sequence[Segment]
    print_utt_score: bool = True
    print_utt_text: bool = True

    def __str__(self) -> str:
        return "".join(f"{self._line(segment)}\n" for segment in self.segments)

    def _line(self, segment: Segment) -> str:
        words = [segment.utterance, self.name, f"{segment.start_seconds:.2f}", f"{segment.end_seconds:.2f}"]
        words += [f"{segment.score:.4f}"] if self.print_utt_score else []
        words += [segment.text] if self.print_utt_text else []
        return " ".join(words)


class CTCSegmentation:
    """A recogniser that aligns texts with recordings.

    Args:
        asr_train_config: The training's ``config.yaml``; by default the one beside ``asr_model_file``.
        asr_model_file: Weights.
        **options: The fields of ``AlignOptions``.

    Raises:
        InputError: If files or options do not fit, or the model has no CTC.
    """

    def __init__(
        self, asr_train_config: str | Path | None = None, asr_model_file: str | Path | None = None, **options: Any
    ):
        unknown = sorted(options.keys() - {field.name for field in fields(AlignOptions)})
        if unknown:
            raise InputError(f"CTCSegmentation has no option {', '.join(unknown)}.")
        self.options = AlignOptions(
            asr_train_config=asr_train_config, asr_model_file=asr_model_file, **options  # type: ignore[arg-type]
        )
        if self.options.text_converter != "tokenize":
            raise InputError("text_converter classic is not supported: texts are tokenised as in the training (tokenize).")
        if self.options.set_blank:
            raise InputError(f"set_blank is {self.options.set_blank}, but blank has the id 0 in every recogniser.")
        self.device = "cuda" if self.options.ngpu else "cpu"
        if self.options.model_tag is not None:
            files = find_model(self.options.model_tag)
            asr_train_config, asr_model_file = files["asr_train_config"], files["asr_model_file"]
        self.asr_model, self.asr_train_args = load_recogniser(
            asr_train_config, asr_model_file, self.device, self.options.dtype
        )
        if self.asr_model.ctc is None:
            raise InputError("An alignment needs CTC, but the model was trained without it.")
        self.preprocess: Any = ASRTask.build_preprocess_fn(self.asr_train_args, train=False)
        if self.preprocess is None or self.asr_train_args.token_type is None:
            raise InputError("The training's configuration does not tell how text becomes tokens (token_type).")
        self.converter = TokenIDConverter(self.asr_model.token_list)
        self.sample_rate = model_sample_rate(self.asr_model)

    def __call__(
        self, speech: np.ndarray | Tensor, text: str | Sequence[str], fs: int | None = None, name: str | None = None
    ) -> Segmentation:
        """Align a text with a recording.

        Args:
            speech: The recording, one channel.
            text: Utterances in their order, one a line.
            fs: Its sampling rate; by default the option ``fs``.
            name: The recording's name; by default ``utt``.
        Raises:
            InputError: If the recording is too short for the text, or the text holds nothing.

        Shapes:
            speech (N,)
        """
        name = name or "utt"
        utterances = self._utterances(text.splitlines() if isinstance(text, str) else text, name)
        samples = resample(np.asarray(speech, dtype=np.float32), fs or self.options.fs, self.sample_rate)
        log_probs, times = self._log_probs(samples, name)
        try:
            spans = align_texts(log_probs, [ids for _, _, ids in utterances], self.options.gratis_blank)
        except TooFewFramesError as error:
            raise InputError(f"{name}: {error}") from error
        segments = _segments(utterances, spans, times.tolist(), self.options.scoring_length or SCORING_FRAMES)
        return Segmentation(name, segments, self.options.print_utt_score, self.options.print_utt_text)

    def _utterances(self, lines: Sequence[str], name: str) -> list[Utterance]:
        """Names, texts and tokens; what the recogniser has no token for is left out."""
        dropped = {self.converter.unk_id}
        if self.options.replace_spaces_with_blanks:
            dropped |= set(self.converter.tokens2ids([SPACE]))
        utterances: list[Utterance] = []
        for number, line in enumerate(filter(None, map(str.strip, lines))):
            uid, text = f"{name}_{number:04}", line
            if self.options.kaldi_style_text:
                uid, _, text = line.partition(" ")
            ids = [int(token) for token in self.preprocess(uid, {"text": text})["text"] if int(token) not in dropped]
            if ids:
                utterances.append(Utterance(uid, text, ids))
            else:
                logging.warning(f"{uid}: '{text}' is left out: nothing in it is among the recogniser's tokens")
        if not utterances:
            raise InputError(f"{name}: the text holds no utterance.")
        return utterances

    def _log_probs(self, samples: np.ndarray, name: str) -> tuple[Tensor, Tensor]:
        """CTC posteriors and frame times: (N,) -> (T, V), (T + 1,)."""
        waveform = torch.from_numpy(samples).to(device=self.device, dtype=getattr(torch, self.options.dtype))
        try:
            return ctc_log_probs(self.asr_model, waveform, self.sample_rate)
        except TooShortUttError as error:
            raise InputError(f"{name}: {error}") from error


def worst_stretch(log_probs: Tensor, num_frames: int) -> float:
    """The lowest mean over so many frames in a row, or over all if there are fewer: (T,)."""
    return float(log_probs.double().unfold(0, min(num_frames, len(log_probs)), 1).mean(1).min())


def _segments(
    utterances: Sequence[Utterance], spans: Sequence[TextSpan], times: Sequence[float], scoring_frames: int
) -> list[Segment]:
    """Spans in seconds, widened into the pauses, but not beyond their middle."""
    starts = [times[span.start_frame] for span in spans]
    ends = [times[span.end_frame] for span in spans]
    middles = [(end + start) / 2 for end, start in zip(ends, starts[1:])]
    limits = [0.0, *middles, times[-1]]
    return [
        Segment(
            utterance=utterance.uid,
            start_seconds=max(limits[number], starts[number] - MARGIN_SECONDS),
            end_seconds=min(limits[number + 1], ends[number] + MARGIN_SECONDS),
            score=worst_stretch(spans[number].log_probs, scoring_frames),
            text=utterance.text,
        )
        for number, utterance in enumerate(utterances)
    ]


def align_files(args: argparse.Namespace) -> None:
    """Align a text file with a sound file.

    Args:
        args: ``audio``, ``text``, ``output`` (``-`` for standard output), ``log_level`` and the fields of
            ``AlignOptions``.
    Raises:
        InputError: If files or options do not fit.
    """
    setup_logging(args.log_level)
    aligner = CTCSegmentation(**asdict(from_args(AlignOptions, args)))
    samples, rate = read_audio(args.audio)
    try:
        text = Path(args.text).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{args.text} cannot be read: {error}") from error
    mono = samples.mean(1) if samples.ndim == 2 else samples
    found = str(aligner(mono, text, fs=rate, name=Path(args.audio).stem))
    if args.output == "-":
        print(found, end="")
        return
    with atomic_write(args.output, "w") as stream:
        stream.write(found)
