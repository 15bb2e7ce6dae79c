"""Fewer encoded frames, by strided convolutions."""

# Shapes: B batch, S frames, D model size
from torch import Tensor

from espnet2.asr.abs_postencoder import AbsPostEncoder
from espnet2.layers.length_adaptor import length_adaptor, shorten
from espnet2.utils.errors import InputError


class LengthAdaptorPostEncoder(AbsPostEncoder):
    """Halve the number of frames as often as there are layers.

    Args:
        input_size: Model size D of the encoder.
        length_adaptor_n_layers: Layers.
        input_layer: Must be None: the names of the weights of an input layer are not documented.
        output_size: Would be the width of the input layer; has no effect.
        dropout_rate: Would be the dropout of the input layer; has no effect.

    Raises:
        InputError: If an input layer is asked for.
    """

    def __init__(
        self,
        input_size: int,
        length_adaptor_n_layers: int = 0,
        input_layer: str | None = None,
        output_size: int | None = None,
        dropout_rate: float = 0.1,
    ) -> None:
        super().__init__()
        if input_layer is not None:
            raise InputError(
                f"postencoder_conf: input_layer {input_layer} of length_adaptor is not supported: how its weights are "
                "named is not documented; use null"
            )
        self.size = input_size
        self.num_layers = length_adaptor_n_layers
        self.length_adaptor = length_adaptor(input_size, length_adaptor_n_layers)

    def output_size(self) -> int:
        """Model size D."""
        return self.size

    def forward(self, input: Tensor, input_lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Shorten.

        Raises:
            TooShortUttError: If no frame would be left of even the longest utterance.

        Shapes:
            input (B, S, D), input_lengths (B,) -> (B, S // 2 ** layers, D), (B,)
        """
        return shorten(self.length_adaptor, self.num_layers, input, input_lengths)
