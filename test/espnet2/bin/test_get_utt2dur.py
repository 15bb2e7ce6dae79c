"""espnet2.bin.get_utt2dur; test/utils/test_get_utt2dur.py runs it through the shell."""

import numpy as np
import pytest

from espnet2.bin.get_utt2dur import main
from espnet2.utils.errors import InputError

soundfile = pytest.importorskip("soundfile")


def test_seconds_and_speed(tmp_path):
    for name, count, rate in [("a.wav", 4000, 8000), ("b.flac", 48000, 16000)]:
        soundfile.write(tmp_path / name, np.zeros((count, 2)), rate)
    (tmp_path / "wav.scp").write_text(f"a {tmp_path}/a.wav\nb cat {tmp_path}/b.flac |\n")
    (tmp_path / "reco2speed").write_text("b 1.5\n")
    main([str(tmp_path / "wav.scp"), str(tmp_path / "out"), "--reco2speed", str(tmp_path / "reco2speed")])
    assert (tmp_path / "out").read_text() == "a 0.5\nb 2\n"


@pytest.mark.parametrize("content", [b"", b"no audio"])
def test_bad_audio_is_named_and_nothing_written(tmp_path, content):
    (tmp_path / "x.wav").write_bytes(content)
    (tmp_path / "wav.scp").write_text(f"utt1 {tmp_path}/x.wav\n")
    with pytest.raises(InputError, match="utt1: .*x.wav"):
        main([str(tmp_path / "wav.scp"), str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()
