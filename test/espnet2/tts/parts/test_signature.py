"""Options of a dataclass as arguments of a constructor."""

import inspect
from dataclasses import dataclass

from espnet2.config.registry import keyword_arguments
from espnet2.tts.parts.signature import network_signature


@dataclass
class Options:
    size: int = 3


class Network:
    __signature__ = network_signature(Options)

    def __init__(self, idim, odim, **options):
        pass


def test_configurations_see_the_options():
    known = keyword_arguments(Network)
    assert list(known) == ["idim", "odim", "size"] and known["size"].default == 3
    assert known["idim"].default is inspect.Parameter.empty
