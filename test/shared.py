"""Where tests find the speech and the reference arrays that lie beside a checkout.

They are not part of the repository (licences, size): a test that needs them is skipped, with the reason, where they are absent.
"""
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the development data folder {SHARED} is absent")
