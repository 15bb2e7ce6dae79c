"""Tables of speakers' vectors; the network is a small stand-in."""

import numpy as np
import pytest
import soundfile

from espnet2.bin.spk_embed_extract import main
from espnet2.fileio.kaldi_ark import read_ark
from espnet2.fileio.read_text import read_2columns_text
from espnet2.layers.voice_encoder import VoiceEncoder


def test_utterances_and_means_of_speakers(tmp_path, monkeypatch):
    class Standin:
        def to(self, device):
            return self

        def __call__(self, speech):
            assert len(speech) == 16000  # resampled
            return speech[:2] * 0 + speech.abs().max()

    monkeypatch.setattr(VoiceEncoder, "pretrained", Standin)
    peaks = {"a-1": 0.25, "a-2": 0.5, "b-1": 0.75}
    for uid, peak in peaks.items():
        soundfile.write(tmp_path / f"{uid}.wav", np.full((8000, 2), peak), 8000)
    (tmp_path / "wav.scp").write_text("".join(f"{uid} {tmp_path}/{uid}.wav\n" for uid in peaks))
    (tmp_path / "utt2spk").write_text("".join(f"{uid} {uid[0]}\n" for uid in peaks))
    main(["--data_dir", str(tmp_path), "--output_dir", str(tmp_path / "out"), "--name", "vec"])
    table = read_2columns_text(tmp_path / "out/vec.scp")
    means = read_2columns_text(tmp_path / "out/spk_vec.scp")
    first, second = (read_ark(table[uid])[0] for uid in ("a-1", "a-2"))
    assert list(table) == list(peaks) and list(means) == ["a", "b"]
    assert read_ark(means["a"])[0] == pytest.approx((first + second) / 2)
