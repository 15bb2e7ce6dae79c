"""Sound from a microphone, by PortAudio through the package sounddevice."""

# N samples
import queue
from collections.abc import Iterator

import numpy as np

from espnet2.utils.errors import InputError


def microphone_chunks(sample_rate: int, num_samples: int) -> Iterator[np.ndarray]:
    """What the default microphone hears, until the iterator is closed.

    Args:
        sample_rate: In Hz.
        num_samples: Of a chunk.

    Yields:
        One channel of 16-bit samples (N,).

    Raises:
        InputError: If sounddevice is not installed, or there is no microphone that gives this rate.
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: PortAudio itself is missing
        raise InputError(
            'The microphone needs sounddevice and PortAudio: pip install "espnet2-surface-toolkit[microphone]", and on Linux '
            f"apt-get install libportaudio2 ({error})"
        ) from error
    heard: queue.SimpleQueue[np.ndarray] = queue.SimpleQueue()
    try:
        stream = sounddevice.InputStream(
            samplerate=sample_rate,
            blocksize=num_samples,
            channels=1,
            dtype="int16",
            callback=lambda samples, *_: heard.put(samples[:, 0].copy()),
        )
    except (sounddevice.PortAudioError, ValueError) as error:
        raise InputError(f"The microphone cannot be opened at {sample_rate} Hz: {error}") from error
    with stream:
        while True:
            yield heard.get()
