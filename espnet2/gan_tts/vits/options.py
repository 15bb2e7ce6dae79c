"""The options of VITS' generator: names and defaults are those of ``generator_params``."""

# Shapes: F features, C channels, G conditions, W frames of a segment
from collections.abc import Sequence
from dataclasses import dataclass

from espnet2.gan_tts.hifigan.generator import HiFiGANGenerator
from espnet2.gan_tts.vits.duration_predictor import StochasticDurationPredictor
from espnet2.gan_tts.vits.posterior_encoder import PosteriorEncoder
from espnet2.gan_tts.vits.residual_coupling import ResidualAffineCouplingBlock
from espnet2.gan_tts.vits.text_encoder import TextEncoder
from espnet2.tts.parts.token_encoder import ConformerOptions, StackOptions
from espnet2.utils.errors import InputError


@dataclass
class VITSOptions:
    """What the generator is made of.

    Args:
        hidden_channels: Channels C everywhere but in the decoder.
        spks: Speakers; None or 1 for no table of them.
        langs: Languages; None or 1 for no table of them.
        spk_embed_dim: Size of a speaker's vector.
        global_channels: Size G of the condition that these become; it must be above 0 if there is any of them.
        segment_size: Frames W that waveforms are made of in training.
        text_encoder_attention_heads: Heads of each attention.
        text_encoder_ffn_expand: Hidden size of the feed-forward networks, in units of C.
        text_encoder_blocks: Layers.
        text_encoder_positionwise_layer_type: ``linear``, ``conv1d`` or ``conv1d-linear``.
        text_encoder_positionwise_conv_kernel_size: Taps of the convolutional ones.
        text_encoder_positional_encoding_layer_type: Positional encoding.
        text_encoder_self_attention_layer_type: Attention.
        text_encoder_activation_type: Activation.
        text_encoder_normalize_before: Normalise before each branch; else after it.
        text_encoder_dropout_rate: Dropout on each branch.
        text_encoder_positional_dropout_rate: Dropout after the positions.
        text_encoder_attention_dropout_rate: Dropout on attention weights.
        text_encoder_conformer_kernel_size: Taps of the convolution modules.
        use_macaron_style_in_text_encoder: Half a feed-forward network before and half one after.
        use_conformer_conv_in_text_encoder: Have convolution modules.
        decoder_kernel_size: Taps of the decoder's first and last convolution.
        decoder_channels: Its channels.
        decoder_upsample_scales: Its factors.
        decoder_upsample_kernel_sizes: Taps of its steps.
        decoder_resblock_kernel_sizes: Taps of its blocks.
        decoder_resblock_dilations: Their dilations.
        use_weight_norm_in_decoder: Normalise its weights.
        posterior_encoder_kernel_size: Taps of the posterior encoder.
        posterior_encoder_layers: Its layers.
        posterior_encoder_stacks: Its groups of layers.
        posterior_encoder_base_dilation: Its dilations are powers of this.
        posterior_encoder_dropout_rate: Its dropout.
        use_weight_norm_in_posterior_encoder: Normalise its weights.
        flow_flows: Coupling layers.
        flow_kernel_size: Their taps.
        flow_base_dilation: Their dilations are powers of this.
        flow_layers: Layers of each.
        flow_dropout_rate: Their dropout.
        use_weight_norm_in_flow: Normalise their weights.
        use_only_mean_in_flow: Shift without scaling.
        stochastic_duration_predictor_kernel_size: Taps of the duration predictor.
        stochastic_duration_predictor_dropout_rate: Its dropout.
        stochastic_duration_predictor_flows: Its steps.
        stochastic_duration_predictor_dds_conv_layers: Layers of its networks.

    Raises:
        InputError: If there are conditions without ``global_channels``.
    """

    hidden_channels: int = 192
    spks: int | None = None
    langs: int | None = None
    spk_embed_dim: int | None = None
    global_channels: int = -1
    segment_size: int = 32
    text_encoder_attention_heads: int = 2
    text_encoder_ffn_expand: int = 4
    text_encoder_blocks: int = 6
    text_encoder_positionwise_layer_type: str = "conv1d"
    text_encoder_positionwise_conv_kernel_size: int = 1
    text_encoder_positional_encoding_layer_type: str = "rel_pos"
    text_encoder_self_attention_layer_type: str = "rel_selfattn"
    text_encoder_activation_type: str = "swish"
    text_encoder_normalize_before: bool = True
    text_encoder_dropout_rate: float = 0.1
    text_encoder_positional_dropout_rate: float = 0.0
    text_encoder_attention_dropout_rate: float = 0.0
    text_encoder_conformer_kernel_size: int = 7
    use_macaron_style_in_text_encoder: bool = True
    use_conformer_conv_in_text_encoder: bool = True
    decoder_kernel_size: int = 7
    decoder_channels: int = 512
    decoder_upsample_scales: Sequence[int] = (8, 8, 2, 2)
    decoder_upsample_kernel_sizes: Sequence[int] = (16, 16, 4, 4)
    decoder_resblock_kernel_sizes: Sequence[int] = (3, 7, 11)
    decoder_resblock_dilations: Sequence[Sequence[int]] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
    use_weight_norm_in_decoder: bool = True
    posterior_encoder_kernel_size: int = 5
    posterior_encoder_layers: int = 16
    posterior_encoder_stacks: int = 1
    posterior_encoder_base_dilation: int = 1
    posterior_encoder_dropout_rate: float = 0.0
    use_weight_norm_in_posterior_encoder: bool = True
    flow_flows: int = 4
    flow_kernel_size: int = 5
    flow_base_dilation: int = 1
    flow_layers: int = 4
    flow_dropout_rate: float = 0.0
    use_weight_norm_in_flow: bool = True
    use_only_mean_in_flow: bool = True
    stochastic_duration_predictor_kernel_size: int = 3
    stochastic_duration_predictor_dropout_rate: float = 0.5
    stochastic_duration_predictor_flows: int = 4
    stochastic_duration_predictor_dds_conv_layers: int = 3

    def __post_init__(self) -> None:
        if (self.num_speakers or self.num_languages or self.vector_size) and self.global_channels <= 0:
            raise InputError("generator_params: spks, langs and spk_embed_dim need global_channels, such as 256")

    @property
    def num_speakers(self) -> int:
        """Speakers to tell apart; 0 for none."""
        return self.spks if self.spks is not None and self.spks > 1 else 0

    @property
    def num_languages(self) -> int:
        """Languages to tell apart; 0 for none."""
        return self.langs if self.langs is not None and self.langs > 1 else 0

    @property
    def vector_size(self) -> int:
        """Size of a speaker's vector; 0 for none."""
        return max(self.spk_embed_dim or 0, 0)

    def make_text_encoder(self, vocabs: int) -> TextEncoder:
        """The prior, for so many tokens."""
        layers = StackOptions(
            self.hidden_channels,
            self.text_encoder_attention_heads,
            self.hidden_channels * self.text_encoder_ffn_expand,
            self.text_encoder_blocks,
            self.text_encoder_dropout_rate,
            self.text_encoder_positional_dropout_rate,
            self.text_encoder_attention_dropout_rate,
            self.text_encoder_normalize_before,
            positionwise_layer_type=self.text_encoder_positionwise_layer_type,
            positionwise_conv_kernel_size=self.text_encoder_positionwise_conv_kernel_size,
        )
        conformer = ConformerOptions(
            self.text_encoder_conformer_kernel_size,
            "latest",
            self.text_encoder_positional_encoding_layer_type,
            self.text_encoder_self_attention_layer_type,
            self.text_encoder_activation_type,
            self.use_macaron_style_in_text_encoder,
            self.use_conformer_conv_in_text_encoder,
        )
        return TextEncoder(vocabs, layers, conformer)

    def make_posterior_encoder(self, aux_channels: int) -> PosteriorEncoder:
        """The posterior, from so many features."""
        return PosteriorEncoder(
            aux_channels,
            self.hidden_channels,
            self.hidden_channels,
            self.posterior_encoder_kernel_size,
            self.posterior_encoder_layers,
            self.posterior_encoder_stacks,
            self.posterior_encoder_base_dilation,
            self.global_channels,
            self.posterior_encoder_dropout_rate,
            self.use_weight_norm_in_posterior_encoder,
        )

    def make_flow(self) -> ResidualAffineCouplingBlock:
        """The flow between posterior and prior."""
        return ResidualAffineCouplingBlock(
            self.hidden_channels,
            self.hidden_channels,
            self.flow_flows,
            self.flow_kernel_size,
            self.flow_base_dilation,
            self.flow_layers,
            self.global_channels,
            self.flow_dropout_rate,
            self.use_weight_norm_in_flow,
            self.use_only_mean_in_flow,
        )

    def make_duration_predictor(self) -> StochasticDurationPredictor:
        """The durations."""
        return StochasticDurationPredictor(
            self.hidden_channels,
            self.stochastic_duration_predictor_kernel_size,
            self.stochastic_duration_predictor_dropout_rate,
            self.stochastic_duration_predictor_flows,
            self.stochastic_duration_predictor_dds_conv_layers,
            self.global_channels,
        )

    def make_decoder(self) -> HiFiGANGenerator:
        """What makes a waveform of latent frames."""
        return HiFiGANGenerator(
            self.hidden_channels,
            1,
            self.decoder_channels,
            self.global_channels,
            self.decoder_kernel_size,
            self.decoder_upsample_scales,
            self.decoder_upsample_kernel_sizes,
            self.decoder_resblock_kernel_sizes,
            self.decoder_resblock_dilations,
            use_weight_norm=self.use_weight_norm_in_decoder,
        )
