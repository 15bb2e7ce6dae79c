"""utils/queue.pl, slurm.pl and pbs.pl against false schedulers that really run what is submitted."""

import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

UTILS = Path(__file__).parents[2] / "utils"
CONF = UTILS.parent / "egs2/TEMPLATE/asr1/conf"

# Runs the script in the background for every number of the array, as the scheduler would: elsewhere, with a bare environment.
SUBMIT = """
printf '%s\\n' "$@" > submitted
script=${*: -1} range="" output="" previous=""
for word in "$@"; do
    case $previous in
        -t | -J | --array) range=$word ;;
        -o | --output) output=$word ;;
    esac
    previous=$word
done
first=1 last=1 undefined=undefined
if [ -n "$range" ]; then
    first=${range%%-*} last=${range#*-} last=${last%%%*} undefined=""
fi
(
    cd /
    for ((i = first; i <= last; i++)); do
        env -i PATH="$PATH" INDEX=${undefined:-$i} bash "$script" >> "$output" 2>&1
    done
) < /dev/null > /dev/null 2>&1 &
echo $! > pid
"""
RUNNERS = {
    "queue.pl": ("qsub", "SGE_TASK_ID", "echo 'Your job-array 17.1-3:1 (\"x\") has been submitted'", "qdel"),
    "slurm.pl": ("sbatch", "SLURM_ARRAY_TASK_ID", "echo 'Submitted batch job 17'", "scancel"),
    "pbs.pl": ("qsub", "PBS_ARRAY_INDEX", "echo '17[].server'", "qdel"),
}


@pytest.fixture(params=RUNNERS)
def cluster(box, request):
    submit, index, answer, cancel = RUNNERS[request.param]
    box.program(submit, SUBMIT.replace("INDEX", index) + answer)
    box.program(cancel, 'echo "$@" > cancelled; kill $(cat pid)')
    for conf in CONF.glob("*.conf"):
        box.write(f"conf/{conf.name}", conf.read_bytes())
    box.write("path.sh", "export FROM_PATH=sourced")
    box.runner = request.param
    return box


def submitted(box):
    return box.read("submitted").split("\n")[:-1]


def test_an_array_runs_with_its_numbers(cluster):
    cluster.run(cluster.runner, "JOB=2:4", "exp/log/x y.JOB.log", "echo", "aJOBb", "'JOB'", "$FROM_PATH", "a  b")
    for n in (2, 3, 4):
        lines = cluster.read(f"exp/log/x y.{n}.log").splitlines()
        assert lines[0].startswith("# Running on ") and lines[1].startswith("# Started at ")
        assert lines[2] == f"# echo a{n}b '{n}' $FROM_PATH \"a  b\""
        assert lines[4] == f"a{n}b {n} sourced a  b"
        assert re.fullmatch(r"# Accounting: time=\d+ threads=1", lines[-2])
        assert re.fullmatch(r"# Finished at .* with status 0", lines[-1])
    assert {path.name for path in (cluster.folder / "exp/q").iterdir()} == {"x y.sh", "x y.log"}


def test_a_single_job_is_no_array(cluster):
    cluster.run(cluster.runner, "--num-threads", 4, "--max-jobs-run", 3, "x.log", "echo", "hi")
    assert "\nhi\n" in cluster.read("x.log") and "threads=4\n" in cluster.read("x.log")
    assert not {"-t", "-J", "--array", "-tc"} & set(submitted(cluster))
    cluster.run(cluster.runner, "JOB=3", "x.JOB.log", "echo", "JOB")
    assert "\n3\n" in cluster.read("x.3.log")


def test_failures(cluster):
    result = cluster.run(cluster.runner, "JOB=1:3", "log/x.JOB.log", "echo", "job", "JOB;", "exit", "$((JOB-1))", code=1)
    assert f"{cluster.runner}: 2 / 3 failed, log is in log/x.*.log" in result.stderr
    assert "the end of log/x.2.log (exit code 1):" in result.stderr and "  | job 2\n" in result.stderr


def test_a_broken_path_sh_is_a_failure(cluster):
    cluster.write("path.sh", "echo no python >&2; return 1")
    assert "  | no python\n" in cluster.run(cluster.runner, "x.log", "echo", "hi", code=1).stderr


def test_options_become_those_of_the_scheduler(cluster):
    options = ["--mem", "2G", "--gpu", 2, "--name", "a b", "--max-jobs-run", 4, "-p", "mine"]
    cluster.run(cluster.runner, *options, "JOB=1:2", "x.JOB.log", "true")
    words = submitted(cluster)[:-1]
    log = f"{cluster.folder}/q/x.log"
    expected = {
        "queue.pl": "-v PATH -cwd -S /bin/bash -j y -l arch=*64* -l gpu=2 -q g.q -tc 4 -l mem_free=2G,ram_free=2G -N|a b|"
        "-p mine -o LOG -t 1-2",
        "slurm.pl": "--export=PATH -p gpu --gres=gpu:2 -c 2 --mem-per-cpu 2G --job-name|a b|"
        "-p mine --open-mode append --output LOG --array 1-2%4",
        "pbs.pl": "-V -v PATH -S /bin/bash -l ngpus=2 -l mem=2G -N|a b|-p mine -j oe -o LOG -J 1-2%4",
    }[cluster.runner]
    parts = [part.split() if i != 1 else [part] for i, part in enumerate(expected.split("|"))]
    assert words == [log if word == "LOG" else word for part in parts for word in part]


def test_conf_grammar(cluster):
    program = submitted_program(cluster)
    cluster.write("my.conf", f"""# comment
command {program} --always   # comment
option mem=* --mem $0,again=$0
option mem=0
option mem=big --huge
option kind=* --kind $0
default kind=plain
""")  # fmt: skip
    for options, expected in [
        ([], "--kind plain"),
        (["--mem", "0", "--kind", "x"], "--kind x"),
        (["--mem", "big"], "--kind plain --huge"),
        (["--mem", "3"], "--kind plain --mem 3,again=3"),
    ]:
        cluster.run(cluster.runner, "--config", "my.conf", *options, "x.log", "true")
        assert " ".join(submitted(cluster)).startswith(f"--always {expected} ")


def submitted_program(cluster):
    return RUNNERS[cluster.runner][0]


@pytest.mark.parametrize(
    "conf, message",
    [
        ("command x\noption mem=* $0\n", "option --meem is not in my.conf. Did you mean 'mem'?"),
        ("option meem=* $0\n", "my.conf: has no line 'command ...'"),
        ("command x\nopton mem=* $0\n", "my.conf:2: expected 'command ...'"),
        ("command x\noption meem=1 a\n", "my.conf has no 'option meem=...' for the value 2"),
        ("command false\noption meem=* $0\n", "submission failed: false 2"),
    ],
)
def test_wrong_confs_are_refused(cluster, conf, message):
    cluster.write("my.conf", conf)
    assert message in cluster.run(cluster.runner, "--config", "my.conf", "--meem", "2", "x.log", "true", code=1).stderr


def test_a_missing_conf_is_named(cluster):
    shutil.rmtree(cluster.folder / "conf")
    assert "copy one from egs2/TEMPLATE/asr1/conf" in cluster.run(cluster.runner, "x.log", "true", code=1).stderr


def test_stopping_the_runner_cancels_the_job(cluster):
    runner = subprocess.Popen(
        [UTILS / cluster.runner, "x.log", "sleep", "3"], cwd=cluster.folder, env=cluster.env, stderr=subprocess.PIPE, text=True
    )
    while "Started" not in ((cluster.folder / "x.log").exists() and cluster.read("x.log") or ""):
        time.sleep(0.02)
    runner.send_signal(signal.SIGTERM)
    assert "cancelling job 17" in runner.communicate(timeout=60)[1]
    assert runner.returncode == -signal.SIGTERM
    assert cluster.read("cancelled").startswith("17")


def test_a_job_lost_by_the_scheduler_is_a_failure(box):
    """A node dies: no done file comes, and the queue no longer has the job."""
    box.program("sbatch", "echo Submitted batch job 17")
    box.program("squeue", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1")
    box.write("conf/slurm.conf", "command sbatch\n")
    program = '$ClusterJobs::CHECK_SECONDS = 0.1; $0 = shift; do $0; die $@ if $@'
    result = subprocess.run(
        ["perl", "-I", UTILS / "lib", "-MClusterJobs", "-e", program, UTILS / "slurm.pl", "JOB=1:2", "x.JOB.log", "true"],
        cwd=box.folder, env=box.env, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert result.returncode == 1
    assert "left the queue without an end" in result.stderr and "2 / 2 failed" in result.stderr
