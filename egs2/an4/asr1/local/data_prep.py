#!/usr/bin/env python3
"""Write wav.scp, text and utt2spk of AN4's train and test sets.

Usage: data_prep.py <an4> <data>

AN4 lists its recordings in ``etc/an4_{train,test}.fileids`` (``an4_clstk/fash/an251-fash-b``) and their texts, in the
same order, in ``etc/an4_{train,test}.transcription`` (``<s> YES </s> (an251-fash-b)``). The audio is NIST sphere,
uncompressed, which the toolkit reads as it is. Utterance ids begin with the speaker: ``fash-an251-b``.
"""
import re
import sys
from pathlib import Path


def read_set(an4: Path, name: str) -> list[tuple[str, str, Path, str]]:
    """The (utterance, speaker, sphere file, text) of a set.

    Raises:
        SystemExit: If the two lists differ or a recording is missing.
    """
    files = (an4 / "etc" / f"an4_{name}.fileids").read_text(encoding="utf-8").split()
    transcripts = an4 / "etc" / f"an4_{name}.transcription"
    lines = [line for line in transcripts.read_text(encoding="utf-8").splitlines() if line.strip()]
    if len(files) != len(lines):
        raise SystemExit(f"ERROR: {transcripts} has {len(lines)} lines, its fileids has {len(files)}")
    rows = []
    for file, line in zip(files, lines):
        match = re.fullmatch(r"(?:<s>\s*)?(.*?)\s*(?:</s>)?\s*\((.+)\)\s*", line)
        path = an4 / "wav" / f"{file}.sph"
        if match is None or match[2] != path.stem:
            raise SystemExit(f"ERROR: {transcripts}: expected the text of {path.stem}, found: {line}")
        if not path.exists():
            raise SystemExit(f"ERROR: {path} is missing")
        before, speaker, after = path.stem.split("-")
        rows.append((f"{speaker}-{before}-{after}", speaker, path, match[1]))
    return sorted(rows)


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    an4, data_dir = Path(sys.argv[1]), Path(sys.argv[2])
    if not (an4 / "etc").is_dir():
        raise SystemExit(f"ERROR: {an4} is not AN4: it has no folder etc")
    for name in ("train", "test"):
        rows = read_set(an4, name)
        folder = data_dir / name
        folder.mkdir(parents=True, exist_ok=True)
        lines = {
            "wav.scp": [f"{utterance} {path}\n" for utterance, _, path, _ in rows],
            "text": [f"{utterance} {text}\n" for utterance, _, _, text in rows],
            "utt2spk": [f"{utterance} {speaker}\n" for utterance, speaker, _, _ in rows],
        }
        for file_name, content in lines.items():
            (folder / file_name).write_text("".join(content), encoding="utf-8")
        print(f"{folder}: {len(rows)} utterances", file=sys.stderr)


if __name__ == "__main__":
    main()
