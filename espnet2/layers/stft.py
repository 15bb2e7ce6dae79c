"""Short-time Fourier transform and its inverse, without parameters."""
# Shapes: B batch, N samples, C channels, T frames, F frequencies
import torch
from torch import Tensor

from espnet2.layers.mask import pad_mask_like
from espnet2.layers.too_short import TooShortUttError
from espnet2.utils.errors import InputError


class Stft(torch.nn.Module):
    """``torch.stft`` over a padded batch, in float32.

    Args:
        n_fft: Size of the transform, in samples.
        win_length: Length of the window; ``n_fft`` when None.
        hop_length: Samples between frames.
        window: Name of a torch window (``hann`` for ``torch.hann_window``); None for a rectangular one.
        center: Put frame t around sample t * hop_length, with reflected edges.
        normalized: Scale by 1 / sqrt(n_fft).
        onesided: Keep the non-negative frequencies only.

    Raises:
        InputError: If there is no such window.
    """

    def __init__(
        self,
        n_fft: int = 512,
        win_length: int | None = None,
        hop_length: int = 128,
        window: str | None = "hann",
        center: bool = True,
        normalized: bool = False,
        onesided: bool = True,
    ) -> None:
        super().__init__()
        if window is not None and not hasattr(torch, f"{window}_window"):
            raise InputError(f"window: torch has no {window}_window; choose hann, hamming, blackman, bartlett or none")
        self.n_fft = n_fft
        self.win_length = n_fft if win_length is None else win_length
        self.hop_length = hop_length
        self.window = window
        self.center = center
        self.normalized = normalized
        self.onesided = onesided

    def extra_repr(self) -> str:
        """The sizes, for print(model)."""
        return f"n_fft={self.n_fft}, win_length={self.win_length}, hop_length={self.hop_length}, center={self.center}"

    def window_values(self, device: torch.device) -> Tensor:
        """The window: (win_length,)."""
        if self.window is None:
            return torch.ones(self.win_length, device=device)
        return getattr(torch, f"{self.window}_window")(self.win_length, dtype=torch.float32, device=device)

    def num_frames(self, num_samples: Tensor) -> Tensor:
        """Frames that come from so many samples."""
        padding = 2 * (self.n_fft // 2) if self.center else 0
        return torch.div(num_samples + padding - self.n_fft, self.hop_length, rounding_mode="trunc") + 1

    def forward(self, xs: Tensor, ilens: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Transform; frames past the end of an utterance are zero.

        Raises:
            TooShortUttError: If even the longest utterance is too short for one frame.

        Shapes:
            xs (B, N) or (B, N, C), ilens (B,) -> (B, T, F, 2) or (B, T, C, F, 2), (B,)
        """
        needed = self.n_fft // 2 + 1 if self.center else self.n_fft
        if xs.size(1) < needed:
            raise TooShortUttError("the short-time Fourier transform", xs.size(1), needed, "samples")
        channels = xs.size(2) if xs.dim() == 3 else None
        flat = xs if channels is None else xs.transpose(1, 2).flatten(0, 1)  # (B * C, N)
        ys = self._transform(flat, self.center)  # (B, T, F, 2)
        if channels is not None:
            ys = ys.unflatten(0, (-1, channels)).transpose(1, 2)  # (B, T, C, F, 2)
        if ilens is None:
            return ys, None
        olens = self.num_frames(ilens)
        return ys.masked_fill(pad_mask_like(ys, olens), 0.0), olens

    def transform_frames(self, frames: Tensor) -> Tensor:
        """Transform frames that were cut out before, each of ``n_fft`` samples.

        Shapes:
            frames (T, n_fft) -> (T, F, 2)
        """
        if len(frames) == 0:
            return frames.new_empty(0, self.n_fft // 2 + 1 if self.onesided else self.n_fft, 2)
        return self._transform(frames, center=False).squeeze(1)

    def _transform(self, xs: Tensor, center: bool) -> Tensor:
        """Shapes: xs (B, N) -> (B, T, F, 2)."""
        spectrum = torch.stft(
            xs.float(),
            self.n_fft,
            self.hop_length,
            self.win_length,
            self.window_values(xs.device),
            center,
            normalized=self.normalized,
            onesided=self.onesided,
            return_complex=True,
        )
        return torch.view_as_real(spectrum.transpose(1, 2)).to(xs.dtype)

    def inverse(self, xs: Tensor, ilens: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Overlap and add.

        Shapes:
            xs (B, T, F, 2), ilens (B,) in samples -> (B, N), (B,)
        """
        ys = torch.istft(
            torch.view_as_complex(xs.float().contiguous()).transpose(1, 2),
            self.n_fft,
            self.hop_length,
            self.win_length,
            self.window_values(xs.device),
            self.center,
            self.normalized,
            self.onesided,
            length=None if ilens is None else int(ilens.max()),
        )
        return ys.to(xs.dtype), ilens
