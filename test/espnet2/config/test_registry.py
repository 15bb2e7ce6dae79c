"""The registry: names, module:Class, and refusals that help."""

import argparse

import pytest

from espnet2.config.registry import ClassChoices, construct
from espnet2.utils.errors import InputError

choices = ClassChoices("part", {"Dict": "collections:OrderedDict", "counter": "collections:Counter"}, default="dict")


class Part:
    def __init__(self, size: int, rate: float = 0.1):
        self.size, self.rate = size, rate


def test_names_are_matched_case_insensitively_and_imported_on_use():
    assert choices.get_class("DICT").__name__ == "OrderedDict"
    assert choices.get_class("fractions:Fraction").__name__ == "Fraction"


def test_none_only_where_optional():
    assert ClassChoices("x", {"a": "m:A"}).parse("None") is None
    with pytest.raises(argparse.ArgumentTypeError, match="unknown 'none'"):
        choices.parse("none")


def test_unknown_name_tells_the_nearest():
    with pytest.raises(InputError, match="Did you mean 'counter'"):
        choices.get_class("conter")


def test_a_known_part_that_is_not_built_says_why():
    some = ClassChoices("decoder", {"a": "collections:Counter"}, refused={"S4": "its kernels are a riddle"})
    with pytest.raises(argparse.ArgumentTypeError, match="^'s4' is not supported: its kernels are a riddle$"):
        some.parse("s4")
    with pytest.raises(InputError, match="^decoder: 's4' is not supported: its kernels are a riddle$"):
        some.get_class("s4")
    assert "s4" not in some.names()


def test_missing_module_and_class_are_told_apart():
    with pytest.raises(InputError, match="no module 'no_such_module'"):
        choices.get_class("no_such_module:A")
    with pytest.raises(InputError, match="'collections' has no 'Nope'"):
        choices.get_class("collections:Nope")


def test_type_check_refuses_strangers():
    with pytest.raises(InputError, match="not derived"):
        ClassChoices("x", {"a": "fractions:Fraction"}, type_check="builtins:dict").get_class("a")


def test_constructor_is_the_schema():
    part = construct(Part, {"rate": 0.5}, "part_conf", size=3)
    assert (part.size, part.rate) == (3, 0.5)
    with pytest.raises(InputError, match="part_conf: Part has no option 'rte'. Did you mean 'rate'"):
        construct(Part, {"rte": 0.5}, "part_conf", size=3)
    with pytest.raises(InputError, match="set by the task"):
        construct(Part, {"size": 4}, "part_conf", size=3)
    with pytest.raises(InputError, match="needs a value for size"):
        construct(Part, {}, "part_conf")
