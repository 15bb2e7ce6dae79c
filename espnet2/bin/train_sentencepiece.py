"""Train a subword model on a text."""

import argparse

from espnet2.config.cli import ConfigParser
from espnet2.utils.door import run_door


def get_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = ConfigParser(description=__doc__)
    add = parser.add_argument
    add("--input", required=True, help="Text with one sentence a line")
    add("--model_prefix", required=True, help="Writes <prefix>.model and <prefix>.vocab")
    add("--vocab_size", type=int, required=True, help="Number of subwords")
    add("--model_type", default="unigram", choices=["unigram", "bpe"], help="The algorithm")
    add("--character_coverage", type=float, default=1.0, help="Share of the characters that have subwords of their own")
    add("--input_sentence_size", type=int, default=100_000_000, help="Look at so many lines at most, drawn at random")
    add("--user_defined_symbols", default="", help="Symbols that stay whole: a,b,c or a file with one a line")
    return parser


def main(cmd: list[str] | None = None) -> None:
    """Parse, train, exit."""
    args = get_parser().parse_args(cmd)
    from pathlib import Path

    from espnet2.text.symbols import read_symbols
    from espnet2.text.train_sentencepiece import train_sentencepiece

    symbols = args.user_defined_symbols
    symbols = read_symbols(symbols) if Path(symbols).is_file() else [word for word in symbols.split(",") if word]
    train_sentencepiece(
        args.input, args.model_prefix, args.vocab_size, args.model_type,
        args.character_coverage, args.input_sentence_size, symbols,
    )  # fmt: skip


if __name__ == "__main__":
    run_door(main)
