"""Where utterances end: the rules, and that silence costs nothing."""

import numpy as np
import pytest
import torch

from espnet2.inference.endpoint import Endpointer
from espnet2.inference.streaming_options import EndpointOptions
from espnet2.utils.errors import InputError

FRAME = 0.04
SPEECH, SILENCE = 0.2, 0.99  # probability of blank


def frames(*blanks):
    """Log-probabilities (s, 2)."""
    blank = torch.tensor(blanks)
    return torch.stack([blank, 1 - blank], 1).log()


def ends_after(options, blanks):
    """After how many frames the utterance ends, heard one by one."""
    endpointer = Endpointer(options, FRAME)
    for number, blank in enumerate(blanks, 1):
        endpointer.hear(frames(blank))
        if endpointer.is_end:
            return number
    return None


def test_silence_after_text():
    options = EndpointOptions(endpoint=True, silence_seconds=0.4, empty_silence_seconds=2.0)
    assert ends_after(options, [SPEECH] * 5 + [SILENCE] * 20) == 15
    assert ends_after(options, [SPEECH] * 5 + [SILENCE] * 9 + [SPEECH] + [SILENCE] * 20) == 25
    assert ends_after(options, [SILENCE] * 100) == 50
    assert ends_after(EndpointOptions(), [SPEECH] * 5 + [SILENCE] * 200) is None


def test_long_utterances_end_at_a_pause_or_at_the_limit():
    options = EndpointOptions(max_utterance_seconds=6.0, pause_seconds=0.2)
    assert ends_after(options, [SPEECH] * 300) == 150
    assert ends_after(options, [SPEECH] * 110 + [SILENCE] * 50) == 115
    assert ends_after(options, [SPEECH] * 20 + [SILENCE] * 20 + [SPEECH] * 300) == 150
    assert ends_after(EndpointOptions(max_utterance_seconds=0.0), [SPEECH] * 3000) is None


@pytest.mark.parametrize("seed", range(5))
def test_blocks_count_as_their_frames(seed):
    random = np.random.default_rng(seed)
    blanks = random.choice([SPEECH, SILENCE], 60, p=[0.2, 0.8]).tolist()
    whole, single = Endpointer(EndpointOptions(), FRAME), Endpointer(EndpointOptions(), FRAME)
    whole.hear(frames(*blanks))
    for blank in blanks:
        single.hear(frames(blank))
    assert vars(whole) | {"options": 0} == vars(single) | {"options": 0}
    whole.hear(frames()[:0].reshape(0, 2))
    assert whole.num_frames == 60


def test_without_ctc_a_text_that_stands_still_is_silence():
    endpointer = Endpointer(EndpointOptions(endpoint=True, silence_seconds=1.0), FRAME)
    endpointer.hear_tokens(16, True)
    assert (endpointer.has_speech, endpointer.num_silent) == (True, 0)
    endpointer.hear_tokens(16, False)
    assert not endpointer.is_end
    endpointer.hear_tokens(16, False)
    assert endpointer.is_end


def test_wrong_options():
    with pytest.raises(InputError, match="pause_seconds is -1"):
        EndpointOptions(pause_seconds=-1)
    with pytest.raises(InputError, match="silence_probability is 2"):
        EndpointOptions(silence_probability=2)
