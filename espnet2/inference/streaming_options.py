"""The options of streaming recognition."""

from dataclasses import dataclass

from espnet2.config.options import option
from espnet2.utils.errors import InputError
from espnet2.utils.types import int_or_none, parse_size_or_none, str2bool, str_or_none


@dataclass
class EndpointOptions:
    """Where endless speech is cut."""

    endpoint: bool | None = option(
        None, "End an utterance at each long silence; none: in live input, but not in the utterances of a set", str2bool
    )
    silence_seconds: float = option(1.0, "Silence that ends an utterance with text")
    empty_silence_seconds: float = option(5.0, "Silence after which an utterance without text is given up")
    max_utterance_seconds: float = option(
        60.0, "No utterance is longer, even without endpoint: from two thirds on it ends at a pause; 0: no limit"
    )
    pause_seconds: float = option(0.4, "Silence that ends an utterance that has become long")
    silence_probability: float = option(0.9, "Frames to which CTC gives blank as much are silence")

    def __post_init__(self) -> None:
        for name in ("silence_seconds", "empty_silence_seconds", "max_utterance_seconds", "pause_seconds"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} is {getattr(self, name)}; it must not be negative.")
        if not 0 < self.silence_probability <= 1:
            raise InputError(f"silence_probability is {self.silence_probability}; it must lie between 0 and 1.")


@dataclass
class ChunkOptions:
    """How files become live."""

    sim_chunk_length: int | None = option(
        None, "Samples of a chunk; none: 640 ms; 0: all at once. The text does not depend on it", int_or_none
    )


@dataclass
class LiveOptions:
    """Live input, in place of a set."""

    exp: str | None = option(None, "Experiment folder; short for --model_tag", str_or_none)
    microphone: bool = option(False, "Listen to the microphone")
    sample_rate: int | None = option(
        None, "Rate of standard input or of the microphone; none: the model's", parse_size_or_none
    )
    simulate_realtime: bool = option(False, "Read files no faster than they are spoken")
    latency: bool | None = option(
        None, "Report the latency at the end; none: of live input, but not of a set", str2bool
    )
