"""Measure synthesised speech against recordings of the same sentences, and let a recogniser read both.

In the output folder: ``utterances.tsv`` (a line each), ``summary.json`` (means), ``images/*.png`` and ``report.html`` with players.
"""

import argparse
import json
import logging
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from espnet2.config.options import from_args
from espnet2.fileio.read_text import read_2columns_text
from espnet2.fileio.signal import resample
from espnet2.fileio.sound_scp import SoundScpReader
from espnet2.inference.judge import build_judge
from espnet2.inference.tts_options import EvaluationOptions
from espnet2.inference.tts_report import draw_pair, write_html
from espnet2.text.english import clean_english
from espnet2.text.scoring import Counts, score
from espnet2.tts.measures import Distance, distance
from espnet2.utils.atomic import atomic_write
from espnet2.utils.errors import InputError
from espnet2.utils.log import setup_logging
from espnet2.utils.progress import progress_bar

_RTF_LINE = re.compile(r": ([\d.]+) s of speech in ([\d.]+) s, RTF = ")
Row = dict[str, Any]


def evaluate_tts(args: argparse.Namespace) -> None:
    """Evaluate the synthesis that the options name.

    Args:
        args: The fields of ``EvaluationOptions``.
    Raises:
        InputError: If files are missing, or no utterance has a recording and a synthesis.
    """
    options = from_args(EvaluationOptions, args)
    setup_logging(options.log_level)
    hyp_dir = Path(options.hyp_dir)
    output_dir = Path(options.output_dir or hyp_dir / "score_tts")
    output_dir.mkdir(parents=True, exist_ok=True)
    synthesis, recordings = SoundScpReader(hyp_dir / "wav" / "wav.scp"), SoundScpReader(options.ref_wavscp)
    texts = read_2columns_text(options.ref_text)
    ids = [uid for uid in texts if uid in synthesis and uid in recordings]
    if not ids:
        raise InputError(f"No utterance of {options.ref_text} is in both {options.ref_wavscp} and {hyp_dir}/wav/wav.scp.")
    if len(ids) < len(texts):
        logging.warning(f"{len(texts) - len(ids)} of {len(texts)} utterances were not synthesised or have no recording")
    judge = None if options.score_asr == "none" else build_judge(options.score_asr)
    focus = {uid: float(value) for uid, value in _table(hyp_dir / "focus_rates").items()}
    durations = {uid: [int(value) for value in row.split()] for uid, row in _table(hyp_dir / "durations").items()}
    rows = []
    with progress_bar(len(ids), "utterances") as advance:
        for number, uid in enumerate(ids):
            waves = [_mono(*reader[uid]) for reader in (recordings, synthesis)]
            rows.append(_measure(uid, texts[uid], waves, judge, focus))
            if number < options.num_plots:
                draw_pair(waves[0], waves[1], uid, output_dir / "images", durations.get(uid, ()))
            advance(1)
    summary = {**summarise(rows, options.score_asr), **_speed(options.log_dir)}
    _write_table(rows, output_dir / "utterances.tsv")
    with atomic_write(output_dir / "summary.json", "w") as stream:
        json.dump(summary, stream, indent=1)
    write_html(output_dir / "report.html", rows, summary, synthesis, recordings)
    for name, value in summary.items():
        logging.info(f"{name}: {value}")
    logging.info(f"Listen: {output_dir / 'report.html'}")


def _mono(rate: int, samples: np.ndarray) -> tuple[int, np.ndarray]:
    return rate, samples if samples.ndim == 1 else samples.mean(1)


def _table(path: Path) -> dict[str, str]:
    """``<utterance> <values>`` lines; {} where the model made none."""
    return read_2columns_text(path) if path.is_file() else {}


def _measure(uid: str, text: str, waves: list, judge: Any, focus: Mapping[str, float]) -> Row:
    rate = min(wave[0] for wave in waves)
    row: Row = {"utterance": uid, "text": text}
    try:
        reference, synthesis = (resample(samples, own, rate) for own, samples in waves)
        row.update(distance(reference, synthesis, rate)._asdict())
    except ValueError as error:
        raise InputError(f"{uid}: cannot be measured: {error}") from error
    if uid in focus:
        row["focus_rate"] = focus[uid]
    if judge is not None:
        listen, judge_rate = judge
        for name, (own, samples) in zip(("ref_heard", "hyp_heard"), waves):
            row[name] = listen(resample(samples, own, judge_rate))
    return row


def normalised_chars(text: str) -> list[str]:
    """The characters that count when two texts are compared: numbers in words, no case, no punctuation, no blanks."""
    words = clean_english(text).lower()
    return [char for char in words if char.isalnum()]


def char_errors(rows: list[Row], heard: str) -> Counts:
    """Errors in characters of what the judge heard."""
    said = {row["utterance"]: normalised_chars(row["text"]) for row in rows}
    total = Counts()
    for scored in score(said, {row["utterance"]: normalised_chars(row[heard]) for row in rows}):
        total = total.plus(scored.counts)
    return total


def summarise(rows: list[Row], judge: str = "none") -> dict[str, Any]:
    """Means over utterances; of durations the mean of their absolute values; character error rates in percent."""
    summary: dict[str, Any] = {"utterances": len(rows)}
    for name in (*Distance._fields, "focus_rate"):
        values = [row[name] for row in rows if name in row and not math.isnan(row[name])]
        if values:
            mean = float(np.mean(np.abs(values) if name == "duration_error" else values))
            summary[name] = round(mean, 4)
    if judge != "none":
        summary["judge"] = judge
        for name in ("ref_heard", "hyp_heard"):
            counts = char_errors(rows, name)
            summary[f"cer_{name.removesuffix('_heard')}"] = round(100 * counts.errors / max(counts.words, 1), 2)
    return summary


def _speed(log_dir: str | None) -> dict[str, float]:
    """The real-time factor that the logs tell."""
    if log_dir is None:
        return {}
    found = [
        match.groups()
        for path in sorted(Path(log_dir).glob("tts_inference*.log"))
        for match in _RTF_LINE.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    speech, seconds = (sum(float(pair[side]) for pair in found) for side in (0, 1))
    return {"rtf": round(seconds / speech, 4)} if speech else {}


def _write_table(rows: list[Row], path: Path) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with atomic_write(path, "w") as stream:
        stream.write("\t".join(names) + "\n")
        for row in rows:
            cells = (row.get(name, "") for name in names)
            stream.write("\t".join(f"{cell:.4f}" if isinstance(cell, float) else str(cell) for cell in cells) + "\n")
