"""Train a synthesiser, or collect its statistics: ``python -m espnet2.bin.tts_train --help``."""

from collections.abc import Sequence

from espnet2.config.cli import ConfigParser
from espnet2.tasks.tts import TTSTask
from espnet2.utils.door import run_door


def get_parser() -> ConfigParser:
    """All options."""
    return TTSTask.get_parser()


def main(cmd: Sequence[str] | None = None) -> None:
    """Run the task with the words of a command line (by default this process's own)."""
    TTSTask.main(cmd=cmd)


if __name__ == "__main__":
    run_door(main)
