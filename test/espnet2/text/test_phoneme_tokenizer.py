"""Grapheme to phoneme in several languages, and what is refused."""

import pickle
import sys
import types

import pytest

from espnet2.text.phoneme_tokenizer import ESPEAK_VOICES, G2P_CHOICES, REFUSED, PhonemeTokenizer, build_g2p
from espnet2.utils.errors import InputError

# Recipes name these; interface document of the recipes, 8.4
DOCUMENTED = {
    "none", "g2p_en", "g2p_en_no_space", "pyopenjtalk", "pyopenjtalk_kana", "pyopenjtalk_accent",
    "pyopenjtalk_accent_with_pause", "pyopenjtalk_prosody", "pypinyin_g2p", "pypinyin_g2p_phone",
    "pypinyin_g2p_phone_without_prosody", "g2pk", "g2pk_no_space", "g2pk_explicit_space", "korean_jaso",
    "korean_jaso_no_space", "g2p_is",
}  # fmt: skip
LANGUAGES = (
    "arabic", "german", "french", "spanish", "russian", "greek", "finnish", "hungarian", "dutch", "english_us_vits", "hindi",
    "italian", "ukrainian", "polish",
)  # fmt: skip


def test_every_documented_name_is_known_or_refused():
    names = {*DOCUMENTED, *(f"espeak_ng_{language}" for language in LANGUAGES)}
    assert {str(name).lower() for name in G2P_CHOICES} | set(REFUSED) == names
    for name in REFUSED:
        with pytest.raises(InputError, match="is not to be had"):
            build_g2p(name)
    with pytest.raises(InputError, match="no g2p 'g2p_fr'. Known: none, g2p_en"):
        build_g2p("g2p_fr")


class TestEspeak:
    @pytest.fixture(autouse=True)
    def package(self):
        pytest.importorskip("espeakng_loader")

    def test_english_by_character(self):
        tokenizer = pickle.loads(pickle.dumps(PhonemeTokenizer("espeak_ng_english_us_vits", ["<laugh>"])))
        tokens = tokenizer.text2tokens("HELLO, WORLD. <laugh>")
        assert tokens == [*"həlˈoʊ,", "<space>", *"wˈɜːld.", "<laugh>"]
        assert "." not in tokenizer.text2tokens("a 3.5 b")  # a number, no end of a sentence

    def test_upper_case_is_no_spelling(self):
        convert = build_g2p("espeak_ng_english_us_vits")
        for sentence in ("IT IS US, SO AM I", "PRESS STAR TO RETURN"):
            assert convert(sentence) == convert(sentence.lower())

    def test_french_by_phoneme_without_marks_of_other_languages(self):
        tokens = build_g2p("espeak_ng_french")("Bonjour le weekend !")
        assert tokens == ["b", "ɔ̃", "ʒ", "ˈu", "ʁ", "l", "ə-", "w", "iː", "k", "ˈɛ", "n", "d", "!"]

    @pytest.mark.parametrize("language", ESPEAK_VOICES)
    def test_all_languages_are_there(self, language):
        assert build_g2p(f"espeak_ng_{language}")("1")

    def test_languages_take_turns(self):
        english, german = build_g2p("espeak_ng_english_us_vits"), build_g2p("espeak_ng_german")
        before = english("bad")
        assert german("bad") != before and english("bad") == before

    def test_nothing_gives_nothing(self):
        assert build_g2p("espeak_ng_german")("  ") == []


def test_japanese():
    pytest.importorskip("pyopenjtalk")
    text = "こんにちは、世界ですか?"
    assert " ".join(build_g2p("pyopenjtalk")("こんにちは")) == "k o N n i ch i w a"
    assert build_g2p("pyopenjtalk_kana")("こんにちは") == list("コンニチワ")
    # as in the figures of Kurihara et al.: rise behind the first mora, fall behind the accent nucleus
    assert " ".join(build_g2p("pyopenjtalk_prosody")(text)) == "^ k o [ N n i ch i w a _ s e ] k a i d e s u k a ?"


def test_the_marks_of_japanese_prosody_come_from_the_labels(monkeypatch):
    """Two accent phrases of one mora each, labels cut down to the fields that count."""
    labels = [
        "xx^xx-sil+a=b/A:xx+xx+xx/B:x/F:xx_xx",
        "xx^sil-a+b=I/A:0+1+1/B:x/F:1_1",
        "xx^a-I+N=sil/A:0+1+2/B:x/F:2_1",
        "xx^I-N+sil=xx/A:1+2+1/B:x/F:2_1",
        "xx^N-sil+xx=xx/A:xx+xx+xx/B:x/E:2_1!0_xx/F:xx_xx",
    ]
    fake = types.SimpleNamespace(extract_fullcontext=lambda text: labels)
    monkeypatch.setitem(sys.modules, "pyopenjtalk", fake)
    assert build_g2p("pyopenjtalk_prosody")("x") == ["^", "a", "#", "i", "]", "N", "$"]


def test_chinese():
    pytest.importorskip("pypinyin")
    text = "卡尔普#2陪外孙。"
    assert " ".join(build_g2p("pypinyin_g2p")(text)) == "ka3 er3 pu3 #2 pei2 wai4 sun1 。"
    assert " ".join(build_g2p("pypinyin_g2p_phone")(text)) == "k a3 er3 p u3 #2 p ei2 uai4 s uen1 。"
    assert "#2" not in build_g2p("pypinyin_g2p_phone_without_prosody")(text)


def test_korean_letters():
    assert build_g2p("korean_jaso")("안녕 나") == ["ᄋ", "ᅡ", "ᆫ", "ᄂ", "ᅧ", "ᆼ", "<space>", "ᄂ", "ᅡ"]
    assert "<space>" not in build_g2p("korean_jaso_no_space")("안녕 나")


@pytest.mark.parametrize(
    "name, package, message",
    [
        ("g2p_en", "g2p_en", "pip install g2p-en"),
        ("pyopenjtalk", "pyopenjtalk", "pip install pyopenjtalk-plus"),
        ("pypinyin_g2p", "pypinyin", "pip install pypinyin"),
    ],
)
def test_a_missing_package_is_named(monkeypatch, name, package, message):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=message):
        build_g2p(name)("x")


def test_missing_data_of_nltk_are_named(monkeypatch):
    def fails():
        raise LookupError("Resource cmudict not found.")

    monkeypatch.setitem(sys.modules, "g2p_en", types.SimpleNamespace(G2p=fails))
    with pytest.raises(InputError, match="nltk.downloader cmudict"):
        build_g2p("g2p_en")("x")
