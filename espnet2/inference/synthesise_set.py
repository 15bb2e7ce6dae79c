"""Synthesise a data set into the folders that recipes read: norm, denorm, wav, att_ws, probs and tables beside them."""

import argparse
import logging
import math
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from espnet2.config.options import from_args
from espnet2.fileio.datadir_writer import DatadirWriter
from espnet2.fileio.npy_scp import NpyScpWriter
from espnet2.fileio.sound_scp import encode_audio
from espnet2.inference.options import SetOptions, SoundOptions
from espnet2.inference.text2speech import Text2Speech
from espnet2.inference.tts_options import SynthesiserOptions, SynthesisOptions
from espnet2.inference.utterances import Utterance, read_utterances, refuse_left_out
from espnet2.tasks.tts import TTSTask
from espnet2.train.input_needs import InputNeeds
from espnet2.train.plot_attention import attention_image
from espnet2.utils.errors import InputError
from espnet2.utils.log import setup_logging
from espnet2.utils.paths import path_below
from espnet2.utils.seed import set_all_random_seed

GIVEN = ("speech", "durations", "spembs", "sids", "lids")
FOLDERS = ("norm", "denorm", "speech_shape", "wav", "att_ws", "probs", "durations", "focus_rates")


def synthesise_set(args: argparse.Namespace) -> None:
    """Synthesise all utterances that the options name. Those that cannot be are told and left out.

    Args:
        args: The fields of ``SetOptions``, ``SoundOptions``, ``SynthesiserOptions``, ``SynthesisOptions`` and ``stream``.
    Raises:
        InputError: If the options do not fit; at the end, if utterances were left out.
    """
    options = from_args(SetOptions, args)
    setup_logging(options.log_level)
    set_all_random_seed(options.seed)
    data = options.data_path_and_name_and_type
    TTSTask.check_task_requirements(
        [name for _, name, _ in data], options.allow_variable_data_keys, train=False, inference=True
    )
    text2speech = Text2Speech.from_pretrained(
        **asdict(from_args(SynthesiserOptions, args)),
        **asdict(from_args(SynthesisOptions, args)),
        dtype=options.dtype,
        device=options.device,
        seed=options.seed,
    )
    if not text2speech.use_speech:
        options.data_path_and_name_and_type = [entry for entry in data if entry[1] != "speech"]
    resamples = not from_args(SoundOptions, args).strict_rate
    needs = InputNeeds(text2speech.model.sample_rates(), resamples=resamples)
    output_dir = Path(options.output_dir)
    errors = []
    with SynthesisWriter(output_dir, text2speech.fs) as writer:
        synthesise = partial(_synthesise, text2speech, writer=writer, stream=args.stream)
        if options.batch_size > 1 and not args.stream and not text2speech.use_speech:
            synthesise = partial(_synthesise_batch, text2speech, writer=writer)
        utterances = read_utterances(options, _as_code_points, needs)
        if any(name == "text" and kind == "text" for _, name, kind in data):
            utterances = with_words(utterances)
        for batch in batched(utterances, options.batch_size):
            for error in synthesise(batch):
                logging.error(error)
                errors.append(error)
    refuse_left_out(errors, "utterances could not be synthesised; all others are")


def _as_code_points(uid: str, data: dict[str, Any]) -> dict[str, np.ndarray]:
    """Words as numbers, which is what a data set gives: a long text is cut into pieces before it becomes tokens."""
    text = data["text"]
    return {**data, "text": np.array([ord(char) for char in text])} if isinstance(text, str) else data


def with_words(utterances: Iterable[Utterance]) -> Iterator[Utterance]:
    """Utterances whose texts are words again."""
    for utterance in utterances:
        if "text" in utterance.data:
            utterance.data["text"] = "".join(map(chr, utterance.data["text"]))  # type: ignore[assignment]
        yield utterance


def batched(utterances: Iterable[Utterance], size: int) -> Iterator[list[Utterance]]:
    """Groups of ``size`` utterances, in their order; the last may be smaller."""
    stream = iter(utterances)
    while group := list(islice(stream, size)):
        yield group


def _given(utterance: Utterance) -> dict[str, Any]:
    return {name: utterance.data[name] for name in GIVEN if name in utterance.data}


def _synthesise(
    text2speech: Text2Speech, utterances: Sequence[Utterance], writer: "SynthesisWriter", stream: bool
) -> Iterator[str]:
    """Synthesise and write utterances one by one; what is wrong with those that cannot be."""
    for utterance in utterances:
        if utterance.error is not None:
            yield utterance.error
            continue
        text = utterance.data["text"]
        start = time.perf_counter()
        try:
            if stream:
                result = _streamed(text2speech.stream(text, **_given(utterance)), utterance.uid, start)
            else:
                result = text2speech(text, **_given(utterance))
        except InputError as error:
            yield f"{utterance.uid}: {error}"
            continue
        _tell(utterance.uid, result, time.perf_counter() - start, text2speech.fs)
        writer.write(utterance.uid, result)


def _streamed(chunks: Iterator[torch.Tensor], uid: str, start: float) -> dict[str, Any]:
    parts = [next(chunks)]
    logging.info(f"{uid}: first audio after {time.perf_counter() - start:.3f} s")
    return {"wav": torch.cat([*parts, *chunks])}


def _synthesise_batch(
    text2speech: Text2Speech, utterances: Sequence[Utterance], writer: "SynthesisWriter"
) -> Iterator[str]:
    """Synthesise utterances together; those that cannot be, and long ones, are left to ``_synthesise``."""
    together: list[Utterance] = []
    alone: list[Utterance] = []
    longest = text2speech.options.max_chars or math.inf
    for utterance in utterances:
        fits = utterance.error is None and "durations" not in utterance.data and len(utterance.data["text"]) <= longest
        (together if fits else alone).append(utterance)
    start = time.perf_counter()
    try:
        results = text2speech.batch([u.data["text"] for u in together], [_given(u) for u in together]) if together else []
    except InputError:
        together, alone, results = [], list(utterances), []  # one of them: each alone tells which
    seconds = (time.perf_counter() - start) / max(len(together), 1)
    for utterance, result in zip(together, results):
        _tell(utterance.uid, result, seconds, text2speech.fs)
        writer.write(utterance.uid, result)
    yield from _synthesise(text2speech, alone, writer, stream=False)


def _tell(uid: str, result: Mapping[str, Any], seconds: float, fs: int | None) -> None:
    if "wav" in result and fs:
        length = len(result["wav"]) / fs
        logging.info(f"{uid}: {length:.2f} s of speech in {seconds:.3f} s, RTF = {seconds / max(length, 1e-9):.3f}")


class SynthesisWriter:
    """Writes what was synthesised; folders into which nothing came are removed at the end.

    Args:
        output_dir: Where to.
        fs: Sample rate of the waveforms.
    """

    def __init__(self, output_dir: Path, fs: int | None):
        self.output_dir = output_dir
        self.fs = fs

    def __enter__(self) -> "SynthesisWriter":
        for name in FOLDERS:
            (self.output_dir / name).mkdir(parents=True, exist_ok=True)
        self._stack = ExitStack()
        self._tables = self._stack.enter_context(DatadirWriter(self.output_dir))
        self._feats: dict[str, NpyScpWriter] = {}
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        for name in FOLDERS:
            folder = self.output_dir / name
            if not any(folder.iterdir()):
                shutil.rmtree(folder)

    def write(self, uid: str, result: Mapping[str, Any]) -> None:
        """Write one utterance; of a text in pieces the features, durations and attentions one after another."""
        pieces = result.get("pieces", [result])
        for folder, name in (("norm", "feat_gen"), ("denorm", "feat_gen_denorm")):
            if all(name in piece for piece in pieces):
                feats = torch.cat([piece[name] for piece in pieces])
                self._writer(folder)[uid] = feats.cpu().numpy()
                if folder == "norm":
                    self._tables["speech_shape"]["speech_shape"][uid] = ",".join(map(str, feats.shape))
        if all("duration" in piece for piece in pieces):
            durations = torch.cat([piece["duration"].flatten() for piece in pieces])
            self._tables["durations"]["durations"][uid] = " ".join(map(str, durations.long().tolist()))
        if all("focus_rate" in piece for piece in pieces):
            rate = sum(piece["focus_rate"] for piece in pieces) / len(pieces)
            self._tables["focus_rates"]["focus_rates"][uid] = f"{rate:.5f}"
        for number, piece in enumerate(pieces):
            name = uid if len(pieces) == 1 else f"{uid}.{number + 1}"
            self._draw(name, piece)
        if "wav" in result and self.fs:
            samples = result["wav"].float().clamp(-1.0, 1.0).cpu().numpy()
            path = path_below(self.output_dir / "wav", f"{uid}.wav")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_audio(samples, self.fs, "wav", "PCM_16"))

    def _writer(self, folder: str) -> NpyScpWriter:
        if folder not in self._feats:
            path = self.output_dir / folder
            self._feats[folder] = self._stack.enter_context(NpyScpWriter(path, path / "feats.scp"))
        return self._feats[folder]

    def _draw(self, name: str, piece: Mapping[str, Any]) -> None:
        if "att_w" in piece:
            weights = piece["att_w"].float().cpu()
            heads = weights.reshape(-1, *weights.shape[-2:])  # (H, T, L)
            path = path_below(self.output_dir / "att_ws", f"{name}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            attention_image(heads, name).save(path)
        if "prob" in piece:
            path = path_below(self.output_dir / "probs", f"{name}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            _draw_stop(piece["prob"].float().cpu().numpy(), path)


def _draw_stop(prob: np.ndarray, path: Path) -> None:
    """The probability of the end by frame, as a picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3))
    axes = figure.add_subplot()
    axes.plot(prob)
    axes.set(xlabel="output frame", ylabel="probability of the end", ylim=(0, 1))
    axes.grid(True)
    figure.savefig(path)
