"""utils/parse_options.sh: the contract of Kaldi's, and --name=value."""

import subprocess
from pathlib import Path

import pytest

UTILS = Path(__file__).parents[2] / "utils"
SCRIPT = f"""set -euo pipefail
stage=1
use_lm=false
text="a b"
cmd=run.pl
help_message="Usage: me"
. {UTILS}/parse_options.sh
printf '%s|' "${{stage}}" "${{use_lm}}" "${{text}}" "$@"
"""


@pytest.fixture
def parse(tmp_path):
    (tmp_path / "script.sh").write_text(SCRIPT)

    def run(*args: str, code: int = 0) -> subprocess.CompletedProcess:
        done = subprocess.run(["bash", "script.sh", *args], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return done

    run.folder = tmp_path
    return run


@pytest.mark.parametrize(
    "args, expected",
    [
        ([], "1|false|a b|"),
        (["--stage", "3", "--use-lm", "true"], "3|true|a b|"),
        (["--stage=3", "--use_lm=true", "--text=x=y z"], "3|true|x=y z|"),
        (["--text", "", "pos", "--stage", "9"], "1|false||pos|--stage|9|"),
        (["--text", "--a 'b' \"c\" $HOME `id` \\ é", "x y"], "1|false|--a 'b' \"c\" $HOME `id` \\ é|x y|"),
        (["--stage", "2", "--stage", "3"], "3|false|a b|"),
        (["--stage", "2", "--", "--x"], "2|false|a b|--x|"),
        (["", "--stage", "2"], "1|false|a b||--stage|2|"),
    ],
)
def test_values(parse, args, expected):
    assert parse(*args).stdout == expected


@pytest.mark.parametrize(
    "args, message",
    [
        (["--stag", "2"], "invalid option --stag. Did you mean 'stage'?"),
        (["--zzzzzzzzzzzz", "2"], "invalid option --zzzzzzzzzzzz."),
        (["--a b", "2"], "invalid option --a b."),
        (["--use-lm", "yes"], "--use-lm must be true or false, not 'yes'"),
        (["--stage"], "option --stage needs a value"),
        (["--cmd", ""], "--cmd is empty"),
        (["--config", "absent"], "--config 'absent': cannot read this file"),
        (["--config"], "cannot read this file"),
    ],
)
def test_refusals(parse, args, message):
    result = parse(*args, code=1)
    assert message in result.stderr and result.stdout == ""


def test_config_is_shell_and_weaker_than_the_command_line(parse):
    (parse.folder / "first.conf").write_text("stage=5\nuse_lm=true\n")
    (parse.folder / "second.conf").write_text('text="from $((1 + 1))"\nstage=6\n')
    configs = ["--config", "first.conf", "--config=second.conf"]
    assert parse(*configs).stdout == "6|true|from 2|"
    assert parse("--stage", "7", *configs, "rest").stdout == "7|true|from 2|rest|"


def test_help(parse):
    result = parse("--stage", "2", "--help")
    assert (result.stdout, result.stderr) == ("", "Usage: me\n")


def test_nothing_is_left_behind(parse):
    script = (parse.folder / "script.sh").read_text() + "compgen -v | grep ^_po_ || true; declare -F\n"
    (parse.folder / "script.sh").write_text(script)
    assert parse("--stage", "2").stdout == "2|false|a b|"
