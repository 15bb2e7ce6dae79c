"""The order default < YAML < flag, nested options, and refusals that name the nearest known option."""

from dataclasses import dataclass

import pytest

from espnet2 import __version__
from espnet2.config.cli import ConfigParser
from espnet2.config.nested import NestedDictAction, parse_assignment
from espnet2.config.options import add_options, from_args, option
from espnet2.config.yaml import dump_yaml, load_yaml, upgrade_config
from espnet2.utils.errors import InputError
from espnet2.utils.types import int_or_none, str2triple_str


@dataclass
class Options:
    """A few options."""

    max_epoch: int = option(40, "Epochs, 100 % of them")
    use_amp: bool = option(False, "Mixed precision")
    patience: int | None = option(None, "Epochs to wait", type=int_or_none)
    optim_conf: dict = option({}, "Optimiser", action=NestedDictAction)
    data: list = option([], "path,name,type", action="append", type=str2triple_str)
    keep: list = option([10], "Models", type=int, nargs="+")
    order: str = option("up", "Order", choices=("up", "down"))


def parse(*words: str) -> Options:
    parser = ConfigParser()
    add_options(parser, Options)
    return from_args(Options, parser.parse_args(words))


def config(tmp_path, text: str) -> str:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    return str(path)


def test_flag_beats_yaml_beats_default(tmp_path):
    path = config(tmp_path, "max_epoch: 5\nuse_amp: true\noptim_conf:\n    lr: 0.1\n    eps: 1e-8\n")
    options = parse("--config", path, "--max_epoch", "7", "--optim_conf", "lr=0.2")
    assert (options.max_epoch, options.use_amp, options.patience) == (7, True, None)
    assert options.optim_conf == {"lr": 0.2, "eps": 1e-8}


def test_values_and_repeats():
    options = parse("--max-epoch=3", "--patience", "none", "--data", "a,b,c", "--data", "(d, e, f)", "--keep", "1", "2")
    assert options.max_epoch == 3 and options.patience is None
    assert options.data == [("a", "b", "c"), ("d", "e", "f")] and options.keep == [1, 2]


def test_defaults_are_not_shared():
    parse("--optim_conf", "lr=1")
    assert parse().optim_conf == {} and parse().data == []


@pytest.mark.parametrize(
    "text,expected",
    [
        ("a=3", {"a": 3}),
        ("a.b=1e-3", {"a": {"b": 0.001}}),
        ("{a: [1, 2], b: null}", {"a": [1, 2], "b": None}),
        ("a=", {"a": ""}),
        ("a=x=y", {"a": "x=y"}),
        ("a=[0.9, 0.98]", {"a": [0.9, 0.98]}),
        ("a=none", {"a": "none"}),
    ],
)
def test_assignments(text, expected):
    assert parse_assignment(text) == expected


def test_a_single_value_stands_for_a_list(tmp_path):
    assert parse("--config", config(tmp_path, "keep: 5\n")).keep == [5]


def test_unknown_yaml_key_names_file_and_nearest(tmp_path):
    path = config(tmp_path, "max_epochs: 5\n")
    with pytest.raises(InputError, match=r"x.yaml: unknown key 'max_epochs'. Did you mean 'max_epoch'"):
        parse("--config", path)


def test_yaml_value_outside_the_choices_is_refused(tmp_path):
    with pytest.raises(InputError, match="order must be one of up, down"):
        parse("--config", config(tmp_path, "order: sideways\n"))


def test_unknown_flag_names_the_nearest(capsys):
    with pytest.raises(SystemExit) as stop:
        parse("--max_epoc_h", "5")
    assert stop.value.code == 2 and "Did you mean '--max_epoch'" in capsys.readouterr().err


def test_broken_yaml_names_file_and_line(tmp_path):
    with pytest.raises(InputError, match=r"(?s)x.yaml is not valid YAML.*line 2"):
        load_yaml(config(tmp_path, "a: 1\nb: [1\n"))
    with pytest.raises(InputError, match="no configuration file"):
        load_yaml(tmp_path / "absent.yaml")


def test_yaml_round_trip(tmp_path):
    data = {"lr": 1e-3, "criteria": [("valid", "acc", "max")], "none": None, "text": "é", "nested": {"a": {"b": True}}}
    dump_yaml(data, tmp_path / "out.yaml")
    assert load_yaml(tmp_path / "out.yaml") == {**data, "criteria": [["valid", "acc", "max"]]}


def test_numbers_without_a_dot_are_numbers(tmp_path):
    assert load_yaml(config(tmp_path, "a: 1e-3\nb: 5E4\nc: 1.5e+2\nd: e5\n")) == {"a": 1e-3, "b": 5e4, "c": 150.0, "d": "e5"}


def test_old_keys_are_upgraded():
    assert upgrade_config({"text_cleaner": "tacotron", "use_lora": True, "save_lora_only": True}) == {
        "cleaner": "tacotron",
        "use_adapter": True,
        "save_strategy": "adapter_only",
    }


@pytest.mark.parametrize("name", ["contextual_block_conformer", "contextual_block_transformer"])
def test_block_encoders_trained_before_there_was_a_choice_keep_their_padding(name):
    conf = {"encoder": name, "encoder_conf": {"block_size": 40}}
    trained = {**conf, "version": "202511"}
    assert upgrade_config(trained)["encoder_conf"] == {"legacy_padding": True, "block_size": 40}
    assert upgrade_config({**trained, "encoder_conf": None})["encoder_conf"] == {"legacy_padding": True}
    own = {**conf, "version": __version__}
    assert upgrade_config(conf) == conf and upgrade_config(own) == own  # of a training to come, and of this toolkit
    chosen = {**trained, "encoder_conf": {"legacy_padding": False}}
    assert upgrade_config(chosen) == chosen and conf["encoder_conf"] == {"block_size": 40}
    assert upgrade_config({**trained, "encoder": "conformer"})["encoder_conf"] == {"block_size": 40}
