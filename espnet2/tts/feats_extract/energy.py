"""The energy of each frame, or of each token."""
# Shapes: B batch, N samples, T frames
from typing import Any

from torch import Tensor

from espnet2.layers.stft import Stft
from espnet2.tts.feats_extract.frame_values import FrameValues
from espnet2.tts.feats_extract.spectrum import LEAST_POWER
from espnet2.utils.types import parse_size


class Energy(FrameValues):
    """The root of the summed power of a frame.

    Args:
        fs: Sample rate, such as 22050 or "16k".
        n_fft: Size of the transform, in samples.
        win_length: Length of the window; ``n_fft`` when None.
        hop_length: Samples between frames.
        window: Name of a torch window; None for a rectangular one.
        center: Put frame t around sample t * hop_length.
        normalized: Scale the transform by 1 / sqrt(n_fft).
        onesided: Keep the non-negative frequencies only.
        use_token_averaged_energy: Average over the frames of each token.
        reduction_factor: Frames per unit of duration; 1 when None.
    """

    def __init__(
        self,
        fs: int | str = 22050,
        n_fft: int = 1024,
        win_length: int | None = None,
        hop_length: int = 256,
        window: str | None = "hann",
        center: bool = True,
        normalized: bool = False,
        onesided: bool = True,
        use_token_averaged_energy: bool = True,
        reduction_factor: int | None = None,
    ) -> None:
        super().__init__(use_token_averaged_energy, reduction_factor, positive_only=False)
        self.fs = parse_size(fs)
        self.stft = Stft(n_fft, win_length, hop_length, window, center, normalized, onesided)

    def get_parameters(self) -> dict[str, Any]:
        """The transform's sizes."""
        stft = self.stft
        sizes = {"fs": self.fs, "n_fft": stft.n_fft, "n_shift": stft.hop_length}
        return {**sizes, "window": stft.window, "win_length": stft.win_length}

    def frame_values(self, input: Tensor, input_lengths: Tensor) -> list[Tensor]:
        """Energies of each utterance: input (B, N), input_lengths (B,) -> B tensors (T_i,)."""
        spectrum, lengths = self.stft(input, input_lengths)
        assert lengths is not None
        energies = spectrum.square().sum((-1, -2)).clamp_(min=LEAST_POWER).sqrt_()  # (B, T)
        return [own[:length] for own, length in zip(energies, lengths.tolist())]
