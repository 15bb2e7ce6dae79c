"""An encoder that is an input layer and nothing else, for features that need no more."""

import torch

from espnet2.asr.encoder.layered_encoder import LayeredEncoder
from espnet2.layers.input_layer import build_input_layer, build_projection
from espnet2.layers.positional_encoding import PositionalEncoding

INPUT_LAYERS = ("linear", "conv2d", "conv2d1", "conv2d2", "conv2d6", "conv2d8", "embed")


class LinearEncoder(LayeredEncoder):
    """Input layer and normalisation.

    Args:
        input_size: Features F.
        output_size: Model size D.
        dropout_rate: Dropout of ``linear``, and on the positions.
        input_layer: One of ``INPUT_LAYERS``, or None: then features go in without positions, as they are or (if F is
            not D) through a linear map.
        normalize_before: Have the normalisation.

    Raises:
        InputError: If ``input_layer`` is unknown.
    """

    def __init__(
        self,
        input_size: int,
        output_size: int = 256,
        dropout_rate: float = 0.1,
        input_layer: str | None = "conv2d",
        normalize_before: bool = True,
    ) -> None:
        embed: torch.nn.Module
        if input_layer is None:
            embed = build_projection(input_size, output_size)
        else:
            embed = build_input_layer(
                input_layer,
                INPUT_LAYERS,
                input_size,
                output_size,
                dropout_rate,
                pos_enc=lambda: PositionalEncoding(output_size, dropout_rate),
                linear_relu=True,
            )
        super().__init__(output_size, embed, [], normalize_before, (), False, 0.0)
