"""The format stage keeps what fits, changes what does not, and reports all that is broken at once."""

import numpy as np
import pytest
import soundfile

from espnet2.bin.format_wav_scp import main
from espnet2.fileio.audio import read_audio
from espnet2.fileio.format_audio import AudioFormatter, FormatOptions
from espnet2.fileio.read_text import read_2columns_text
from espnet2.utils.errors import InputError

RNG = np.random.default_rng(0)


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Two recordings in ``wav.scp``: half a second at 16 kHz, one second of two channels at 8 kHz."""
    monkeypatch.chdir(tmp_path)
    soundfile.write("mono.wav", RNG.normal(size=8000) / 10, 16000, subtype="PCM_16")
    soundfile.write("two.flac", RNG.normal(size=(8000, 2)) / 10, 8000)
    _table("wav.scp", "m mono.wav", "t cat two.flac |")
    return tmp_path


def _table(path, *lines):
    with open(path, "w", encoding="utf-8") as stream:
        stream.writelines(f"{line}\n" for line in lines)
    return path


def _format(scp="wav.scp", **options):
    AudioFormatter(scp, "out", FormatOptions(**options)).run()
    return read_2columns_text("out/wav.scp"), read_2columns_text("out/utt2num_samples")


def test_keeps_what_fits(corpus):
    scp, lengths = _format()
    assert scp == {"m": "mono.wav", "t": "out/t.wav"} and lengths == {"m": "8000", "t": "8000"}
    assert np.array_equal(read_audio("out/t.wav")[0], read_audio("two.flac")[0])


def test_rewrites_another_format_coding_or_name(corpus):
    assert _format(audio_format="flac")[0]["m"] == "out/m.flac"
    assert _format(audio_subtype="PCM_24")[0]["m"] == "out/m.wav"
    (corpus / "mono.wav").rename("mono.wave")
    assert _format(_table("other.scp", "m mono.wave"))[0] == {"m": "out/m.wav"}


def test_resampling(corpus):
    scp, lengths = _format(fs=8000)
    assert scp["m"] == "out/m.wav" and lengths == {"m": "4000", "t": "8000"}
    assert read_audio("out/m.wav")[1] == 8000


def test_speed_is_one_resampling(corpus):
    scp, lengths = _format(reco2speed=_table("r2s", "t 1.25"), fs=16000)
    assert scp["m"] == "mono.wav" and lengths == {"m": "8000", "t": str(round(8000 / 1.25 * 2))}


def test_segments(corpus):
    _table("segments", "a m 0.1 0.2", "b t 0.25 -1", "c t 0 0.5")
    scp, lengths = _format(segments="segments")
    assert lengths == {"a": "1600", "b": "6000", "c": "4000"}
    assert np.array_equal(read_audio(scp["a"])[0], read_audio("mono.wav")[0][1600:3200])
    assert np.array_equal(read_audio(scp["b"])[0], read_audio("two.flac")[0][2000:])


def test_segment_times_belong_to_the_changed_speed(corpus):
    whole, _ = _format(reco2speed=_table("r2s", "m 0.8"))
    samples, _ = read_audio(whole["m"])
    scp, _ = _format(reco2speed="r2s", segments=_table("segments", "a m 0.25 0.5"))
    piece, _ = read_audio(scp["a"])
    assert len(piece) == 4000 and np.abs(piece - samples[4000:8000])[200:-200].max() < 1e-3


def test_channels(corpus):
    whole, _ = read_audio("two.flac")
    scp, _ = _format(_table("t.scp", "t two.flac"), ref_channels="1")
    assert np.array_equal(read_audio(scp["t"])[0], whole[:, 1])
    scp, _ = _format("t.scp", utt2ref_channels=_table("u2c", "t 1,0"))
    assert np.array_equal(read_audio(scp["t"])[0], whole[:, ::-1])


def test_columns_in_and_out(corpus):
    scp, lengths = _format(_table("t.scp", "t two.flac"), multi_columns_output=True)
    assert scp == {"t": "out/t-CH0.wav out/t-CH1.wav"} and lengths == {"t": "8000"}
    again = AudioFormatter("out/wav.scp", "again", FormatOptions(multi_columns_input=True))
    again.run()
    assert np.array_equal(read_audio("again/t.wav")[0], read_audio("two.flac")[0])


def test_archive(corpus):
    scp, _ = _format(audio_format="flac.ark")
    assert scp["m"].startswith("out/data_wav.ark:") and scp["t"].startswith("out/data_wav.ark:")
    assert np.array_equal(read_audio(scp["t"])[0], read_audio("two.flac")[0])
    with pytest.raises(InputError, match="multi-column"):
        _format(audio_format="wav.ark", multi_columns_output=True)


def test_trimming(corpus):
    _, lengths = _format(_table("m.scp", "m mono.wav"), vad_based_trim=_table("vad", "m 0.1:0.2 0.3:0.4"))
    assert lengths == {"m": "4800"}


def test_overscaled_floats_are_clipped_with_a_warning(corpus, caplog):
    soundfile.write("loud.wav", np.array([3.0, -3.0, 0.1]), 16000, subtype="FLOAT")
    scp, _ = _format(_table("l.scp", "l loud.wav"))
    assert "1 utterances have samples beyond full scale" in caplog.text
    assert read_audio(scp["l"], "int16")[0].tolist() == [32767, -32768, 3277]


def test_all_that_is_broken_is_told_and_nothing_is_changed(corpus):
    _format()
    former = (corpus / "out" / "wav.scp").read_text()
    soundfile.write("nan.wav", np.array([0.1, np.nan]), 16000, subtype="FLOAT")
    lines = ["a nan.wav", "b", "c false |", "m mono.wav", *(f"z{n:02d} none.wav" for n in range(30))]
    with pytest.raises(InputError) as caught:
        _format(_table("bad.scp", *lines))
    message = str(caught.value)
    assert message.startswith("33 of 34 utterances cannot be formatted")
    assert "bad.scp:1: 'a': nan.wav: sample 1 is NaN" in message and "bad.scp:3: 'c': false |: exit code 1" in message
    assert "bad.scp:2: 'b': no path" in message and message.endswith("... and 13 more")
    assert (corpus / "out" / "wav.scp").read_text() == former


@pytest.mark.parametrize(
    "segments, message",
    [("a x 0 1", "segments:1: 'a'.* no recording 'x'"), ("a m 0 9", "no piece"), ("a m 0", "segments:1: expected")],
)
def test_bad_segments(corpus, segments, message):
    with pytest.raises(InputError, match=message):
        _format(segments=_table("segments", segments))


def test_door(corpus):
    main(["--fs", "8k", "--audio-format", "flac", "--name", "x.scp", "wav.scp", "out"])
    assert read_2columns_text("out/x.scp") == {"m": "out/m.flac", "t": "out/t.flac"}
