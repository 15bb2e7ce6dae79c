"""Several front ends side by side, brought to one frame rate and one width.

Berrebbi et al., "Combining Spectral and Self-Supervised Features for Low Resource Speech Recognition and Translation", 2022,
https://arxiv.org/abs/2204.02470, section 2.2 (linear projection).
"""

# Shapes: B batch, N samples, C channels, T frames, F features, P projected features, E front ends
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from espnet2.asr.abs_frontend import AbsFrontend
from espnet2.asr.frontend.default import DefaultFrontend
from espnet2.config.registry import construct
from espnet2.layers.mask import make_pad_mask
from espnet2.utils.errors import InputError
from espnet2.utils.types import parse_size


class FusedFrontends(AbsFrontend):
    """Features of several front ends, each projected, side by side.

    A front end whose frames are f times as far apart as the greatest common divisor of all hops is projected to f times
    the width, and each of its frames then is split into f.

    Args:
        frontends: For each front end its options and ``frontend_type``, which must be ``default``.
        align_method: Must be ``linear_projection``.
        proj_dim: Features P of each front end after the projection.
        fs: Sample rate, such as 16000 or "16k".

    Raises:
        InputError: If a front end or the method of alignment is not supported.
    """

    def __init__(
        self,
        frontends: Sequence[Mapping[str, Any]],
        align_method: str = "linear_projection",
        proj_dim: int = 100,
        fs: int | str = 16000,
    ) -> None:
        super().__init__()
        if align_method != "linear_projection":
            raise InputError(f"frontend_conf: align_method must be linear_projection, not {align_method}")
        if not frontends:
            raise InputError("frontend_conf: frontends is empty; a fused front end needs one at least")
        self.sample_rate = parse_size(fs)
        built = [_build(number, conf, self.sample_rate) for number, conf in enumerate(frontends)]
        common_hop = math.gcd(*(frontend.hop_length for frontend in built))
        self.factors = [frontend.hop_length // common_hop for frontend in built]
        self.proj_dim = proj_dim
        self.frontends = torch.nn.ModuleList(built)
        self.projection_layers = torch.nn.ModuleList(
            torch.nn.Linear(frontend.output_size(), factor * proj_dim) for frontend, factor in zip(built, self.factors)
        )

    def output_size(self) -> int:
        """Number of features E * P."""
        return len(self.frontends) * self.proj_dim

    def forward(self, input: Tensor, input_lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Extract, project, join; the shortest sequence of frames decides.

        Shapes:
            input (B, N) or (B, N, C), input_lengths (B,) -> (B, T, E * P), (B,)
        """
        parts, lengths = [], []
        for frontend, projection, factor in zip(self.frontends, self.projection_layers, self.factors):
            with torch.no_grad():
                feats, num_frames = frontend(input, input_lengths)
            parts.append(projection(feats).reshape(len(feats), -1, self.proj_dim))  # (B, T * factor, P)
            lengths.append(num_frames * factor)
        shortest = min(part.size(1) for part in parts)
        joined = torch.cat([part[:, :shortest] for part in parts], -1)
        olens = torch.stack(lengths).amin(0)
        return joined.masked_fill(make_pad_mask(olens, shortest).unsqueeze(-1), 0.0), olens


def _build(number: int, conf: Mapping[str, Any], sample_rate: int) -> DefaultFrontend:
    where = f"frontend_conf: frontends[{number}]"
    options = {"fs": sample_rate, **conf}
    kind = options.pop("frontend_type", None)
    if kind == "s3prl":
        raise InputError(
            f"{where}: s3prl is not supported: this toolkit does not have it; fuse default front ends only"
        )
    if kind != "default":
        raise InputError(f"{where}: frontend_type must be default, not {kind}")
    frontend = construct(DefaultFrontend, options, where)
    if frontend.sample_rate != sample_rate:
        raise InputError(f"{where}: fs is {frontend.sample_rate}, but that of the fused front end is {sample_rate}")
    return frontend
