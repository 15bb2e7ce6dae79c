"""All random number generators at once."""

import random


def set_all_random_seed(seed: int) -> None:
    """Seed python's, numpy's and torch's generators."""
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.random.manual_seed(seed)
