#!/usr/bin/env python3
"""Turn Asterisk's prompts, as Debian packs them, into data folders of 16 kHz audio.

Usage: unpack_prompts.py <root of the unpacked packages> <corpus> <list of test ids>

The audio is G.722, the texts lie in ``core-sounds-en.txt.gz`` (``<prompt>: <text>`` lines). Sounds that are no speech and
prompts of more than 8 s are left out. Writes ``<corpus>/{train,test}/{wav.scp,text,utt2spk}`` and ``<corpus>/wav/*.flac``;
the paths in wav.scp begin with the name of the corpus' folder.
"""
import gzip
import re
import sys
from pathlib import Path

import soundfile

SAMPLE_RATE = 16000
BYTES_PER_SECOND = 8000  # G.722 at 64 kbit/s
MAX_SECONDS = 8.0
SPEAKER = "allison"
DIGITS = ("ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE")


def spoken(text: str) -> str | None:
    """The words in upper case without punctuation; None for a sound that is no speech, or spelled in another way."""
    if re.search(r"[\[(]|\d\d", text):
        return None
    words = re.sub(r"\d", lambda match: f" {DIGITS[int(match[0])]} ", text.upper())
    return " ".join(re.sub(r"[^A-Z' ]", " ", words).split())


def prompts(root: Path) -> dict[str, tuple[Path, str]]:
    """Utterance id -> its G.722 file and text.

    Raises:
        SystemExit: If the packages' files are not there.
    """
    sounds = root / "usr/share/asterisk/sounds/en_US_f_Allison"
    texts = root / "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"
    for path in (sounds, texts):
        if not path.exists():
            raise SystemExit(f"ERROR: {path} is missing: are both packages unpacked below {root}?")
    found = {}
    for line in gzip.decompress(texts.read_bytes()).decode("utf-8", errors="replace").splitlines():
        name, colon, text = line.partition(":")
        path = sounds / f"{name}.g722"
        words = spoken(text)
        if colon and words and path.exists() and path.stat().st_size <= MAX_SECONDS * BYTES_PER_SECOND:
            found["en-" + re.sub("[/-]", "_", name)] = (path, words)
    return dict(sorted(found.items()))


def decode(path: Path, flac: Path) -> None:
    """Write a G.722 file as 16-bit FLAC."""
    try:
        from G722 import G722
    except ImportError:
        raise SystemExit("ERROR: the package G722 is missing: pip install G722") from None
    samples = G722(SAMPLE_RATE, 8 * BYTES_PER_SECOND).decode(path.read_bytes())
    soundfile.write(flac, samples, SAMPLE_RATE, subtype="PCM_16")


def main() -> None:
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    root, corpus = Path(sys.argv[1]), Path(sys.argv[2])
    test_ids = set(Path(sys.argv[3]).read_text(encoding="utf-8").split())
    found = prompts(root)
    audio = corpus / ".wav"  # becomes wav when it is whole
    audio.mkdir(parents=True, exist_ok=True)
    for name, (path, _) in found.items():
        decode(path, audio / f"{name}.flac")
    for name in ("train", "test"):
        ids = [uid for uid in found if (uid in test_ids) == (name == "test")]
        lines = {
            "wav.scp": [f"{uid} {corpus.name}/wav/{uid}.flac" for uid in ids],
            "text": [f"{uid} {found[uid][1]}" for uid in ids],
            "utt2spk": [f"{uid} {SPEAKER}" for uid in ids],
        }
        folder = corpus / name
        folder.mkdir(exist_ok=True)
        for file_name, rows in lines.items():
            (folder / file_name).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
        print(f"{folder}: {len(ids)} prompts", file=sys.stderr)
    audio.rename(corpus / "wav")


if __name__ == "__main__":
    main()
