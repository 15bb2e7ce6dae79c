"""The discriminators of StyleMelGAN: random windows of the bands of a waveform.

Mustafa et al., "StyleMelGAN", 2021, https://arxiv.org/abs/2011.01557, section 3.2.
"""

# Shapes: B batch, N samples
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from espnet2.config.registry import construct
from espnet2.gan_tts.losses import Verdicts
from espnet2.gan_tts.melgan.discriminators import MelGANDiscriminator
from espnet2.gan_tts.melgan.generator import initialize
from espnet2.gan_tts.melgan.pqmf import PQMF
from espnet2.layers.weight_norm import add_weight_norm
from espnet2.utils.errors import InputError

WINDOWS = (512, 1024, 2048, 4096)
BANDS = ((1, None, None, None), (2, 62, 0.267, 9.0), (4, 62, 0.142, 9.0), (8, 62, 0.07949, 9.0))
DISCRIMINATOR = {"max_downsample_channels": 512, "downsample_scales": (4, 4, 4, 1)}


class StyleMelGANDiscriminator(torch.nn.Module):
    """One ``MelGANDiscriminator`` per number of bands, which sees a window of each waveform.

    Args:
        repeats: How often windows are drawn.
        window_sizes: Samples of the windows, before they are split into bands.
        pqmf_params: Number of bands, taps, cutoff and beta of the ``PQMF`` of each; 1 for the waveform itself.
        discriminator_params: Arguments of each discriminator but ``in_channels``.
        use_weight_norm: Normalise the weights of all convolutions.

    Raises:
        InputError: If windows and banks differ in number, or a window is not a multiple of its bands.
    """

    def __init__(
        self,
        repeats: int = 2,
        window_sizes: Sequence[int] = WINDOWS,
        pqmf_params: Sequence[Sequence[Any]] = BANDS,
        discriminator_params: Mapping[str, Any] = DISCRIMINATOR,
        use_weight_norm: bool = True,
    ) -> None:
        super().__init__()
        bands = [int(params[0]) for params in pqmf_params]
        if len(window_sizes) != len(bands) or any(size % count for size, count in zip(window_sizes, bands)):
            raise InputError(
                f"discriminator_params: window_sizes {list(window_sizes)} must be as many as pqmf_params, and multiples of the "
                f"numbers of bands {bands}"
            )
        conf = {name: value for name, value in discriminator_params.items() if name != "in_channels"}
        self.repeats = repeats
        self.window_sizes = list(window_sizes)
        self.pqmfs = torch.nn.ModuleList(
            PQMF(*params) if count > 1 else torch.nn.Identity() for params, count in zip(pqmf_params, bands)
        )
        self.discriminators = torch.nn.ModuleList(
            construct(MelGANDiscriminator, conf, "discriminator_params", in_channels=count) for count in bands
        )
        initialize(self)
        if use_weight_norm:
            add_weight_norm(self)

    def forward(self, x: Tensor) -> Verdicts:
        """Judge.

        Raises:
            InputError: If the waveforms are shorter than a window.

        Shapes:
            x (B, 1, N)
        """
        return [verdict for _ in range(self.repeats) for verdict in self._judge(x)]

    def _judge(self, x: Tensor) -> Verdicts:
        if x.size(2) < max(self.window_sizes):
            raise InputError(
                f"discriminator_params: window_sizes {self.window_sizes} are longer than the {x.size(2)} samples of a segment"
            )
        verdicts: list[list[Tensor]] = []
        for size, bank, discriminator in zip(self.window_sizes, self.pqmfs, self.discriminators):
            start = int(torch.randint(x.size(2) - size + 1, ()))
            window = x[..., start : start + size]
            verdicts += discriminator(bank.analysis(window) if isinstance(bank, PQMF) else window)
        return verdicts
