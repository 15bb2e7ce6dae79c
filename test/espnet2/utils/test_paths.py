"""Ids of utterances as file names."""

import numpy as np
import pytest

from espnet2.fileio.npy_scp import NpyScpWriter
from espnet2.fileio.sound_scp import SoundScpWriter
from espnet2.utils.errors import InputError
from espnet2.utils.paths import path_below


def test_slashes_make_folders(tmp_path):
    assert path_below(tmp_path, "spk1/utt.1") == tmp_path / "spk1" / "utt.1"


@pytest.mark.parametrize("name", ["../up", "a/../../up", "/etc/passwd"])
def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    with pytest.raises(InputError, match="cannot be a file below"):
        path_below(tmp_path, name)


def test_writers_stay_in_their_folder(tmp_path):
    with NpyScpWriter(tmp_path / "npy", tmp_path / "npy.scp") as writer, pytest.raises(InputError):
        writer["../up"] = np.zeros(3)
    with SoundScpWriter(tmp_path / "wav", tmp_path / "wav.scp") as sounds, pytest.raises(InputError):
        sounds["../up"] = 8000, np.zeros(3)
    assert not list(tmp_path.glob("up*"))
