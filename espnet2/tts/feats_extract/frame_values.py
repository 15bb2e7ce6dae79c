"""What pitch and energy share: one value per frame of the features, or per token."""
# Shapes: B batch, N samples, T frames, L tokens
from abc import abstractmethod

import torch
from torch import Tensor

from espnet2.tts.feats_extract.abs_feats_extract import AbsFeatsExtract
from espnet2.tts.feats_extract.per_token import average_per_token, check_durations, fit_to_frames
from espnet2.utils.errors import InputError


class FrameValues(AbsFeatsExtract):
    """One value per frame or per token.

    Args:
        use_token_average: Average over the frames of each token.
        reduction_factor: Frames per unit of duration; 1 when None.
        positive_only: Average over values above 0 only.
    """

    def __init__(self, use_token_average: bool, reduction_factor: int | None, positive_only: bool):
        super().__init__()
        self.use_token_average = use_token_average
        self.reduction_factor = reduction_factor or 1
        self.positive_only = positive_only

    @abstractmethod
    def frame_values(self, input: Tensor, input_lengths: Tensor) -> list[Tensor]:
        """Values of each utterance: input (B, N), input_lengths (B,) -> B tensors (T_i,)."""

    def output_size(self) -> int:
        """One value."""
        return 1

    def forward(self, input: Tensor, input_lengths: Tensor, **context: Tensor) -> tuple[Tensor, Tensor]:
        """Values per frame, or per token; padding is zero.

        Args:
            input: Waveforms.
            input_lengths: Samples of each.
            **context: ``feats_lengths`` (B,): as many values as the features have frames; ``durations`` (B, L) and
                ``durations_lengths`` (B,), which an average per token needs.
        Raises:
            InputError: If durations are missing, or do not sum to the frames.

        Shapes:
            input (B, N), input_lengths (B,) -> (B, T or L, 1), (B,)
        """
        values = self.frame_values(input, input_lengths)
        feats_lengths = context.get("feats_lengths")
        if feats_lengths is not None:
            values = [fit_to_frames(own, int(length)) for own, length in zip(values, feats_lengths)]
        if self.use_token_average:
            values = self._per_token(values, context)
        lengths = torch.tensor([len(own) for own in values], device=input.device)
        padded = torch.nn.utils.rnn.pad_sequence(values, batch_first=True)
        return padded.unsqueeze(-1).to(input.device, torch.float32), lengths

    def _per_token(self, values: list[Tensor], context: dict[str, Tensor]) -> list[Tensor]:
        if context.get("durations") is None:
            raise InputError(
                f"{type(self).__name__} averages over tokens and needs their durations. Give data named durations, or set "
                "use_token_averaged_f0 / use_token_averaged_energy to false for a model that learns to align."
            )
        durations, lengths = context["durations"], context["durations_lengths"]
        frames = torch.tensor([len(own) for own in values], device=durations.device)
        check_durations(durations, lengths, frames, self.reduction_factor)
        return [
            average_per_token(own, row[:length].to(own.device), self.reduction_factor, self.positive_only)
            for own, row, length in zip(values, durations, lengths.tolist())
        ]
