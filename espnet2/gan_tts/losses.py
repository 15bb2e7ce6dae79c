"""What the two players minimise.

Mao et al., "Least Squares Generative Adversarial Networks", 2016, https://arxiv.org/abs/1611.04076 (``mse``);
Lim & Ye, "Geometric GAN", 2017, https://arxiv.org/abs/1705.02894 (``hinge``);
Larsen et al., "Autoencoding beyond pixels", 2015, https://arxiv.org/abs/1512.09300 (features of the discriminator);
Kong et al., "HiFi-GAN", 2020, https://arxiv.org/abs/2010.05646, section 2.4 (mel spectrogram).
"""

# Shapes: B batch, N samples
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.tts.feats_extract.spectrum import LogMelFbank
from espnet2.utils.errors import InputError

Verdicts = Sequence[Sequence[Tensor]]
# of verdicts: that the generator wants to be taken for real; that real ones be taken so; that made ones be recognised
LOSSES: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "mse": (lambda x: (x - 1).square().mean(), lambda x: (x - 1).square().mean(), lambda x: x.square().mean()),
    "hinge": (lambda x: -x.mean(), lambda x: F.relu(1 - x).mean(), lambda x: F.relu(1 + x).mean()),
}


def _losses_of(loss_type: str) -> tuple[Callable[[Tensor], Tensor], ...]:
    if loss_type not in LOSSES:
        raise InputError(f"loss_type: choose {' or '.join(LOSSES)}, not {loss_type}")
    return LOSSES[loss_type]


class GeneratorAdversarialLoss(torch.nn.Module):
    """How far discriminators are from taking what was made for real, summed over them.

    Args:
        average_by_discriminators: Take the mean instead of the sum.
        loss_type: ``mse`` or ``hinge``.
    """

    def __init__(self, average_by_discriminators: bool = True, loss_type: str = "mse") -> None:
        super().__init__()
        self.average_by_discriminators = average_by_discriminators
        self.loss = _losses_of(loss_type)[0]

    def forward(self, made: Verdicts) -> Tensor:
        """The loss, of the last output of each discriminator."""
        total = torch.stack([self.loss(outputs[-1]) for outputs in made]).sum()
        return total / len(made) if self.average_by_discriminators else total


class DiscriminatorAdversarialLoss(torch.nn.Module):
    """How far discriminators are from telling real from made, summed over them.

    Args:
        average_by_discriminators: Take the mean instead of the sum.
        loss_type: ``mse`` or ``hinge``.
    """

    def __init__(self, average_by_discriminators: bool = True, loss_type: str = "mse") -> None:
        super().__init__()
        self.average_by_discriminators = average_by_discriminators
        _, self.real_loss, self.fake_loss = _losses_of(loss_type)

    def forward(self, made: Verdicts, real: Verdicts) -> tuple[Tensor, Tensor]:
        """The losses of real and of made waveforms."""
        real_loss = torch.stack([self.real_loss(outputs[-1]) for outputs in real]).sum()
        fake_loss = torch.stack([self.fake_loss(outputs[-1]) for outputs in made]).sum()
        count = len(made) if self.average_by_discriminators else 1
        return real_loss / count, fake_loss / count


class FeatureMatchLoss(torch.nn.Module):
    """Mean difference between what layers of the discriminators see in made and in real waveforms.

    Args:
        average_by_layers: Take the mean over layers, not the sum.
        average_by_discriminators: Take the mean over discriminators, not the sum.
        include_final_outputs: Count the verdicts too.
    """

    def __init__(
        self,
        average_by_layers: bool = True,
        average_by_discriminators: bool = True,
        include_final_outputs: bool = False,
    ) -> None:
        super().__init__()
        self.average_by_layers = average_by_layers
        self.average_by_discriminators = average_by_discriminators
        self.last = None if include_final_outputs else -1

    def forward(self, made: Verdicts, real: Verdicts) -> Tensor:
        """The loss; gradients flow through what was made only."""
        totals = []
        for ours, theirs in zip(made, real, strict=True):
            pairs = zip(ours[: self.last], theirs[: self.last], strict=True)
            distances = torch.stack([F.l1_loss(our, their.detach()) for our, their in pairs])
            totals.append(distances.mean() if self.average_by_layers else distances.sum())
        return torch.stack(totals).mean() if self.average_by_discriminators else torch.stack(totals).sum()


class MelSpectrogramLoss(torch.nn.Module):
    """Mean absolute difference of log-mel spectra.

    Args:
        fs: Sample rate.
        n_fft: Size of the transform, in samples.
        hop_length: Samples between frames.
        win_length: Length of the window; ``n_fft`` when None.
        window: Name of a torch window; None for a rectangular one.
        n_mels: Number of bands.
        fmin: Lower edge in Hz; 0 when None.
        fmax: Upper edge in Hz; half the sample rate when None.
        center: Put frame t around sample t * hop_length.
        normalized: Scale the transform by 1 / sqrt(n_fft).
        onesided: Keep the non-negative frequencies only.
        log_base: Base of the logarithm; e when None.
    """

    def __init__(
        self,
        fs: int = 22050,
        n_fft: int = 1024,
        hop_length: int = 256,
        win_length: int | None = None,
        window: str | None = "hann",
        n_mels: int = 80,
        fmin: float | None = 0,
        fmax: float | None = None,
        center: bool = True,
        normalized: bool = False,
        onesided: bool = True,
        log_base: float | None = 10.0,
    ) -> None:
        super().__init__()
        self.wav_to_mel = LogMelFbank(
            fs, n_fft, win_length, hop_length, window, center, normalized, onesided, n_mels, fmin, fmax, False, log_base
        )

    def forward(self, made: Tensor, real: Tensor) -> Tensor:
        """The loss; gradients flow through what was made only.

        Shapes:
            made (B, 1, N), real (B, 1, N) -> ()
        """
        with torch.no_grad():
            target = self._mel(real)
        return F.l1_loss(self._mel(made), target)

    def _mel(self, wav: Tensor) -> Tensor:
        with torch.autocast(wav.device.type, enabled=False):  # logarithms of half precision are coarse
            return self._mel_of(wav.squeeze(1).to(self.wav_to_mel.logmel.melmat.dtype))

    def _mel_of(self, wav: Tensor) -> Tensor:
        return self.wav_to_mel(wav, torch.full((len(wav),), wav.size(1), device=wav.device))[0]


class MultiResolutionSTFTLoss(torch.nn.Module):
    """Distance of amplitude spectra at several resolutions, of their logarithms too.

    Yamamoto et al., "Parallel WaveGAN", 2020, https://arxiv.org/abs/1910.11480, equations 3 to 6.

    Args:
        fft_sizes: Sizes of the transforms, in samples.
        hop_sizes: Samples between frames, of each.
        win_lengths: Lengths of the windows, of each.
        window: Name of a torch function that makes one.

    Raises:
        InputError: If the lists differ in length, or torch has no such window.
    """

    def __init__(
        self,
        fft_sizes: Sequence[int] = (1024, 2048, 512),
        hop_sizes: Sequence[int] = (120, 240, 50),
        win_lengths: Sequence[int] = (600, 1200, 240),
        window: str = "hann_window",
    ) -> None:
        super().__init__()
        if not len(fft_sizes) == len(hop_sizes) == len(win_lengths):
            raise InputError("stft_loss_params: fft_sizes, hop_sizes and win_lengths must be equally many")
        if not window.endswith("_window") or not hasattr(torch, window):
            raise InputError(f"stft_loss_params: torch has no window '{window}'; hann_window is the usual one")
        self.sizes = list(zip(fft_sizes, hop_sizes, win_lengths, strict=True))
        self.window = getattr(torch, window)

    def forward(self, made: Tensor, real: Tensor) -> Tensor:
        """The loss: the mean over resolutions of spectral convergence and distance of logarithms.

        Raises:
            InputError: If the waveforms are too short for a transform.

        Shapes:
            made (B, 1, N), real (B, 1, N) -> ()
        """
        longest = max(n_fft for n_fft, _, _ in self.sizes)
        if made.size(2) <= longest // 2:
            raise InputError(
                f"stft_loss_params: fft_sizes up to {longest} are too long for the {made.size(2)} samples of a segment"
            )
        with torch.autocast(made.device.type, enabled=False):  # logarithms of half precision are coarse
            losses = [self._distance(made.squeeze(1).float(), real.squeeze(1).float(), *sizes) for sizes in self.sizes]
        return torch.stack(losses).mean()

    def _distance(self, made: Tensor, real: Tensor, *sizes: int) -> Tensor:
        ours, theirs = self._amplitudes(made, *sizes), self._amplitudes(real, *sizes).detach()
        convergence = (theirs - ours).norm() / theirs.norm()
        return convergence + F.l1_loss(ours.log(), theirs.log())

    def _amplitudes(self, wav: Tensor, n_fft: int, hop: int, win_length: int) -> Tensor:
        window = self.window(win_length, dtype=wav.dtype, device=wav.device)
        spectrum = torch.stft(wav, n_fft, hop, win_length, window, return_complex=True)
        return (spectrum.real.square() + spectrum.imag.square()).clamp(min=1e-7).sqrt()


def weighted(values: Mapping[str, tuple[float, Tensor]], total: str) -> tuple[Tensor, dict[str, Any]]:
    """Sum of losses with their weights, and all of them (weighted, as logs have them) by name.

    Args:
        values: Name -> weight and loss.
        total: Name of the sum.
    """
    losses = {name: weight * loss for name, (weight, loss) in values.items()}
    loss = torch.stack(list(losses.values())).sum()
    return loss, {total: loss.detach(), **{name: value.detach() for name, value in losses.items()}}


def kl_divergence_loss(z_p: Tensor, logs_q: Tensor, m_p: Tensor, logs_p: Tensor, z_mask: Tensor) -> Tensor:
    """Divergence of the posterior from the prior, of one sample; the mean over frames of the sum over channels.

    Kim et al., "VITS", 2021, https://arxiv.org/abs/2106.06103, equations 3 and 4.

    Args:
        z_p: The posterior's sample on the prior's side of the flow.
        logs_q: Log deviation of the posterior.
        m_p: Mean of the prior.
        logs_p: Log deviation of the prior.
        z_mask: 1 on valid frames.

    Shapes:
        z_p (B, C, T), logs_q (B, C, T), m_p (B, C, T), logs_p (B, C, T), z_mask (B, 1, T) -> ()
    """
    kl = logs_p - logs_q - 0.5 + 0.5 * (z_p - m_p).square() * (-2 * logs_p).exp()
    return (kl * z_mask).sum() / z_mask.sum()
