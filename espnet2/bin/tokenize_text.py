"""Cut text into tokens, or list the tokens that a text is made of."""

import argparse
import sys
from collections.abc import Iterator

from espnet2.config.cli import ConfigParser
from espnet2.utils.door import run_door
from espnet2.utils.types import str2bool, str_or_none


def get_parser() -> argparse.ArgumentParser:
    """The options of the token stage."""
    parser = ConfigParser(description=__doc__)
    add = parser.add_argument
    add("--input", "-i", required=True, help="Text file; - for standard input")
    add("--output", "-o", required=True, help="Tokens with blanks between them; - for standard output")
    add("--field", "-f", type=str_or_none, help="Columns of a line, such as 2- or 2-5, counted from 1")
    add("--token_type", "-t", default="char", help="char, bpe, word or phn")
    add("--delimiter", "-d", type=str_or_none, help="Between columns and words (default: white space)")
    add("--space_symbol", default="<space>", help="char's token for a blank")
    add("--bpemodel", type=str_or_none, help="The sentencepiece model of bpe")
    add("--non_linguistic_symbols", type=str_or_none, help="File with one symbol a line that stays whole")
    add("--remove_non_linguistic_symbols", type=str2bool, default=False, help="Drop these symbols instead")
    add("--cleaner", type=str_or_none, help="tacotron, jaconv, vietnamese, korean_cleaner, whisper_en, whisper_basic or module:function")
    add("--g2p", type=str_or_none, help="phn's converter, such as none, g2p_en or espeak_ng_english_us_vits")
    add("--write_vocabulary", type=str2bool, default=False, help="Write the list of tokens instead")
    add("--vocabulary_size", type=int, default=0, help="At most so many, added symbols included; 0 = all")
    add("--cutoff", type=int, default=0, help="List tokens that occur more often than this")
    add("--add_symbol", action="append", default=[], help="<symbol>:<index> to put into the list; -1 = the end")
    add("--add_nonsplit_symbol", action="append", default=[], help="The same, and the symbol stays whole in the text")
    add("--log_level", default="INFO", help="The lowest level to log")
    return parser


def main(cmd: list[str] | None = None) -> None:
    """Parse, tokenise, write."""
    args = get_parser().parse_args(cmd)
    from espnet2.text.build_tokenizer import build_tokenizer
    from espnet2.text.cleaner import TextCleaner
    from espnet2.text.vocabulary import build_vocabulary, tokenize_lines
    from espnet2.utils.log import setup_logging

    setup_logging(args.log_level)
    tokenizer = build_tokenizer(
        args.token_type, args.bpemodel, args.non_linguistic_symbols, args.remove_non_linguistic_symbols,
        args.space_symbol, args.delimiter, args.g2p, args.add_nonsplit_symbol,
    )  # fmt: skip
    tokens = tokenize_lines(_lines(args.input), tokenizer, TextCleaner(args.cleaner), args.field, args.delimiter)
    if args.write_vocabulary:
        added = args.add_symbol + args.add_nonsplit_symbol
        _write(args.output, iter(build_vocabulary(tokens, added, args.vocabulary_size, args.cutoff)))
    else:
        _write(args.output, (" ".join(line) for line in tokens))


def _lines(path: str) -> Iterator[str]:
    from espnet2.fileio.read_text import decode_lines, read_lines

    numbered = decode_lines(sys.stdin.buffer, "standard input") if path == "-" else read_lines(path)
    return (line for _, line in numbered)


def _write(path: str, lines: Iterator[str]) -> None:
    from espnet2.utils.atomic import atomic_write

    if path == "-":
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
        sys.stdout.writelines(f"{line}\n" for line in lines)
        return
    with atomic_write(path, "w") as stream:
        stream.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    run_door(main)
