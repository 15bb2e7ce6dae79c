"""The options of FastSpeech: names and defaults are those of ``tts_conf``."""
from dataclasses import dataclass

import torch

from espnet2.tts.parts.speaker import ConditionOptions
from espnet2.tts.parts.token_encoder import (
    ConformerOptions,
    StackOptions,
    TokenEncoder,
    conformer_stack,
    transformer_stack,
)
from espnet2.utils.errors import InputError

STACK_TYPES = ("transformer", "conformer")


@dataclass
class FastSpeechOptions(ConditionOptions):
    """What a FastSpeech is made of (and the keys of ``ConditionOptions``).

    Args:
        adim: Model size.
        aheads: Heads of each attention.
        elayers: Layers of the encoder.
        eunits: Hidden size of its feed-forward networks.
        dlayers: Layers of the decoder.
        dunits: Hidden size of its feed-forward networks.
        postnet_layers: Convolutions that correct the features; 0 for none.
        postnet_chans: Their channels.
        postnet_filts: Their taps (odd).
        postnet_dropout_rate: Dropout after each.
        positionwise_layer_type: Feed-forward networks of both: ``linear``, ``conv1d`` or ``conv1d-linear``.
        positionwise_conv_kernel_size: Taps of the convolutional ones.
        use_scaled_pos_enc: Learn the scale of the positions (transformer).
        use_batch_norm: Normalise in the postnet.
        encoder_normalize_before: Normalise before each branch of the encoder; else after it.
        decoder_normalize_before: The same of the decoder.
        encoder_concat_after: Join input and output of the encoder's attention by a linear map.
        decoder_concat_after: The same of the decoder.
        reduction_factor: Frames per unit of duration.
        encoder_type: ``transformer`` or ``conformer``.
        decoder_type: ``transformer`` or ``conformer``.
        transformer_enc_dropout_rate: Dropout in the encoder, of either type; and so on.
        transformer_enc_positional_dropout_rate: Dropout after its positions.
        transformer_enc_attn_dropout_rate: Dropout on its attention weights.
        transformer_dec_dropout_rate: Dropout in the decoder, of either type; and so on.
        transformer_dec_positional_dropout_rate: Dropout after its positions.
        transformer_dec_attn_dropout_rate: Dropout on its attention weights.
        conformer_rel_pos_type: ``legacy`` or ``latest``, see ``espnet2.layers.attention_choice``.
        conformer_pos_enc_layer_type: Positions of Conformers.
        conformer_self_attn_layer_type: Attention of Conformers.
        conformer_activation_type: Activation of Conformers.
        use_macaron_style_in_conformer: Half a feed-forward network at both ends of a layer.
        use_cnn_in_conformer: Have convolution modules.
        zero_triu: Give no positional score to frames on the right.
        conformer_enc_kernel_size: Taps of the encoder's convolution modules.
        conformer_dec_kernel_size: Taps of the decoder's.
        duration_predictor_layers: Convolutions of the duration predictor.
        duration_predictor_chans: Their channels.
        duration_predictor_kernel_size: Their taps.
        duration_predictor_dropout_rate: Dropout after each.
        init_type: Initialisation: ``pytorch``, or a name of ``espnet2.layers.initialize``.
        init_enc_alpha: Scale of the encoder's positions at first.
        init_dec_alpha: Scale of the decoder's.
        use_masking: Leave padding out of the losses.
        use_weighted_masking: That, and count all utterances alike. Without either, padding counts like speech.

    Raises:
        InputError: If a type is unknown.
    """

    adim: int = 384
    aheads: int = 4
    elayers: int = 6
    eunits: int = 1536
    dlayers: int = 6
    dunits: int = 1536
    postnet_layers: int = 5
    postnet_chans: int = 512
    postnet_filts: int = 5
    postnet_dropout_rate: float = 0.5
    positionwise_layer_type: str = "conv1d"
    positionwise_conv_kernel_size: int = 1
    use_scaled_pos_enc: bool = True
    use_batch_norm: bool = True
    encoder_normalize_before: bool = True
    decoder_normalize_before: bool = True
    encoder_concat_after: bool = False
    decoder_concat_after: bool = False
    reduction_factor: int = 1
    encoder_type: str = "transformer"
    decoder_type: str = "transformer"
    transformer_enc_dropout_rate: float = 0.1
    transformer_enc_positional_dropout_rate: float = 0.1
    transformer_enc_attn_dropout_rate: float = 0.1
    transformer_dec_dropout_rate: float = 0.1
    transformer_dec_positional_dropout_rate: float = 0.1
    transformer_dec_attn_dropout_rate: float = 0.1
    conformer_rel_pos_type: str = "legacy"
    conformer_pos_enc_layer_type: str = "rel_pos"
    conformer_self_attn_layer_type: str = "rel_selfattn"
    conformer_activation_type: str = "swish"
    use_macaron_style_in_conformer: bool = True
    use_cnn_in_conformer: bool = True
    zero_triu: bool = False
    conformer_enc_kernel_size: int = 7
    conformer_dec_kernel_size: int = 31
    duration_predictor_layers: int = 2
    duration_predictor_chans: int = 384
    duration_predictor_kernel_size: int = 3
    duration_predictor_dropout_rate: float = 0.1
    init_type: str = "xavier_uniform"
    init_enc_alpha: float = 1.0
    init_dec_alpha: float = 1.0
    use_masking: bool = False
    use_weighted_masking: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for option in ("encoder_type", "decoder_type"):
            if getattr(self, option) not in STACK_TYPES:
                raise InputError(f"tts_conf: {option} must be transformer or conformer, not '{getattr(self, option)}'")

    def make_encoder(self, idim: int) -> TokenEncoder:
        """From tokens of a list of ``idim`` to vectors."""
        options = StackOptions(
            self.adim,
            self.aheads,
            self.eunits,
            self.elayers,
            self.transformer_enc_dropout_rate,
            self.transformer_enc_positional_dropout_rate,
            self.transformer_enc_attn_dropout_rate,
            self.encoder_normalize_before,
            self.encoder_concat_after,
            self.positionwise_layer_type,
            self.positionwise_conv_kernel_size,
        )
        embedding = torch.nn.Embedding(idim, self.adim, padding_idx=0)
        return self._stack(self.encoder_type, embedding, options, self.conformer_enc_kernel_size)

    def make_decoder(self) -> TokenEncoder:
        """From the vectors of frames to those that features are made of."""
        options = StackOptions(
            self.adim,
            self.aheads,
            self.dunits,
            self.dlayers,
            self.transformer_dec_dropout_rate,
            self.transformer_dec_positional_dropout_rate,
            self.transformer_dec_attn_dropout_rate,
            self.decoder_normalize_before,
            self.decoder_concat_after,
            self.positionwise_layer_type,
            self.positionwise_conv_kernel_size,
        )
        return self._stack(self.decoder_type, None, options, self.conformer_dec_kernel_size)

    def _stack(
        self, kind: str, input_layer: torch.nn.Module | None, options: StackOptions, kernel_size: int
    ) -> TokenEncoder:
        if kind == "transformer":
            return transformer_stack(input_layer, options, self.use_scaled_pos_enc)
        conformer = ConformerOptions(
            kernel_size,
            self.conformer_rel_pos_type,
            self.conformer_pos_enc_layer_type,
            self.conformer_self_attn_layer_type,
            self.conformer_activation_type,
            self.use_macaron_style_in_conformer,
            self.use_cnn_in_conformer,
            self.zero_triu,
        )
        return conformer_stack(input_layer, options, conformer)


@dataclass
class VarianceOptions:
    """One of the values that FastSpeech 2 predicts, and how it is told to the decoder.

    Args:
        layers: Convolutions of the predictor.
        chans: Their channels.
        kernel_size: Their taps.
        dropout: Dropout after each.
        embed_kernel_size: Taps of the convolution that makes vectors of values.
        embed_dropout: Dropout after it.
        stop_gradient: Let the predictor not teach the encoder.
    """

    layers: int
    chans: int
    kernel_size: int
    dropout: float
    embed_kernel_size: int
    embed_dropout: float
    stop_gradient: bool


# Fields of ``VarianceOptions`` and the options that say them, after ``pitch_`` or ``energy_``.
_VARIANCE_KEYS = {
    "layers": "predictor_layers",
    "chans": "predictor_chans",
    "kernel_size": "predictor_kernel_size",
    "dropout": "predictor_dropout",
    "embed_kernel_size": "embed_kernel_size",
    "embed_dropout": "embed_dropout",
}


@dataclass
class FastSpeech2Options(FastSpeechOptions):
    """What a FastSpeech 2 is made of besides.

    Args:
        energy_predictor_layers: Convolutions of the energy predictor.
        energy_predictor_chans: Their channels.
        energy_predictor_kernel_size: Their taps.
        energy_predictor_dropout: Dropout after each.
        energy_embed_kernel_size: Taps of the convolution that makes vectors of energies.
        energy_embed_dropout: Dropout after it.
        stop_gradient_from_energy_predictor: Let the predictor not teach the encoder.
        pitch_predictor_layers: Convolutions of the pitch predictor, and so on.
        pitch_predictor_chans: Their channels.
        pitch_predictor_kernel_size: Their taps.
        pitch_predictor_dropout: Dropout after each.
        pitch_embed_kernel_size: Taps of the convolution that makes vectors of pitches.
        pitch_embed_dropout: Dropout after it.
        stop_gradient_from_pitch_predictor: Let the predictor not teach the encoder.
        learn_alignment: Find durations in training, so that none need be given; pitch and energy are those of frames then.
        lambda_align: Weight of the losses of the alignment.

    Raises:
        InputError: If options do not fit together.
    """

    energy_predictor_layers: int = 2
    energy_predictor_chans: int = 384
    energy_predictor_kernel_size: int = 3
    energy_predictor_dropout: float = 0.5
    energy_embed_kernel_size: int = 9
    energy_embed_dropout: float = 0.5
    stop_gradient_from_energy_predictor: bool = False
    pitch_predictor_layers: int = 2
    pitch_predictor_chans: int = 384
    pitch_predictor_kernel_size: int = 3
    pitch_predictor_dropout: float = 0.5
    pitch_embed_kernel_size: int = 9
    pitch_embed_dropout: float = 0.5
    stop_gradient_from_pitch_predictor: bool = False
    learn_alignment: bool = False
    lambda_align: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.learn_alignment and self.reduction_factor > 1:
            raise InputError("tts_conf: learn_alignment needs reduction_factor: 1")

    def variance(self, name: str) -> VarianceOptions:
        """The options of ``pitch`` or ``energy``."""
        own = {key: getattr(self, f"{name}_{option}") for key, option in _VARIANCE_KEYS.items()}
        return VarianceOptions(**own, stop_gradient=getattr(self, f"stop_gradient_from_{name}_predictor"))
