"""A thin door to eSpeak NG, the formant synthesiser, through ctypes.

The library and its data come with the pip package ``espeakng-loader``; functions and constants are those of eSpeak NG's
``speak_lib.h`` (https://github.com/espeak-ng/espeak-ng/blob/master/src/include/espeak-ng/speak_lib.h).
"""
import ctypes

import numpy as np

AUDIO_OUTPUT_SYNCHRONOUS = 2
CHARS_UTF8 = 1
RATE, PITCH, RANGE = 1, 3, 4  # espeak_PARAMETER
Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Espeak:
    """One initialised synthesiser.

    The library keeps the phase of its pitch flutter from one sentence to the next, so a sentence's audio depends on
    what was spoken before it. Who wants the same bytes each time speaks every sentence in a fresh fork of the process
    that made this object (see ``synthesise.py``).

    Attributes:
        sample_rate: Hz of what :meth:`speak` returns (22,050).
    Raises:
        SystemExit: If the pip package is absent, with the command that installs it.
        RuntimeError: If the library finds no data.
    """

    def __init__(self) -> None:
        try:
            import espeakng_loader
        except ImportError:
            raise SystemExit("ERROR: the package espeakng-loader is missing: pip install espeakng-loader") from None
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self.sample_rate = self._library.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, data, 0)
        if self.sample_rate <= 0:
            raise RuntimeError(f"eSpeak NG cannot read its data in {data.decode()}")
        self._chunks: list[np.ndarray] = []
        self._callback = Callback(self._collect)  # kept here: ctypes does not hold a reference
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_SetVoiceByName(b"en")  # reads the list of voices now, once for all forks

    def _collect(self, samples, num_samples: int, events) -> int:
        if samples and num_samples > 0:
            self._chunks.append(np.ctypeslib.as_array(samples, (num_samples,)).copy())
        return 0  # 0 = go on

    def speak(self, text: str, voice: str, rate: int, pitch: int, pitch_range: int) -> np.ndarray:
        """Speak one text.

        Args:
            text: English words.
            voice: ``<accent>+<variant>``, e.g. ``en-us+m3``.
            rate: Words per minute.
            pitch: 0 to 99, 50 is the voice's own.
            pitch_range: 0 (monotonous) to 99.
        Returns:
            The samples (T,), int16.
        Raises:
            ValueError: If the library has no such voice.
        """
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"eSpeak NG has no voice {voice}")
        for parameter, value in ((RATE, rate), (PITCH, pitch), (RANGE, pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._chunks.clear()
        data = text.encode()
        self._library.espeak_Synth(data, ctypes.c_size_t(len(data) + 1), 0, 0, 0, CHARS_UTF8, None, None)
        return np.concatenate(self._chunks)
