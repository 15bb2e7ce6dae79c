"""Where networks of Hugging Face come from."""
import logging
import sys

import pytest

from espnet2.fileio.hugging_face import from_pretrained, transformers
from espnet2.utils.errors import InputError


def test_without_the_package_the_command_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"pip install \"espnet2-surface-toolkit\[transformers\]\""):
        transformers()


class Reader:
    calls: list = []

    @classmethod
    def from_pretrained(cls, name, local_files_only=False):
        cls.calls.append(local_files_only)
        raise OSError("not there")


def test_this_machine_is_asked_first_and_what_is_nowhere_is_told(monkeypatch, caplog, tmp_path):
    package = pytest.importorskip("transformers", reason="its readers are replaced")
    monkeypatch.setattr(package, "AutoConfig", Reader)
    with caplog.at_level(logging.WARNING), pytest.raises(InputError, match="Bring its folder"):
        from_pretrained("AutoConfig", "somebody/something")
    assert Reader.calls == [True, False]
    assert "trying to download it" in caplog.text
    with pytest.raises(InputError, match="cannot be read as AutoConfig"):
        from_pretrained("AutoConfig", str(tmp_path))
    assert Reader.calls == [True, False, True]
