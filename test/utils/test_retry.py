"""utils/retry.pl."""

import pytest

FAIL_TWICE = "echo x >> tries; [ $(wc -l < tries) -gt 2 ]"


@pytest.mark.parametrize(
    "options, code, tries",
    [([], 1, 2), (["--num-tries", "3"], 0, 3), (["--num-tries=5"], 0, 3), (["--num-tries", "1"], 1, 1)],
)
def test_tries(box, options, code, tries):
    box.program("runner", FAIL_TWICE)
    box.run("retry.pl", *options, "runner", "--mem", "2G", "x.log", "y", code=code)
    assert len(box.read("tries").split()) == tries


def test_arguments_pass(box):
    box.program("runner", 'printf "%s|" "$@"')
    assert box.run("retry.pl", "runner", "--num-tries", "3", "a b", "JOB=1:2").stdout == "--num-tries|3|a b|JOB=1:2|"


def test_refusals(box):
    assert "cannot run no-such-runner" in box.run("retry.pl", "no-such-runner", "x", code=1).stderr
    assert "expected a number above 0" in box.run("retry.pl", "--num-tries", "0", "a", "b", code=1).stderr
