"""The reference arrays of one small recogniser, and that recogniser itself."""

from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from test.shared import SHARED


def arrays(case: str, name: str) -> dict[str, torch.Tensor]:
    """All arrays of a file of the case."""
    with np.load(SHARED / "parity" / case / name) as file:
        return {key: torch.from_numpy(file[key]) for key in file.files}


def state_dict(case: str) -> dict[str, torch.Tensor]:
    """The checkpoint of the case."""
    return torch.load(SHARED / "parity" / case / "model.pth", weights_only=True)


@cache
def load(case: str, folder: Path) -> SimpleNamespace:
    """Build the recogniser in evaluation mode, and read its batch and the reference's outputs."""
    from espnet2.tasks.asr import ASRTask

    parity = SHARED / "parity"
    config = folder / f"{case}.yaml"
    config.write_text((parity / case / "config.yaml").read_text().replace("PARITY", str(parity)))
    model, _ = ASRTask.build_model_from_file(str(config), str(parity / case / "model.pth"), "cpu")
    return SimpleNamespace(model=model.eval(), batch=arrays(case, "input.npz"), expected=arrays(case, "output.npz"))
