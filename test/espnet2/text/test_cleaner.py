"""English as it is spoken, and names of cleaners."""

import pickle
import sys

import pytest

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
