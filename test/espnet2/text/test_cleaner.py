"""English as it is spoken, and names of cleaners."""

import pickle
import sys

import pytest

from espnet2.text import korean, vietnamese
from espnet2.text.cleaner import TextCleaner
from espnet2.text.english import cardinal, ordinal, year
from espnet2.utils.errors import InputError


@pytest.mark.parametrize(
    "written, spoken",
    [
        ("Mr. Smith's  dog; it (barks)", "MISTER SMITH'S DOG, IT BARKS"),
        ("It cost $3.50, or £1.", "IT COST THREE DOLLARS, FIFTY CENTS, OR ONE POUND."),
        ("1,234 men & 3.14", "ONE THOUSAND TWO HUNDRED THIRTY FOUR MEN AND THREE POINT ONE FOUR"),
        ("the 21st of May 1995", "THE TWENTY FIRST OF MAY NINETEEN NINETY FIVE"),
        ("“café” – no", '"CAFE" NO'.replace('"', "")),
        ("ward. costs $5.", "WARD. COSTS FIVE DOLLARS."),
    ],
)
def test_tacotron(written, spoken):
    assert TextCleaner("tacotron")(written) == spoken


def test_numbers():
    assert [cardinal(n) for n in (0, 19, 40, 105)] == ["zero", "nineteen", "forty", "one hundred five"]
    assert cardinal(2_000_017) == "two million seventeen"
    assert [ordinal(n) for n in (1, 12, 20, 100)] == ["first", "twelfth", "twentieth", "one hundredth"]
    assert [year(n) for n in (1900, 1905, 2007, 2026)] == [
        "nineteen hundred", "nineteen oh five", "two thousand seven", "twenty twenty six",
    ]  # fmt: skip


def test_none_and_several():
    assert TextCleaner()("As it Is 1") == "As it Is 1"
    assert pickle.loads(pickle.dumps(TextCleaner(["tacotron", "tacotron"])))("a 1") == "A ONE"


def test_refusals(monkeypatch):
    with pytest.raises(InputError, match="Did you mean 'tacotron'"):
        TextCleaner("tacotrn")
    monkeypatch.setitem(sys.modules, "jaconv", None)
    with pytest.raises(InputError, match="pip install jaconv"):
        TextCleaner("jaconv")("x")


def test_korean():
    clean = TextCleaner("korean_cleaner")
    assert clean("KBS는  2,024년 10.5") == "케이비에스는 이천이십사년 십점오"
    assert [korean.cardinal(n) for n in (0, 10, 100, 10000, 20001, 123456789)] == [
        "영", "십", "백", "만", "이만일", "일억이천삼백사십오만육천칠백팔십구",
    ]  # fmt: skip


def test_vietnamese():
    clean = TextCleaner("vietnamese")
    assert clean("Năm 2.024, (Việt Nam): 3,5 & 7%") == (
        "năm hai nghìn không trăm hai mươi bốn, việt nam, ba phẩy năm và bảy phần trăm"
    )
    assert [vietnamese.cardinal(n) for n in (0, 10, 15, 21, 105, 110, 1_000_005)] == [
        "không", "mười", "mười lăm", "hai mươi mốt", "một trăm lẻ năm", "một trăm mười", "một triệu không trăm lẻ năm",
    ]  # fmt: skip
    assert clean("e\u0302\u0323") == "\u1ec7"  # composed


def test_a_function_of_ones_own(tmp_path, monkeypatch):
    (tmp_path / "my_cleaner.py").write_text("def shout(text):\n    return text.upper() + '!'\n")
    monkeypatch.syspath_prepend(tmp_path)
    cleaner = TextCleaner(["my_cleaner:shout", "tacotron"])
    assert pickle.loads(pickle.dumps(cleaner))("hi 2") == "HI TWO!"
    for name, message in (("my_cleaner:none", "no attribute 'none'"), ("no_such_module:f", "No module named")):
        with pytest.raises(InputError, match=message):
            TextCleaner(name)("x")


def test_jaconv():
    pytest.importorskip("jaconv")
    assert TextCleaner("jaconv")("ＡＢＣ　１２") == "ABC 12"
