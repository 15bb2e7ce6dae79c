"""Every family of synthesisers: alone, together and in a stream, under all options, and long texts."""
import inspect

import pytest
import soundfile
import torch

from espnet2.bin.say import main as say
from espnet2.gan_tts.hifigan.generator import HiFiGANGenerator
from espnet2.gan_tts.vocoder import FeatureVocoder
from espnet2.inference.text2speech import Text2Speech
from espnet2.inference.vocoder import FIRST_CHUNK, Vocoder
from espnet2.utils.errors import InputError
from test.espnet2.gan_tts.tiny_gan import BLOCKS, UPSAMPLING
from test.espnet2.inference.tts_models import VOICES, save_voice

TEXTS = ["Hello there.", "A", "Something longer than that, is it not?"]
HOP = 64
# What a family that has the option is asked for in a test of it.
CONTROLS = {
    "alpha": {"alpha": 1.7},
    "pitch_scale": {"pitch_scale": 1.3, "energy_scale": 0.7},
    "noise_scale": {"noise_scale": 0.1, "noise_scale_dur": 1.5},
    "use_att_constraint": {"use_att_constraint": True, "backward_window": 0, "forward_window": 1},
    "threshold": {"threshold": 0.51, "minlenratio": 1.0, "maxlenratio": 2.5},
}


@pytest.fixture(scope="module", params=VOICES)
def voice(request, tmp_path_factory):
    """A synthesiser with a vocoder that can be cut, where it needs one."""
    model = Text2Speech.from_pretrained(
        save_voice(tmp_path_factory.mktemp(request.param), request.param), always_fix_seed=True, maxlenratio=3.0
    )
    if model.tts.require_vocoder:
        torch.manual_seed(1)
        generator = HiFiGANGenerator(20, 1, 8, **UPSAMPLING, **BLOCKS)
        model.vocoder = Vocoder(FeatureVocoder(generator).eval(), 16000, HOP, generator.receptive_frames)
    for module in model.model.modules():
        if isinstance(module, HiFiGANGenerator):  # whose fresh weights are next to nothing
            torch.nn.init.normal_(module.output_conv[1].weight)
        for layer in (part for name, part in module.named_children() if name == "prob_out"):  # so that the end comes by chance
            torch.nn.init.normal_(layer.weight)
            torch.nn.init.constant_(layer.bias, -2.0)
    return model


def conf_of(voice, **options):
    """Those that the network has."""
    known = inspect.signature(voice.tts.inference).parameters
    return {name: value for name, value in options.items() if name in known}


def equal(result, expected):
    assert result.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(result[name], value, atol=1e-5, rtol=1e-5, msg=lambda told, name=name: f"{name}: {told}")


@pytest.mark.parametrize("is_seed_fixed", [True, False])
def test_several_together_are_as_alone(voice, is_seed_fixed, monkeypatch):
    monkeypatch.setattr(voice.options, "always_fix_seed", is_seed_fixed)
    torch.manual_seed(3)
    together = voice.batch(TEXTS, [{}] * 3)
    torch.manual_seed(3)
    alone = [voice(text) for text in TEXTS]
    for result, expected in zip(together, alone, strict=True):
        equal(result, expected)
    assert len({len(result["wav"]) for result in alone}) == 3
    assert alone[0]["wav"].abs().max() > 1e-3


@pytest.mark.parametrize("control", CONTROLS)
def test_options_do_the_same_in_all_ways(voice, control):
    conf = CONTROLS[control]
    if not conf_of(voice, **conf):
        with pytest.raises(InputError, match=f"has no .*{control}"):
            voice(TEXTS[0], decode_conf=conf)
        return
    plain, changed = voice(TEXTS[0]), voice(TEXTS[0], decode_conf=conf)
    own = getattr(getattr(voice.tts, "generator", None), "text2mel", voice.tts)
    if control in inspect.signature(own.inference).parameters:
        name = "att_w" if control == "use_att_constraint" else "wav"
        assert plain[name].shape != changed[name].shape or not torch.allclose(plain[name], changed[name])
    equal(voice.batch(TEXTS, [{}] * 3, decode_conf=conf)[0], changed)
    streamed = torch.cat(list(voice.stream(TEXTS[0], decode_conf=conf)))
    torch.testing.assert_close(streamed, changed["wav"], atol=1e-5, rtol=1e-5)


def test_a_stream_gives_the_samples_of_the_whole_in_chunks(voice):
    text = "one two three four five six seven, " * 3
    conf = conf_of(voice, threshold=2.0)
    expected = voice(text, decode_conf=conf)["wav"]
    chunks = list(voice.stream(text, decode_conf=conf))
    torch.testing.assert_close(torch.cat(chunks), expected, atol=1e-5, rtol=1e-5)
    assert len(chunks) > 1 and len(chunks[0]) == FIRST_CHUNK * HOP


@pytest.mark.slow
@pytest.mark.parametrize("way", ["alone", "together", "stream"])
def test_ten_thousand_characters(voice, way):
    """In pieces of which none is long, whatever their number: that is what bounds the memory."""
    text = ("word and " * 27 + "end.\n'...'\n") * 40
    assert 9900 < len(text) < 10200
    lengths = []
    conf = conf_of(voice, maxlenratio=0.1, alpha=0.3)
    read = voice.tokens
    voice.tokens = lambda piece: lengths.append(len(piece)) or read(piece)
    try:
        if way == "stream":
            num_samples = sum(len(chunk) for chunk in voice.stream(text, decode_conf=conf))
        else:
            result = voice(text, decode_conf=conf) if way == "alone" else voice.batch([text, "A."], [{}] * 2, conf)[0]
            assert len(result["pieces"]) >= 40
            num_samples = len(result["wav"])
    finally:
        del voice.tokens
    assert num_samples > 40 * 0.2 * 16000
    assert len(lengths) >= 40 and max(lengths) <= 250


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vits", "joint_tacotron2"])
@pytest.mark.parametrize("is_stream", ["true", "false"])
def test_ten_thousand_characters_said(tmp_path, name, is_stream):
    exp = save_voice(tmp_path / "exp", name)
    (tmp_path / "book.txt").write_text(("word and " * 27 + "end.\n") * 40)
    words = ["--exp", exp, "--file", tmp_path / "book.txt", "--stream", is_stream, "--output", tmp_path / "x.wav"]
    say([*map(str, words), "--maxlenratio", "0.1", "--speed_control_alpha", "0.3"])
    assert soundfile.info(tmp_path / "x.wav").duration > 40 * 0.2


def test_what_a_batch_cannot_do_together_is_done_one_by_one(voice):
    durations = torch.full((3,), 4)
    if "durations" not in inspect.signature(voice.tts.inference).parameters:
        pytest.skip("It takes no durations.")
    given = [{"durations": durations}, {}]
    equal(voice.batch(["abc", "de"], given)[0], voice("abc", durations=durations))
    with pytest.raises(InputError, match="does not know pitch_scale"):
        voice.batch(["abc"], [{"pitch_scale": 2.0}])
