import os
import subprocess
import sys
from pathlib import Path

import pytest

from espnet2.bin.launch import get_parser, main

RUNNER = '#!/bin/sh\nshift 2; log=$1; shift; "$@" > "$log" 2>&1\n'


@pytest.fixture
def runner(tmp_path):
    path = tmp_path / "run.pl"
    path.write_text(RUNNER)
    path.chmod(0o755)
    return str(path)


def test_a_training_that_fails_shows_its_log_and_its_code(tmp_path, runner, capsys):
    log = tmp_path / "train.log"
    train = ["sh", "-c", "echo what went wrong; exit 3"]
    with pytest.raises(SystemExit) as stop:
        main(["--cmd", runner, "--log", str(log), "--ngpu", "0", "--", *train])
    assert stop.value.code == 3
    assert "what went wrong" in capsys.readouterr().err
    main(["--cmd", runner, "--log", str(log), "--ngpu", "0", "--", "echo", "done"])
    assert log.read_text() == "done --ngpu 0 --multiprocessing_distributed True\n"
    assert (tmp_path / "train.1.log").read_text() == "what went wrong\n"


def test_hosts_and_nodes_exclude_each_other(capsys):
    with pytest.raises(SystemExit):
        get_parser().parse_args(["--host", "h", "--num_nodes", "2", "--", "x"])


def test_as_a_door(tmp_path):
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-m", "espnet2.bin.launch", "--cmd", "run.pl", "--num_nodes", "2", "--", "x"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert "ERROR: run.pl runs on one machine" in done.stderr
    assert "Traceback" not in done.stderr
