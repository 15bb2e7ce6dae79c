"""Where one utterance of endless speech ends and the next one begins.

The rules are those of Kaldi (https://kaldi-asr.org/doc/online_decoding.html#online_decoding_endpointing) and WeNet: enough
silence after some text, more silence without any, and a longest utterance. Silence is where CTC gives blank nearly all of
the probability.
"""

# Shapes: s frames, V vocabulary
from torch import Tensor

from espnet2.inference.streaming_options import EndpointOptions

LONG_SHARE = 2 / 3  # of the longest utterance; from there on a short pause is enough
BLANK = 0


class Endpointer:
    """One utterance's silence, frame after frame; it holds three numbers however long that lasts.

    Args:
        options: The rules.
        frame_seconds: From one frame to the next.
    """

    def __init__(self, options: EndpointOptions, frame_seconds: float):
        self.options, self.frame_seconds = options, frame_seconds
        self.num_frames = 0
        self.num_silent = 0  # frames since the last speech
        self.has_speech = False

    def hear(self, log_probs: Tensor) -> None:
        """Take the next frames.

        Shapes:
            log_probs (s, V)
        """
        is_speech = (log_probs[:, BLANK].exp() < self.options.silence_probability).nonzero()
        self._count(len(log_probs), int(is_speech[-1]) if len(is_speech) else None)

    def hear_tokens(self, num_frames: int, is_new: bool) -> None:
        """Take the next frames of a model without CTC, whose only sign of speech is that the text changes."""
        self._count(num_frames, num_frames - 1 if is_new else None)

    def _count(self, num_frames: int, last_speech: int | None) -> None:
        self.num_frames += num_frames
        if last_speech is None:
            self.num_silent += num_frames
        else:
            self.num_silent, self.has_speech = num_frames - 1 - last_speech, True

    @property
    def is_end(self) -> bool:
        """Whether the utterance ends with the frames heard."""
        options = self.options
        silence, length = self.num_silent * self.frame_seconds, self.num_frames * self.frame_seconds
        needed = options.silence_seconds if self.has_speech else options.empty_silence_seconds
        if options.endpoint and self.num_silent and silence >= needed:
            return True
        if options.max_utterance_seconds == 0 or length < LONG_SHARE * options.max_utterance_seconds:
            return False
        return silence >= options.pause_seconds or length >= options.max_utterance_seconds
