"""utils/recipe.sh: options, help, configuration files, stages."""

import re
import subprocess
from pathlib import Path

import pytest

UTILS = Path(__file__).parents[2] / "utils"

SCRIPT = """#!/bin/bash
set -euo pipefail
. {utils}/recipe.sh
usage "Do a thing."
section "General"
opt stage 1 "First stage"
opt stop_stage 100 "Last stage"
opt skip_stages "" "Stages to leave out"
opt skip_train false "Leave out training"
section "Model"
opt token_type bpe "Unit" "bpe char"
opt use_lm true "With a language model"
opt asr_args "" "Flags"
later "Decode with k2" use_k2=false k2_config=conf/k2.yaml
stage 1 data "Prepare"
stage 2 asr_train "Train" train
stage 3 decode "Decode"
stage_data() {{ echo "data: ${{asr_args}}|${{use_lm}}|${{token_type}}"; }}
stage_asr_train() {{ {train}; echo "trained"; }}
stage_decode() {{ echo "decoded"; }}
parse_options "$@"
echo "positional: ${{positional[*]}}"
run_stages
"""


@pytest.fixture
def script(tmp_path: Path):
    def run(*args: str, train: str = ":") -> subprocess.CompletedProcess:
        path = tmp_path / "task.sh"
        path.write_text(SCRIPT.format(utils=UTILS, train=train))
        return subprocess.run(["bash", "./task.sh", *args], cwd=tmp_path, capture_output=True, text=True)

    run.folder = tmp_path
    return run


@pytest.mark.parametrize(
    "args, stages",
    [
        ([], "data trained decoded"),
        (["--stage", "2"], "trained decoded"),
        (["--stage", "asr_train"], "trained decoded"),
        (["--stage", "asr-train", "--stop-stage", "2"], "trained"),
        (["--stage=1", "--stop_stage=asr_train"], "data trained"),
        (["--skip_train", "true"], "data decoded"),
        (["--skip_stages", "data 3"], "trained"),
        (["--stage", "2", "--stage", "3"], "decoded"),
    ],
)
def test_a_stage_is_selected_by_number_or_name(script, args, stages):
    result = script(*args)
    assert result.returncode == 0, result.stderr
    assert re.findall(r"^(data|trained|decoded)", result.stdout, re.M) == stages.split()
    assert re.search(r"Successfully finished\. \[elapsed=\d+s\]\n$", result.stdout)


def test_log_lines_say_when_and_where(script):
    lines = script().stdout.splitlines()
    when = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
    assert re.fullmatch(when + r" \(recipe\.sh:\d+:run_stages\) Stage 1 \(data\): Prepare", lines[1])


def test_values_keep_their_blanks_and_are_not_expanded(script):
    flags = '--a  $HOME `id` "x y" --b=1'
    result = script("--asr-args", flags, "--use_lm=false", "--token_type", "char", "rest", "more")
    assert f"data: {flags}|false|char" in result.stdout
    assert "positional: rest more" in result.stdout


@pytest.mark.parametrize(
    "args, message",
    [
        (["--use_ml", "true"], "unknown option --use_ml. Did you mean 'use_lm'?"),
        (["--zzzzzzzzz", "true"], "unknown option --zzzzzzzzz."),
        (["--use_lm", "yes"], "--use_lm must be true or false, not 'yes'"),
        (["--asr_args"], "option --asr_args needs a value"),
        (["--token_type", "chr"], "--token_type must be one of: bpe char; not 'chr'. Did you mean 'char'?"),
        (["--stage", "asr_trian"], "no stage is called 'asr_trian'. Did you mean 'asr_train'?"),
        (["--use_k2", "true"], "--use_k2 true: Decode with k2"),
        (["--config", "no.conf"], "--config no.conf: cannot read this file"),
    ],
)
def test_wrong_options_are_refused(script, args, message):
    result = script(*args)
    assert result.returncode == 1
    assert message in result.stderr
    assert "data:" not in result.stdout


def test_the_default_of_a_later_option_passes(script):
    assert script("--use_k2", "false").returncode == 0


def test_config_is_weaker_than_the_command_line(script):
    (script.folder / "my.conf").write_text('token_type=char\nasr_args="from $(basename file)"\n')
    assert "data: from file|true|char" in script("--config", "my.conf").stdout
    assert "data: mine|true|char" in script("--asr_args", "mine", "--config", "my.conf").stdout


def test_config_is_checked(script):
    (script.folder / "my.conf").write_text("use_lm=maybe\n")
    result = script("--config=my.conf")
    assert result.returncode == 1
    assert "use_lm in my.conf must be true or false" in result.stderr
    (script.folder / "my.conf").write_text("tokn_type=char\n")
    assert "sets tokn_type, which is no option. Did you mean 'token_type'?" in script("--config=my.conf").stderr


def test_help_is_made_from_the_declarations(script):
    result = script("--help")
    assert result.returncode == 0
    for text in ("Do a thing.", "General:", "--token_type", "one of: bpe char [bpe]", "2  asr_train", "available yet"):
        assert text in result.stdout


@pytest.mark.parametrize("command", ["false", "false | cat", "x=$(false)", "(exit 3)", "false || false"])
def test_a_failing_command_stops_the_script(script, command):
    result = script(train=command)
    assert result.returncode != 0
    assert "trained" not in result.stdout and "decoded" not in result.stdout
    assert "Stage 2 (asr_train) failed with" in result.stderr and "--stage 2" in result.stderr


def test_run_args_repeat_the_command(script):
    result = script("--asr_args", "--a 'x y' $HOME", train='echo "args: ${run_args}"')
    line = re.search("args: (.*)", result.stdout)[1]
    again = subprocess.run(["bash", "-c", f"printf '%s|' {line}"], capture_output=True, text=True).stdout
    assert again == "./task.sh|--asr_args|--a 'x y' $HOME|"
