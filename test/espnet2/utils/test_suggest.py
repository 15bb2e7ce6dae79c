"""Guesses at mistyped names."""

from espnet2.utils.suggest import MOST_LISTED, did_you_mean, nearest


def test_the_nearest_name_is_guessed():
    assert nearest("encoder_cnf", ["encoder_conf", "decoder"]) == "encoder_conf"
    assert did_you_mean("conformr", ["conformer", "transformer"]) == " Did you mean 'conformer'?"


def test_few_names_are_listed_and_many_are_not():
    assert did_you_mean("zzz", ["adam", "sgd"]) == " Known: adam, sgd."
    assert did_you_mean("zzz", []) == ""
    assert did_you_mean("zzz", [f"option{n}" for n in range(MOST_LISTED + 1)]) == ""
