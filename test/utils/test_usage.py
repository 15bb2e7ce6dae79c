"""Every tool tells its usage: on request with code 0, on bad usage on stderr with code 1, having touched nothing."""

import os
from pathlib import Path

import pytest

UTILS = Path(__file__).parents[2] / "utils"
ANY_NUMBER = ["combine_data.sh", "filter_scps.pl", "retry.pl", "run.pl", "split_scp.pl", "stdout.pl"]  # of arguments
CLUSTER = ["pbs.pl", "queue.pl", "slurm.pl", "ssh.pl"]
LISTS = ["apply_map.pl", "filter_scp.pl", "int2sym.pl", "shuffle_list.pl", "sym2int.pl", "validate_text.pl"]
SPEAKERS = ["spk2utt_to_utt2spk.pl", "utt2spk_to_spk2utt.pl"]
FOLDERS = ["copy_data_dir.sh", "fix_data_dir.sh", "perturb_data_dir_speed.sh", "split_data.sh", "subset_data_dir.sh"]
FOLDERS += ["subset_data_dir_tr_cv.sh", "validate_data_dir.sh"]
DATA = ["data/get_segments_for_data.sh", "data/get_utt2dur.sh", "data/remove_dup_utts.sh"]
FIXED_NUMBER = ["free-gpu.sh", *LISTS, *SPEAKERS, *FOLDERS, *DATA]
ALL = ANY_NUMBER + CLUSTER + FIXED_NUMBER


@pytest.mark.parametrize("name", ALL)
def test_help(box, name):
    result = box.run(name, "--help")
    assert "Usage: " in result.stdout + result.stderr
    assert os.access(UTILS / name, os.X_OK)


@pytest.mark.parametrize("name, args", [(name, []) for name in ANY_NUMBER + CLUSTER] + [(name, list("abcdef")) for name in FIXED_NUMBER])
def test_bad_usage(box, name, args):
    assert "Usage: " in box.run(name, *args, code=1).stderr
    assert box.snapshot() == {}


@pytest.mark.parametrize("name", FIXED_NUMBER)
def test_unknown_options_are_refused(box, name):
    result = box.run(name, "--no-such-option", "1", "2", code=1)
    assert "Usage: " in result.stderr or "invalid option --no-such-option" in result.stderr
