"""The posterior of the latent frames given the spectrogram.

Kim et al., "VITS", 2021, https://arxiv.org/abs/2106.06103, section 2.1.3 and appendix B.
"""

# Shapes: B batch, F features, C channels, T frames, G conditions
import torch
from torch import Tensor

from espnet2.gan_tts.vits.wavenet import WaveNet
from espnet2.layers.mask import make_pad_mask


class PosteriorEncoder(torch.nn.Module):
    """A spectrogram to mean and log deviation of each latent frame, and a sample.

    Args:
        in_channels: Features F.
        out_channels: Latent channels.
        hidden_channels: Channels of the WaveNet.
        kernel_size: Its taps.
        layers: Its layers.
        stacks: Its groups of layers.
        base_dilation: Its dilations are powers of this.
        global_channels: Size G of a condition of the whole utterance; 0 or less for none.
        dropout_rate: Its dropout.
        use_weight_norm: Normalise its weights.
    """

    def __init__(
        self,
        in_channels: int = 513,
        out_channels: int = 192,
        hidden_channels: int = 192,
        kernel_size: int = 5,
        layers: int = 16,
        stacks: int = 1,
        base_dilation: int = 1,
        global_channels: int = -1,
        dropout_rate: float = 0.0,
        use_weight_norm: bool = True,
    ) -> None:
        super().__init__()
        self.input_conv = torch.nn.Conv1d(in_channels, hidden_channels, 1)
        self.encoder = WaveNet(
            hidden_channels, kernel_size, layers, stacks, base_dilation, global_channels, dropout_rate, use_weight_norm
        )
        self.proj = torch.nn.Conv1d(hidden_channels, 2 * out_channels, 1)

    def forward(self, x: Tensor, x_lengths: Tensor, g: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """A sample, mean, log deviation, and a mask that is 1 on valid frames.

        Shapes:
            x (B, F, T), x_lengths (B,), g (B, G, 1) -> (B, C, T), (B, C, T), (B, C, T), (B, 1, T)
        """
        x_mask = (~make_pad_mask(x_lengths, x.size(2))).unsqueeze(1).to(x)
        x = self.encoder(self.input_conv(x) * x_mask, x_mask, g)
        mean, log_deviation = (self.proj(x) * x_mask).chunk(2, dim=1)
        z = (mean + torch.randn_like(mean) * log_deviation.exp()) * x_mask
        return z, mean, log_deviation, x_mask
