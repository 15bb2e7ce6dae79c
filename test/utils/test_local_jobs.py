"""utils/run.pl, stdout.pl and ssh.pl."""

import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

UTILS = Path(__file__).parents[2] / "utils"


def test_log_frame(box):
    box.run("run.pl", "--mem", "2G", "--gpu=0", "deep/er/x.log", "echo", "out;", "echo", "err", ">&2")
    lines = box.read("deep/er/x.log").splitlines()
    assert lines[0] == "# echo out; echo err >&2"
    assert re.fullmatch(r"# Started at \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \S+ \d{4}", lines[1])
    assert lines[2:5] == ["#", "out", "err"]
    assert re.fullmatch(r"# Accounting: time=\d+ threads=1", lines[5])
    assert re.fullmatch(r"# Ended \(code 0\) at .* \d{4}, elapsed time \d+ seconds", lines[6])


def test_the_number_takes_the_place_of_the_name_everywhere(box):
    box.run("run.pl", "N=2:4", "--max-jobs-run", 1, "l.N.log", "echo", "aNb", "N", "'N'", "|", "cat")
    assert [box.read(f"l.{n}.log").splitlines()[3] for n in (2, 3, 4)] == ["a2b 2 2", "a3b 3 3", "a4b 4 4"]
    box.run("run.pl", "JOB=3", "l.log", "echo", "JOB")
    assert "\n3\n" in box.read("l.log")


@pytest.mark.parametrize(
    "word, printed",
    [("a  b", "a  b"), ('say "x y"', 'say "x y"'), ("it's 'a b'", "it's 'a b'"), ("", ""), ("it's \"a b\"", "it's \"a b\""),
     ("$((1+1))", "2"), ("v $((1+1))", "v 2"), ("a\nb", "a\nb")],
)  # fmt: skip
def test_quoting(box, word, printed):
    box.run("run.pl", "x.log", "printf", "'<%s>'", word)
    assert f"#\n<{printed}>#" in box.read("x.log")


def test_the_first_failure_is_shown(box):
    command = ["seq", "-f", "job JOB line %g", "30;", "test", "JOB", "-lt", "3"]
    result = box.run("run.pl", "JOB=1:4", "d/x.JOB.log", *command, code=1)
    assert "run.pl: 2 / 4 failed, log is in d/x.*.log\n" in result.stderr
    assert "the end of d/x.3.log (exit code 1):" in result.stderr
    assert [line for line in result.stderr.splitlines() if "|" in line] == [f"  | job 3 line {i}" for i in range(11, 31)]
    assert all(f"job {n} line 30" in box.read(f"d/x.{n}.log") for n in (1, 2, 3, 4)), "the other jobs run to their end"


def test_errors_that_jobs_tell_are_shown_each_once(box):
    """A job's own ERROR is its reason; what other jobs say is shown where it differs."""
    box.write("job.sh", "seq 30; echo ERROR: $(($1 % 2)) is wrong; echo '  mend it'; exit 1")
    result = box.run("run.pl", "JOB=1:4", "x.JOB.log", "bash", "job.sh", "JOB", code=1)
    shown = [line for line in result.stderr.splitlines() if line.startswith("  ")]
    assert shown == [
        "  the end of x.1.log (exit code 1):", "  | ERROR: 1 is wrong", "  |   mend it",
        "  the end of x.2.log (exit code 1):", "  | ERROR: 0 is wrong", "  |   mend it",
    ]  # fmt: skip


def test_a_single_failure(box):
    result = box.run("run.pl", "x.log", "no-such-program", code=1)
    assert result.stderr.startswith("run.pl: job failed, log is in x.log\n")
    assert "no-such-program: command not found" in result.stderr
    assert "# Ended (code 127)" in box.read("x.log")


def test_a_killed_job_hints_at_memory(box):
    assert "want of memory" in box.run("run.pl", "x.log", "kill", "-9", "$$", code=1).stderr


@pytest.mark.parametrize(
    "args, message",
    [
        (["JOB=1:2", "x.log", "true"], "put JOB into its name"),
        (["JOB=0:2", "x.JOB.log", "true"], "must start at 1"),
        (["JOB=3:2", "x.JOB.log", "true"], "bad range of jobs JOB=3:2"),
        (["--max-jobs-run", "0", "x.log", "true"], "expected a number above 0"),
        (["--pick", "some", "x.log", "true"], "expected all, failed or incomplete"),
        (["/dev/null/x.log", "true"], "cannot make the folder of the log /dev/null/x.log"),
    ],
)
def test_refusals(box, args, message):
    assert message in box.run("run.pl", *args, code=1).stderr


@pytest.mark.parametrize("options, most", [(["--max-jobs-run", "2"], 2), (["-tc", "1"], 1), (["--gpu", "1"], 3), ([], 6)])
def test_jobs_at_a_time(box, options, most):
    box.program("nvidia-smi", "printf 'GPU 0: x\\nGPU 1: x\\nGPU 2: x\\n'")
    box.program("nproc", "[ -z \"${OMP_NUM_THREADS-}\" ] && echo 5")
    box.env["OMP_NUM_THREADS"] = "1"
    box.write("count.sh", "touch run.$1; (set -- run.*; echo $#); sleep 0.25; rm run.$1")
    box.run("run.pl", *options, "JOB=1:6", "x.JOB.log", "bash", "count.sh", "JOB")
    counts = [int(box.read(f"x.{n}.log").splitlines()[3]) for n in range(1, 7)]
    assert max(counts) <= most
    assert max(counts) > 1 or most == 1


def test_pick_runs_again_what_failed_or_has_no_end(box):
    command = ["JOB=1:4", "x.JOB.log", "echo", "JOB", ">>", "ran;", "test", "JOB", "-ne", "2"]
    box.run("run.pl", *command, code=1)
    (box.folder / "x.3.log").write_text("# echo\nkilled midway\n")
    (box.folder / "x.4.log").unlink()
    for pick, expected in [("failed", ["2", "3", "4"]), ("incomplete", []), ("failed", ["2"])]:
        (box.folder / "ran").write_text("")
        box.run("run.pl", "--pick", pick, *command, code=1 if "2" in expected else 0)
        assert sorted(box.read("ran").split()) == expected


def test_jobs_do_not_read_our_input(box):
    box.run("run.pl", "x.log", "cat;", "echo", "end", stdin="mine\n")
    assert "#\nend\n" in box.read("x.log")


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_stopping_the_runner_stops_the_jobs(box, sent):
    box.write("job.sh", "echo $$ > pid.$1; sleep 100 & wait")
    runner = subprocess.Popen([UTILS / "run.pl", "JOB=1:2", "x.JOB.log", "bash", "job.sh", "JOB"], cwd=box.folder)
    while not all((box.folder / f"pid.{n}").exists() and box.read(f"pid.{n}") for n in (1, 2)):
        time.sleep(0.02)
    runner.send_signal(sent)
    assert runner.wait(timeout=60) == -sent
    for n in (1, 2):
        stat = Path(f"/proc/{box.read(f'pid.{n}').strip()}/stat")
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and stat.exists() and stat.read_text().split()[2] != "Z":
            time.sleep(0.02)
        assert time.monotonic() < deadline
        assert "# Ended (code" in box.read(f"x.{n}.log")


def test_stdout_shows_the_output_and_keeps_the_log(box):
    result = box.run("stdout.pl", "x.log", "echo", "hello;", "exit", "3", code=1)
    assert result.stdout == "hello\n"
    assert box.read("x.log").splitlines()[3] == "hello"
    assert "# Ended (code 3)" in box.read("x.log")


@pytest.fixture
def hosts(box):
    """Two machines behind a false ssh, which starts in another folder, as a login does."""
    box.program("ssh", "while [[ $1 == -* ]]; do shift 2; done; host=$1; shift; cd /; HOST=$host exec \"$@\"")
    box.write(".queue/machines", "# ours\none\n\ntwo\n")
    box.write("path.sh", "export FROM_PATH=sourced")
    return box


def test_ssh_spreads_jobs_over_machines(hosts):
    hosts.write("job.sh", "echo $HOST $FROM_PATH $PWD; sleep 0.3")
    hosts.run("ssh.pl", "JOB=1:4", "x.JOB.log", "bash", "job.sh", "JOB")
    lines = [hosts.read(f"x.{n}.log").splitlines()[3].split() for n in (1, 2, 3, 4)]
    assert {line[0] for line in lines} == {"one", "two"}
    assert all(line[1:] == ["sourced", str(hosts.folder)] for line in lines)


def test_ssh_failures(hosts):
    assert "job failed, log is in x.log" in hosts.run("ssh.pl", "x.log", "false", code=1).stderr
    hosts.write(".queue/machines", "\n")
    assert ".queue/machines names no machine" in hosts.run("ssh.pl", "x.log", "true", code=1).stderr
    (hosts.folder / ".queue/machines").unlink()
    assert "cannot read .queue/machines" in hosts.run("ssh.pl", "x.log", "true", code=1).stderr
