"""Pictures and a page to judge a synthesis by eye and ear."""

import html
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from espnet2.fileio.sound_scp import SoundScpReader
from espnet2.tts.feats_extract.spectrum import LogMelFbank
from espnet2.utils.atomic import atomic_write
from espnet2.utils.paths import path_below

_PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>Synthesis</title>
<style>body {{ font: 14px sans-serif; margin: 2em }} td, th {{ padding: .4em 1em; text-align: left; vertical-align: top }}
tr:nth-child(even) {{ background: #f3f3f3 }} img {{ width: 40em }}</style></head><body>
<h1>{title}</h1>
<table>{summary}</table>
<table><tr><th>utterance</th><th>text</th><th>recording</th><th>synthesis</th><th>measures</th></tr>
{rows}</table></body></html>
"""


def draw_pair(
    reference: tuple[int, np.ndarray],
    synthesis: tuple[int, np.ndarray],
    uid: str,
    folder: Path,
    durations: Sequence[int] = (),
) -> None:
    """Mel spectrograms of a recording and of its synthesis, one above the other, as ``<utterance>.png``.

    Args:
        reference: Sample rate and samples (N,).
        synthesis: The same of the synthesis.
        uid: The utterance.
        folder: Where the picture goes.
        durations: Frames of each token of the synthesis, which become lines where tokens end; none: no lines.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5), layout="constrained")
    seconds = max(len(samples) / rate for rate, samples in (reference, synthesis))
    for number, (name, (rate, samples)) in enumerate((("recording", reference), ("synthesis", synthesis)), 1):
        axes = figure.add_subplot(2, 1, number)
        mel = LogMelFbank(rate, n_fft=1024, hop_length=rate // 100, fmin=0, fmax=None)
        wave = torch.as_tensor(np.pad(samples, (0, max(0, 1024 - len(samples)))), dtype=torch.float32)[None]
        feats, _ = mel(wave, torch.tensor([wave.shape[1]]))
        extent = (0.0, len(samples) / rate, 0, mel.n_mels)
        axes.imshow(feats[0].T.numpy(), origin="lower", aspect="auto", extent=extent, vmin=-4.0, vmax=0.5)
        axes.set(title=f"{uid}: {name}", xlim=(0.0, seconds), ylabel="mel band")
        if name == "synthesis" and sum(durations) > 0:
            ends = np.cumsum(durations) / sum(durations) * len(samples) / rate
            axes.vlines(ends, 0, mel.n_mels, colors="white", linewidth=0.5)
    axes.set_xlabel("seconds")
    path = path_below(folder, f"{uid}.png")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def write_html(
    path: Path,
    rows: Sequence[Mapping[str, Any]],
    summary: Mapping[str, Any],
    synthesis: SoundScpReader,
    recordings: SoundScpReader,
) -> None:
    """A page with players for recording and synthesis of each utterance, texts, measures and pictures.

    Args:
        path: The page.
        rows: An utterance each: ``utterance``, ``text`` and its measures.
        summary: Means.
        synthesis: Where the synthesised sounds are.
        recordings: Where the recordings are.
    """
    lines = []
    for row in rows:
        uid = row["utterance"]
        measures = "<br>".join(
            f"{html.escape(name)}: {value:.3f}" if isinstance(value, float) else f"{html.escape(name)}: {html.escape(str(value))}"
            for name, value in row.items()
            if name not in ("utterance", "text")
        )
        picture = path.parent / "images" / f"{uid}.png"
        image = f'<br><img src="images/{html.escape(uid)}.png">' if picture.is_file() else ""
        players = "".join(f"<td>{_player(reader.sources[uid], path.parent)}</td>" for reader in (recordings, synthesis))
        lines.append(f"<tr><td>{html.escape(uid)}</td><td>{html.escape(row['text'])}{image}</td>{players}<td>{measures}</td></tr>")
    means = "".join(f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>" for name, value in summary.items())
    with atomic_write(path, "w") as stream:
        stream.write(_PAGE.format(title=html.escape(str(path.parent)), summary=means, rows="\n".join(lines)))


def _player(source: str, folder: Path) -> str:
    """A player of a sound file; the words of the table where it is no plain file (a pipe, a part of an ark)."""
    if not Path(source).is_file():
        return html.escape(source)
    return f'<audio controls preload="none" src="{html.escape(os.path.relpath(source, folder))}"></audio>'
