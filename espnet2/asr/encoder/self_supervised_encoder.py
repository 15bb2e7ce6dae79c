"""What the encoders that begin as wav2vec 2.0 or HuBERT share."""
# Shapes: B batch, N samples, S frames, D' size of the network, D output size
import logging

import torch
from torch import Tensor
from torchaudio.models import Wav2Vec2Model

from espnet2.asr.abs_encoder import AbsEncoder
from espnet2.layers.layer_norm import LayerNorm
from espnet2.layers.mask import make_pad_mask
from espnet2.layers.too_short import TooShortUttError
from espnet2.layers.wav2vec2 import LEAST_SAMPLES, extract_frames
from espnet2.utils.errors import InputError


class SelfSupervisedEncoder(AbsEncoder):
    """Waveforms to encoded frames: ``frontend: null``, ``normalize: null``, ``input_size: 1``.

    Checkpoints whose weights are named as by fairseq are read too: see ``espnet2.layers.fairseq_names``.

    Args:
        input_size: 1, a sample.
        model: The network.
        output_size: D; a linear map follows if the network's size is another one.
        normalize_before: Normalise the output.
        freeze_finetune_updates: Steps of training before the network learns too.
        mask_generator: Hides frames in training.
        feature_grad_mult: How much the convolutions learn; 0: not at all.

    Raises:
        InputError: If the input is not a waveform.
    """

    num_updates: Tensor
    sample_rate = 16000

    def __init__(
        self,
        input_size: int,
        model: Wav2Vec2Model,
        output_size: int,
        normalize_before: bool,
        freeze_finetune_updates: int,
        mask_generator: torch.nn.Module | None = None,
        feature_grad_mult: float = 1.0,
    ) -> None:
        super().__init__()
        if input_size != 1:
            raise InputError(
                f"encoder: this one reads waveforms: set input_size to 1 (and normalize to null), not {input_size}"
            )
        self._output_size = output_size
        self.encoders = model
        size = model.encoder.feature_projection.projection.out_features
        self.output_layer = None if size == output_size else torch.nn.Sequential(torch.nn.Linear(size, output_size))
        self.after_norm = LayerNorm(output_size) if normalize_before else None
        self.freeze_finetune_updates = freeze_finetune_updates
        self.register_buffer("num_updates", torch.zeros(1, dtype=torch.long))
        self.mask_generator = mask_generator
        self.feature_grad_mult = feature_grad_mult

    def output_size(self) -> int:
        """Model size D."""
        return self._output_size

    def forward(
        self, xs_pad: Tensor, ilens: Tensor, prev_states: Tensor | None = None
    ) -> tuple[Tensor, Tensor, None]:
        """Encode.

        Raises:
            TooShortUttError: If the longest utterance is too short for one frame.

        Shapes:
            xs_pad (B, N), ilens (B,) -> (B, S, D), (B,), None
        """
        if int(ilens.max()) < LEAST_SAMPLES:
            raise TooShortUttError("the convolutions of the encoder", int(ilens.max()), LEAST_SAMPLES, "samples")
        with torch.set_grad_enabled(torch.is_grad_enabled() and self._may_learn()):
            encoded, olens = self._encode(xs_pad, ilens)
        if self.output_layer is not None:
            encoded = self.output_layer(encoded)
        if self.after_norm is not None:
            encoded = self.after_norm(encoded)
        return encoded, olens, None

    def _may_learn(self) -> bool:
        """Whether the steps of freezing are over; counts them in training."""
        steps = int(self.num_updates)
        if self.training and steps <= self.freeze_finetune_updates:
            self.num_updates += 1
            if steps == self.freeze_finetune_updates > 0:
                logging.info(f"after {steps} updates the pretrained encoder begins to learn")
        return steps >= self.freeze_finetune_updates

    def _encode(self, waves: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """The network: waves (B, N), lengths (B,) -> (B, S, D'), (B,)."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.feature_grad_mult > 0):
            frames, olens = extract_frames(self.encoders, waves, lengths)
        if frames.requires_grad and self.feature_grad_mult != 1.0:
            frames.register_hook(lambda gradient: gradient * self.feature_grad_mult)
        is_padding = make_pad_mask(olens, frames.size(1))
        x = self.encoders.encoder.feature_projection(frames).masked_fill(is_padding.unsqueeze(-1), 0.0)
        if self.training and self.mask_generator is not None:
            x, _ = self.mask_generator(x, is_padding)
        mask = None
        if bool(is_padding.any()):  # added to the scores (B, 1, S, S)
            mask = -10000.0 * is_padding[:, None, None, :].to(x.dtype)
            mask = mask.expand(-1, 1, x.size(1), -1)
        return self.encoders.encoder.transformer(x, attention_mask=mask), olens
