#!/usr/bin/env python3
"""Write wav.scp, text and utt2spk of one part of LibriSpeech.

Usage: data_prep.py <.../LibriSpeech/dev-clean> <data/dev_clean>

The tree is ``<reader>/<chapter>/<reader>-<chapter>-<nnnn>.flac`` with one ``<reader>-<chapter>.trans.txt`` per chapter
(V. Panayotov et al., LibriSpeech: an ASR corpus based on public domain audio books, ICASSP 2015). As in Kaldi, a
"speaker" is a reader in a chapter.
"""
import sys
from pathlib import Path


def read_chapter(transcripts: Path) -> list[tuple[str, Path, str]]:
    """The (utterance, flac, text) of a chapter.

    Raises:
        SystemExit: If a recording has no text or a text no recording.
    """
    chapter = transcripts.name.removesuffix(".trans.txt")
    texts = dict(line.split(maxsplit=1) for line in transcripts.read_text(encoding="utf-8").splitlines())
    flacs = {path.stem: path for path in transcripts.parent.glob(f"{chapter}-*.flac")}
    if lonely := sorted(texts.keys() ^ flacs.keys()):
        raise SystemExit(f"ERROR: {transcripts}: {lonely[0]} has no {'recording' if lonely[0] in texts else 'text'}")
    return [(name, flacs[name], texts[name]) for name in texts]


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    part, data_dir = Path(sys.argv[1]), Path(sys.argv[2])
    rows = sorted(row for transcripts in part.glob("*/*/*.trans.txt") for row in read_chapter(transcripts))
    if not rows:
        raise SystemExit(f"ERROR: no <reader>/<chapter>/*.trans.txt in {part}")
    data_dir.mkdir(parents=True, exist_ok=True)
    lines = {
        "wav.scp": [f"{name} {flac}\n" for name, flac, _ in rows],
        "text": [f"{name} {text}\n" for name, _, text in rows],
        "utt2spk": [f"{name} {name.rsplit('-', 1)[0]}\n" for name, _, _ in rows],
    }
    for name, content in lines.items():
        (data_dir / name).write_text("".join(content), encoding="utf-8")
    print(f"{data_dir}: {len(rows)} utterances", file=sys.stderr)


if __name__ == "__main__":
    main()
