"""What is written of a transcript: plain text, JSON, a table of segments, subtitles."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from espnet2.inference.long_audio import LongResult
from espnet2.inference.stitch import spread_words
from espnet2.inference.subtitles import srt, vtt
from espnet2.search.hypothesis import Word
from espnet2.utils.atomic import atomic_write

TABLE_HEAD = "file\tstart_seconds\tend_seconds\ttext\n"


@dataclass(frozen=True)
class Transcript:
    """What was said in a file.

    Attributes:
        file: As it was named.
        output_name: The name of what is written of it, without suffix; may have folders.
        duration_seconds: Length of the recording.
        result: Text, words and segments.
    """

    file: str
    output_name: str
    duration_seconds: float
    result: LongResult

    @property
    def text(self) -> str:
        """The text, or if the recogniser has no tokenizer the tokens."""
        return _text_of(self.result.text, self.result.tokens)

    @property
    def timed_words(self) -> list[Word]:
        """The words; where their times are not known, they share the time of their segment."""
        if self.result.words is not None:
            return self.result.words
        return [word for part in self.result.segments for word in spread_words(part)]


def _text_of(text: str | None, tokens: list[str]) -> str:
    return " ".join(tokens) if text is None else text.strip()


def _as_line(transcript: Transcript) -> str:
    return f"{transcript.file}\t{transcript.text}\n"


def _as_text(transcript: Transcript) -> str:
    return f"{transcript.text}\n"


def _as_json(transcript: Transcript) -> str:
    result = transcript.result
    row = {
        "file": transcript.file,
        "text": transcript.text,
        "tokens": result.tokens,
        "score": result.score,
        "duration_seconds": round(transcript.duration_seconds, 3),
        "segments": [
            {
                "start_seconds": round(part.start_seconds, 3),
                "end_seconds": round(part.end_seconds, 3),
                "text": _text_of(part.text, part.tokens),
                "score": part.score,
            }
            for part in result.segments
        ],
        "words": None if result.words is None else [_as_row(word) for word in result.words],
    }
    return json.dumps(row, ensure_ascii=False, indent=2)


def _as_row(word: Word) -> dict[str, str | float]:
    return {
        "word": word.word,
        "start_seconds": round(word.start_seconds, 3),
        "end_seconds": round(word.end_seconds, 3),
        "confidence": round(word.confidence, 4),
    }


def _as_table(transcript: Transcript) -> str:
    return "".join(
        f"{transcript.file}\t{part.start_seconds:.3f}\t{part.end_seconds:.3f}\t{_text_of(part.text, part.tokens)}\n"
        for part in transcript.result.segments
    )


class TranscriptFormat(NamedTuple):
    """A way to write transcripts."""

    suffix: str
    one: Callable[[Transcript], str]  # in a file of its own
    each: Callable[[Transcript], str] | None = None  # among others; None: must stand alone
    head: str = ""
    between: str = ""
    tail: str = ""


TRANSCRIPT_FORMATS: Mapping[str, TranscriptFormat] = {
    "text": TranscriptFormat("txt", _as_text, _as_line),
    "json": TranscriptFormat("json", lambda t: f"{_as_json(t)}\n", _as_json, "[\n", ",\n", "\n]\n"),
    "tsv": TranscriptFormat("tsv", lambda t: TABLE_HEAD + _as_table(t), _as_table, TABLE_HEAD),
    "srt": TranscriptFormat("srt", lambda t: srt(t.timed_words)),
    "vtt": TranscriptFormat("vtt", lambda t: vtt(t.timed_words)),
}


def write_together(transcripts: Iterable[Transcript], kind: TranscriptFormat, output: str | None) -> None:
    """Write all to one file, or to standard output as they come.

    Args:
        transcripts: What is written.
        kind: How.
        output: The file, which is there whole or not at all; None: standard output.
    """
    if output is not None:
        with atomic_write(output, "w") as stream:
            stream.writelines(_parts(transcripts, kind))
        return
    for part in _parts(transcripts, kind):
        sys.stdout.write(part)
        sys.stdout.flush()


def _parts(transcripts: Iterable[Transcript], kind: TranscriptFormat) -> Iterator[str]:
    yield kind.head
    for number, transcript in enumerate(transcripts):
        yield (kind.between if number else "") + (kind.each or kind.one)(transcript)
    yield kind.tail


def write_apart(transcripts: Iterable[Transcript], kind: TranscriptFormat, folder: str) -> None:
    """Write each to a file of its own, as ``<folder>/<output name>.<suffix>``."""
    for transcript in transcripts:
        with atomic_write(Path(folder) / f"{transcript.output_name}.{kind.suffix}", "w") as stream:
            stream.write(kind.one(transcript))
