"""What transformer-like encoders share: input layer, a stack of layers, outputs in between, a final normalisation.

Intermediate CTC: Lee and Watanabe, "Intermediate Loss Regularization for CTC-based Speech Recognition", 2021,
https://arxiv.org/abs/2102.03216; conditioning on it: Nozaki and Komatsu, "Relaxing the Conditional Independence
Assumption of CTC-based ASR by Conditioning on Intermediate Predictions", 2021, https://arxiv.org/abs/2104.02724.
"""
# Shapes: B batch, T frames, S frames after subsampling, R distances, F features, D model size, V vocabulary
import logging
from collections.abc import Sequence

import torch
from torch import Tensor

from espnet2.asr.abs_encoder import AbsEncoder
from espnet2.asr.ctc import CTC
from espnet2.layers.chunk_mask import restrict
from espnet2.layers.input_layer import apply_input_layer
from espnet2.layers.layer_norm import LayerNorm
from espnet2.layers.mask import make_attention_mask
from espnet2.utils.errors import InputError

Encoded = Tensor | tuple[Tensor, list[tuple[int, Tensor]]]

TRIM_BLANK_PROBABILITY = 0.95
TRIM_TOLERANCE_FRAMES = 5


class LayeredEncoder(AbsEncoder):
    """Input layer, layers, final normalisation.

    Args:
        output_size: Model size D.
        embed: Input layer.
        layers: The layers in order.
        normalize_before: Whether the layers leave the normalisation of their output to the next one.
        interctc_layer_idx: Layers, counted from 1, whose outputs are returned too.
        interctc_use_conditioning: Add what these outputs predict to the next layer's input.
        layer_drop_rate: Accepted and without effect, as in the releases whose configurations name it.
        ctc_trim: Cut the blank frames off the end after these layers.

    Raises:
        InputError: If an intermediate layer is not below the last one.
    """

    def __init__(
        self,
        output_size: int,
        embed: torch.nn.Module,
        layers: Sequence[torch.nn.Module],
        normalize_before: bool,
        interctc_layer_idx: Sequence[int],
        interctc_use_conditioning: bool,
        layer_drop_rate: float,
        ctc_trim: bool = False,
    ) -> None:
        super().__init__()
        if any(not 0 < number < len(layers) for number in interctc_layer_idx):
            raise InputError(
                f"encoder_conf: interctc_layer_idx {list(interctc_layer_idx)} must lie between 1 and {len(layers) - 1}"
            )
        if layer_drop_rate > 0:
            logging.warning("encoder_conf: layer_drop_rate has no effect in this encoder")
        self._output_size = output_size
        self.embed = embed
        self.encoders = torch.nn.ModuleList(layers)
        self.normalize_before = normalize_before
        if normalize_before:
            self.after_norm = LayerNorm(output_size)
        self.interctc_layer_idx = tuple(interctc_layer_idx)
        self.interctc_use_conditioning = interctc_use_conditioning
        self.conditioning_layer = None
        self.ctc_trim = ctc_trim
        self.needs_ctc = interctc_use_conditioning or ctc_trim

    def output_size(self) -> int:
        """Model size D."""
        return self._output_size

    def forward(
        self, xs_pad: Tensor, ilens: Tensor, prev_states: Tensor | None = None, ctc: CTC | None = None
    ) -> tuple[Encoded, Tensor, None]:
        """Encode.

        Args:
            xs_pad: Features.
            ilens: Their numbers of frames.
            prev_states: Not used.
            ctc: The model's CTC head, for conditioning and trimming.

        Returns:
            Encoded frames, or a pair of them and a list of (layer, its output); their numbers; None.

        Raises:
            TooShortUttError: If the longest utterance has too few frames for the input layer.

        Shapes:
            xs_pad (B, T, F), ilens (B,) -> (B, S, D), (B,), None
        """
        x, pos_emb, mask = apply_input_layer(self.embed, xs_pad, make_attention_mask(ilens, xs_pad.size(1)))
        chunks = self._chunk_mask(x)
        sight = restrict(mask, chunks)
        intermediate: list[tuple[int, Tensor]] = []
        for number, layer in enumerate(self.encoders, 1):
            x = self._apply_layer(number, layer, x, sight, pos_emb)
            if number in self.interctc_layer_idx:
                shown = self._intermediate(x)
                intermediate.append((number, shown))
                if ctc is not None and self.needs_ctc:
                    x, mask, pos_emb = self._use_posteriors(x, ctc.softmax(shown), mask, pos_emb)
                    sight = restrict(mask, chunks)
        encoded = self._normalize(x)
        return ((encoded, intermediate) if intermediate else encoded), mask.squeeze(1).sum(1), None

    def _chunk_mask(self, x: Tensor) -> Tensor | None:
        """Where the frames of a batch may look if not everywhere.

        Shapes:
            x (B, S, D) -> (S, S)
        """
        return None

    def _apply_layer(
        self, number: int, layer: torch.nn.Module, x: Tensor, mask: Tensor, pos_emb: Tensor | None
    ) -> Tensor:
        """Run the layer of this number, counted from 1.

        Shapes:
            x (B, S, D), mask (B, 1, S) or (B, S, S), pos_emb (1, R, D) -> (B, S, D)
        """
        return layer(x, mask) if pos_emb is None else layer(x, mask, pos_emb)

    def _intermediate(self, x: Tensor) -> Tensor:
        """What the CTC loss between the layers sees."""
        return self._normalize(x)

    def _normalize(self, x: Tensor) -> Tensor:
        return self.after_norm(x) if self.normalize_before else x

    def _use_posteriors(
        self, x: Tensor, posteriors: Tensor, mask: Tensor, pos_emb: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Condition the next layer on what this one predicts, and leave out the blank end.

        Shapes:
            x (B, S, D), posteriors (B, S, V), mask (B, 1, S), pos_emb (1, R, D) -> the same, S smaller if trimmed
        """
        if self.conditioning_layer is not None:
            x = x + self.conditioning_layer(posteriors)
        if not self.ctc_trim:
            return x, mask, pos_emb
        mask = trim_mask(posteriors, mask)
        num_frames = int(mask.squeeze(1).sum(1).max())
        if pos_emb is not None:
            cut = x.size(1) - num_frames
            has_both_sides = pos_emb.size(1) > x.size(1)
            pos_emb = pos_emb[:, cut : pos_emb.size(1) - cut] if has_both_sides else pos_emb[:, :num_frames]
        return x[:, :num_frames], mask[..., :num_frames], pos_emb


def trim_mask(posteriors: Tensor, mask: Tensor) -> Tensor:
    """Mask the frames after the last one that is not surely blank, except for a few.

    Shapes:
        posteriors (B, S, V), mask (B, 1, S) -> (B, 1, S)
    """
    best, label = posteriors.max(-1)
    is_kept = ~((best > TRIM_BLANK_PROBABILITY) & (label == 0)) & mask.squeeze(1)  # (B, S)
    positions = torch.arange(1, is_kept.size(1) + 1, device=mask.device)
    ends = (is_kept * positions).amax(1, keepdim=True) + TRIM_TOLERANCE_FRAMES  # (B, 1)
    return mask & (positions <= ends).unsqueeze(1)


def one_per_layer(option: str, value: float | Sequence[float], num_blocks: int) -> list[float]:
    """One value for each layer, from one for all or a list.

    Raises:
        InputError: If a list has another length.
    """
    if isinstance(value, (int, float)):
        return [float(value)] * num_blocks
    if len(value) != num_blocks:
        raise InputError(f"encoder_conf: {option} has {len(value)} values for {num_blocks} blocks")
    return list(value)
