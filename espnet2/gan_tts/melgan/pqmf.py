"""A bank of filters that splits a waveform into bands of a lower rate, and puts them together again.

Nguyen, "Near-perfect-reconstruction pseudo-QMF banks", 1994, https://doi.org/10.1109/78.258122; the prototype is a Kaiser window times
a sinc, Lin & Vaidyanathan, "A Kaiser window approach for the design of prototype filters of cosine modulated filterbanks", 1998,
https://doi.org/10.1109/97.681427. Vocoders of several bands: Yang et al., "Multi-band MelGAN", 2020,
https://arxiv.org/abs/2005.05106, section 2.2.
"""

# Shapes: B batch, K bands, N samples
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.utils.errors import InputError


class PQMF(torch.nn.Module):
    """Analysis and synthesis of bands, nearly without loss.

    Args:
        subbands: Bands K.
        taps: Taps of the filters but one (even).
        cutoff_ratio: Where the prototype ends, as a share of half the sample rate.
        beta: Shape of the Kaiser window.

    Raises:
        InputError: If the number of taps is odd, or the cutoff is beyond half the sample rate.
    """

    analysis_filter: Tensor
    synthesis_filter: Tensor

    def __init__(self, subbands: int = 4, taps: int = 62, cutoff_ratio: float = 0.142, beta: float = 9.0) -> None:
        super().__init__()
        if taps % 2 or not 0 < cutoff_ratio < 1:
            raise InputError(f"pqmf_params: taps {taps} must be even, cutoff_ratio {cutoff_ratio} between 0 and 1")
        self.options = {"subbands": subbands, "taps": taps, "cutoff_ratio": cutoff_ratio, "beta": beta}
        self.subbands = subbands
        self.padding = taps // 2
        time = torch.arange(taps + 1, dtype=torch.float64) - taps / 2
        window = torch.kaiser_window(taps + 1, periodic=False, beta=beta, dtype=torch.float64)
        prototype = cutoff_ratio * torch.sinc(cutoff_ratio * time) * window
        band = torch.arange(subbands, dtype=torch.float64).unsqueeze(1)
        carrier = (2 * band + 1) * torch.pi / (2 * subbands) * time
        phase = (-1) ** band * torch.pi / 4
        analysis_filter = 2 * prototype * (carrier + phase).cos()
        synthesis_filter = 2 * prototype * (carrier - phase).cos()
        self.register_buffer("analysis_filter", analysis_filter.float().unsqueeze(1), persistent=False)
        self.register_buffer("synthesis_filter", synthesis_filter.float().unsqueeze(0), persistent=False)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        """Nothing is learned here. Files of other toolkits have the filters, which the options tell as well."""
        for name in ("analysis_filter", "synthesis_filter", "updown_filter"):
            state_dict.pop(prefix + name, None)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def analysis(self, x: Tensor) -> Tensor:
        """The bands of a waveform.

        Shapes:
            x (B, 1, N) -> (B, K, N // K)
        """
        bands = F.conv1d(x, self.analysis_filter, stride=self.subbands, padding=self.padding)
        return bands[..., : x.size(2) // self.subbands]

    def synthesis(self, x: Tensor) -> Tensor:
        """The waveform of bands.

        Shapes:
            x (B, K, N) -> (B, 1, N * K)
        """
        filters = self.subbands * self.synthesis_filter.flip(-1).transpose(0, 1)
        size = self.subbands
        return F.conv_transpose1d(x, filters, stride=size, padding=self.padding, output_padding=size - 1)
