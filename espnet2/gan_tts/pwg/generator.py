"""The generator of Parallel WaveGAN: noise and features to a waveform, by a WaveNet that makes all samples at once.

Yamamoto et al., "Parallel WaveGAN", 2020, https://arxiv.org/abs/1910.11480, section 2.1.
"""

# Shapes: B batch, C noise channels, F features, T frames, S signals, N = T * upsample_factor samples
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.config.registry import ClassChoices
from espnet2.gan_tts.abs_generator import AbsGenerator
from espnet2.gan_tts.pwg.residual import initialize, residual_blocks, run_blocks
from espnet2.gan_tts.segments import random_segments
from espnet2.layers.weight_norm import add_weight_norm
from espnet2.utils.errors import InputError

CONV_IN = "ConvInUpsampleNetwork"
upsample_choices = ClassChoices(
    "upsample_net",
    {
        CONV_IN: "espnet2.gan_tts.pwg.upsample:ConvInUpsampleNetwork",
        "UpsampleNetwork": "espnet2.gan_tts.pwg.upsample:UpsampleNetwork",
        "MelGANGenerator": "espnet2.gan_tts.melgan.generator:MelGANGenerator",
    },
    default=CONV_IN,
)


class ParallelWaveGANGenerator(AbsGenerator):
    """A WaveNet from noise to a waveform, whose gates hear features.

    Args:
        in_channels: Channels C of the noise.
        out_channels: Signals S; more than one are bands of a waveform.
        kernel_size: Taps of the dilated convolutions (odd).
        layers: Number of blocks.
        stacks: Groups of blocks; dilations begin anew in each.
        residual_channels: Channels that go from block to block.
        gate_channels: Channels of the dilated convolutions; half of them are gates.
        skip_channels: Channels that are skipped to the end.
        aux_channels: Features F.
        aux_context_window: Frames on each side that are seen before stretching; only of ``ConvInUpsampleNetwork``.
        dropout: Dropout on the input of each block.
        bias: Have biases.
        use_weight_norm: Normalise the weights of all convolutions.
        upsample_net: How features are stretched: a key of ``upsample_choices``.
        upsample_params: Its arguments.

    Raises:
        InputError: If sizes do not fit.
    """

    features_argument = "aux_channels"

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 1,
        kernel_size: int = 3,
        layers: int = 30,
        stacks: int = 3,
        residual_channels: int = 64,
        gate_channels: int = 128,
        skip_channels: int = 64,
        aux_channels: int = 80,
        aux_context_window: int = 2,
        dropout: float = 0.0,
        bias: bool = True,
        use_weight_norm: bool = True,
        upsample_net: str = CONV_IN,
        upsample_params: Mapping[str, Any] = {"upsample_scales": [4, 4, 4, 4]},  # noqa: B006
    ) -> None:
        upsampling = _upsampling(upsample_net, upsample_params, aux_channels, aux_context_window)
        super().__init__(aux_channels, out_channels, upsampling.upsample_factor)
        self.in_channels = in_channels
        self.context_frames = aux_context_window
        self.first_conv = torch.nn.Conv1d(in_channels, residual_channels, 1)
        self.upsample_net = upsampling
        self.conv_layers = residual_blocks(
            layers, stacks, kernel_size, residual_channels, gate_channels, skip_channels, aux_channels, dropout, bias
        )
        self.last_conv_layers = torch.nn.Sequential(
            torch.nn.ReLU(),
            torch.nn.Conv1d(skip_channels, skip_channels, 1),
            torch.nn.ReLU(),
            torch.nn.Conv1d(skip_channels, out_channels, 1),
        )
        for part in (self.first_conv, self.conv_layers, self.last_conv_layers):
            initialize(part)
        if use_weight_norm:
            add_weight_norm(self)

    def forward(self, c: Tensor, z: Tensor | None = None) -> Tensor:
        """Generate. The first and the last frame are taken for what is beyond them.

        Args:
            c: Features.
            z: Noise; drawn if None.

        Shapes:
            c (B, F, T), z (B, C, N) -> (B, S, N)
        """
        return self.piece(F.pad(c, (self.context_frames, self.context_frames), "replicate"), z)

    def piece(self, c: Tensor, z: Tensor | None = None) -> Tensor:
        """Generate a piece of which the frames around it are known.

        Args:
            c: Features.
            z: Noise; drawn if None.

        Shapes:
            c (B, F, T + 2 context_frames), z (B, C, N) -> (B, S, N)
        """
        c = self.upsample_net(c)
        if z is None:
            z = torch.randn(len(c), self.in_channels, c.size(2), dtype=c.dtype, device=c.device)
        return self.joined(self.last_conv_layers(run_blocks(self.conv_layers, self.first_conv(z), c)))

    def random_piece(self, c: Tensor, lengths: Tensor, segment_size: int) -> tuple[Tensor, Tensor]:
        """As of every generator; the frames around are heard.

        Shapes:
            c (B, F, T), lengths (B,) -> (B, 1, N), (B,)
        """
        segment, starts = random_segments(c, lengths, segment_size, self.context_frames)
        return self.piece(segment), starts


def _upsampling(name: str, params: Mapping[str, Any], aux_channels: int, aux_context_window: int) -> Any:
    """The network that stretches features; one that makes as many of them.

    Raises:
        InputError: If it cannot look beyond the ends, or makes another number of features.
    """
    if name == CONV_IN:
        own = {key: value for key, value in params.items() if key not in ("aux_channels", "aux_context_window")}
        return upsample_choices.build(name, own, aux_channels=aux_channels, aux_context_window=aux_context_window)
    if aux_context_window:
        raise InputError(f"generator_params: aux_context_window must be 0 with upsample_net {name}")
    if name != "MelGANGenerator":
        return upsample_choices.build(name, params)
    fixed = {"use_weight_norm": False, "use_final_nonlinear_activation": False}
    network = upsample_choices.build(name, {key: value for key, value in params.items() if key not in fixed}, **fixed)
    if (network.num_features, network.num_signals) != (aux_channels, aux_channels):
        raise InputError(
            f"upsample_params: in_channels and out_channels must be the {aux_channels} features of aux_channels"
        )
    return network
