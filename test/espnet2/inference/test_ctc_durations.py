"""Durations by CTC: from hand-made times, and through the door."""
import numpy as np
import pytest
import soundfile

from espnet2.inference.ctc_durations import spread
from espnet2.search.hypothesis import Word
from espnet2.utils.errors import InputError
from test.espnet2.inference.test_speech2text import copied, waveforms
from test.shared import needs_shared

WORDS = [Word("HI", 0.2, 0.5, 1.0), Word("YOU", 0.8, 1.1, 1.0)]


def test_words_are_anchors():
    tokens = ["h", "aɪ", "<space>", "j", "uː", "."]
    # 100 frames a second; a third of the pause belongs to each word; to the first token what comes before it
    assert spread(tokens, WORDS, WORDS, 100.0, 150) == [40, 20, 10, 13, 14, 13, 40]


def test_other_numbers_of_words_share_the_whole():
    assert spread(["h", "j"], WORDS, WORDS, 100.0, 150) == [65, 45, 40]


def test_the_same_tokens_have_their_own_times():
    marks = [Word(name, time, time + 0.1, 1.0) for name, time in (("H", 0.1), ("I", 0.4), ("<space>", 0.9))]
    assert spread(["h", "i", "<space>"], [], marks, 100.0, 150) == [30, 40, 30, 50]


@needs_shared
def test_the_door(tmp_path):
    from espnet2.bin.ctc_durations import main

    folder = copied("asr_conformer", tmp_path)
    speech = np.concatenate(waveforms("asr_conformer")) * 0.1
    soundfile.write(tmp_path / "a.wav", speech, 16000)
    (tmp_path / "wav.scp").write_text(f"a {tmp_path}/a.wav\nb {tmp_path}/a.wav\n")
    (tmp_path / "text").write_text("a e t.\nb §\n")
    words = ["--asr", folder, "--wav_scp", tmp_path / "wav.scp", "--text", tmp_path / "text", "--token_type", "char"]
    with pytest.raises(InputError, match="1 of 2 utterances have no durations"):
        main([*map(str, words), "--output", str(tmp_path / "out" / "durations")])
    uid, *durations = (tmp_path / "out" / "durations").read_text().split()
    assert uid == "a" and len(durations) == 5
    assert sum(map(int, durations)) == len(speech) // 256 + 1
