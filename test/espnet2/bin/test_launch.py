import os
import subprocess
import sys
from pathlib import Path

import pytest

from espnet2.bin.launch import get_parser, main

RUN_PL = str(Path(__file__).parents[3] / "utils" / "run.pl")


def test_a_training_that_fails_shows_the_reason_once(tmp_path, capfd):
    log = tmp_path / "train.log"
    (tmp_path / "train.sh").write_text("echo ERROR: what went wrong; exit 3")
    with pytest.raises(SystemExit) as stop:
        main(["--cmd", RUN_PL, "--log", str(log), "--ngpu", "0", "--", "sh", str(tmp_path / "train.sh")])
    assert stop.value.code == 1, "run.pl's own"
    assert capfd.readouterr().err.count("what went wrong") == 1
    main(["--cmd", RUN_PL, "--log", str(log), "--ngpu", "0", "--", "echo", "done"])
    assert "\ndone --ngpu 0 --multiprocessing_distributed True\n" in log.read_text()
    assert "ERROR: what went wrong" in (tmp_path / "train.1.log").read_text()


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
