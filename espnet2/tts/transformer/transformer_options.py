"""The options of the synthesising Transformer: names and defaults are those of ``tts_conf``."""

from collections.abc import Sequence
from dataclasses import dataclass

from espnet2.tts.parts.autoregressive_options import AutoregressiveOptions
from espnet2.tts.parts.token_encoder import StackOptions, TokenEncoder, transformer_stack
from espnet2.tts.transformer.decoder import Decoder
from espnet2.tts.transformer.guided_attention import GuidedAttentions
from espnet2.tts.transformer.input_layers import frame_input, text_input


@dataclass
class TransformerOptions(AutoregressiveOptions):
    """What a Transformer is made of (and the keys of ``AutoregressiveOptions``).

    Args:
        eprenet_conv_layers: Convolutions over the embedding; without, this is as large as the model.
        eprenet_conv_chans: Their channels.
        eprenet_conv_filts: Their taps (odd).
        dprenet_layers: Layers between the last frame and the decoder; 0 for a linear layer with normalisation.
        dprenet_units: Their size.
        elayers: Layers of the encoder.
        eunits: Hidden units of their feed-forward networks.
        aheads: Heads of each attention.
        dlayers: Layers of the decoder.
        dunits: Hidden units of their feed-forward networks.
        positionwise_layer_type: Feed-forward networks of the encoder: ``linear``, ``conv1d`` or ``conv1d-linear``.
        positionwise_conv_kernel_size: Taps of the convolutional ones.
        use_scaled_pos_enc: Learn the scale of the positions.
        encoder_normalize_before: Normalise before each branch of the encoder; else after it.
        decoder_normalize_before: The same of the decoder.
        encoder_concat_after: Join input and output of each attention of the encoder by a linear map.
        decoder_concat_after: The same of the decoder.
        transformer_enc_dropout_rate: Dropout on the encoder's branches.
        transformer_enc_positional_dropout_rate: After its positions.
        transformer_enc_attn_dropout_rate: On its attention weights.
        transformer_dec_dropout_rate: Dropout on the decoder's branches.
        transformer_dec_positional_dropout_rate: After its positions.
        transformer_dec_attn_dropout_rate: On the weights of its self-attention.
        transformer_enc_dec_attn_dropout_rate: On the weights of its attention to the text.
        eprenet_dropout_rate: After the encoder's convolutions.
        dprenet_dropout_rate: In the decoder's prenet, in evaluation too.
        postnet_dropout_rate: In the postnet.
        init_type: Initialisation: ``pytorch``, or a name of ``espnet2.layers.initialize``.
        init_enc_alpha: Scale of the encoder's positions at first.
        init_dec_alpha: Scale of the decoder's.
        num_heads_applied_guided_attn: So many heads of a layer are guided.
        num_layers_applied_guided_attn: So many of the last layers are.
        modules_applied_guided_attn: See ``GuidedAttentions``.
    """

    postnet_chans: int = 256
    use_masking: bool = False
    loss_type: str = "L1"
    eprenet_conv_layers: int = 3
    eprenet_conv_chans: int = 256
    eprenet_conv_filts: int = 5
    dprenet_layers: int = 2
    dprenet_units: int = 256
    elayers: int = 6
    eunits: int = 1024
    aheads: int = 4
    dlayers: int = 6
    dunits: int = 1024
    positionwise_layer_type: str = "conv1d"
    positionwise_conv_kernel_size: int = 1
    use_scaled_pos_enc: bool = True
    encoder_normalize_before: bool = True
    decoder_normalize_before: bool = True
    encoder_concat_after: bool = False
    decoder_concat_after: bool = False
    transformer_enc_dropout_rate: float = 0.1
    transformer_enc_positional_dropout_rate: float = 0.1
    transformer_enc_attn_dropout_rate: float = 0.1
    transformer_dec_dropout_rate: float = 0.1
    transformer_dec_positional_dropout_rate: float = 0.1
    transformer_dec_attn_dropout_rate: float = 0.1
    transformer_enc_dec_attn_dropout_rate: float = 0.1
    eprenet_dropout_rate: float = 0.5
    dprenet_dropout_rate: float = 0.5
    postnet_dropout_rate: float = 0.5
    init_type: str = "xavier_uniform"
    init_enc_alpha: float = 1.0
    init_dec_alpha: float = 1.0
    num_heads_applied_guided_attn: int = 2
    num_layers_applied_guided_attn: int = 2
    modules_applied_guided_attn: str | Sequence[str] = "encoder-decoder"

    def make_guided_attentions(self) -> GuidedAttentions:
        """Makes the attentions of both halves."""
        return GuidedAttentions(
            self.aheads,
            self.adim,
            self.num_layers_applied_guided_attn,
            self.num_heads_applied_guided_attn,
            self.modules_applied_guided_attn,
            self.make_guided_attention_loss(),
        )

    def make_encoder(self, idim: int, guided: GuidedAttentions) -> TokenEncoder:
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
        tokens = text_input(
            idim,
            self.adim,
            self.embed_dim,
            self.eprenet_conv_layers,
            self.eprenet_conv_chans,
            self.eprenet_conv_filts,
            self.use_batch_norm,
            self.eprenet_dropout_rate,
        )
        encoder = transformer_stack(tokens, options, self.use_scaled_pos_enc)
        for number, layer in enumerate(encoder.encoders):
            layer.self_attn = guided.make("encoder", number, self.elayers, self.transformer_enc_attn_dropout_rate)
        return encoder

    def make_decoder(self, odim: int, guided: GuidedAttentions) -> Decoder:
        """From frames of size ``odim`` to the vectors that the next ones are made of."""
        frames = frame_input(
            odim,
            self.adim,
            self.dprenet_layers,
            self.dprenet_units,
            self.dprenet_dropout_rate,
            self.transformer_dec_dropout_rate,
            self.transformer_dec_positional_dropout_rate,
            self.use_scaled_pos_enc,
        )
        rates = {
            "decoder": self.transformer_dec_attn_dropout_rate,
            "encoder-decoder": self.transformer_enc_dec_attn_dropout_rate,
        }
        return Decoder(
            frames,
            lambda kind, number: guided.make(kind, number, self.dlayers, rates[kind]),
            self.adim,
            self.dunits,
            self.dlayers,
            self.transformer_dec_dropout_rate,
            self.decoder_normalize_before,
            self.decoder_concat_after,
        )
