"""Long texts in pieces."""
import pytest

from espnet2.text.sentences import split_sentences, split_text

TEXT = "One sentence. Another one, with a clause; and a third! Is it? Yes."


@pytest.mark.parametrize("max_chars", [5, 12, 20, 40, 1000])
def test_nothing_is_lost_and_no_piece_is_too_long(max_chars):
    text = TEXT + " " + "x" * 50
    pieces = split_text(text, max_chars)
    assert all(0 < len(piece) <= max_chars for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_sentences_go_together_as_far_as_they_fit():
    assert split_text(TEXT, 42) == ["One sentence. Another one, with a clause;", "and a third! Is it? Yes."]


def test_each_sentence_alone():
    assert split_sentences("One. Two two.\nThree", 100) == ["One.", "Two two.", "Three"]
    assert split_sentences("こんにちは。今日は、いい天気ですね。", 100) == ["こんにちは。", "今日は、いい天気ですね。"]


def test_short_and_empty():
    assert split_text("  hello ", 0) == ["hello"]
    assert split_text("   ", 10) == []
    assert split_sentences("  \n ", 10) == []


def test_ten_thousand_characters_without_an_end():
    pieces = split_text("word " * 2000, 250)
    assert len(pieces) == 40 and all(len(piece) <= 250 for piece in pieces)
