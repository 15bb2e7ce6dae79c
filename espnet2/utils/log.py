"""The one log format."""

import logging
import sys

FORMAT = "%(asctime)s (%(module)s:%(lineno)d) %(levelname)s: %(message)s"


def setup_logging(level: str = "INFO", prefix: str = "") -> None:
    """Log to stderr in the documented format.

    Args:
        level: A name of ``logging``'s levels.
        prefix: Put before the date, such as ``[host]`` or ``[host:rank/world]``.
    """
    format_ = f"{prefix} {FORMAT}" if prefix else FORMAT
    logging.basicConfig(level=level, format=format_, stream=sys.stderr, force=True)
    for noisy in ("matplotlib", "PIL", "fontTools"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLogger().level))
