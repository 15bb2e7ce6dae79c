"""The options of Tacotron 2: names and defaults are those of ``tts_conf``."""

from dataclasses import dataclass

from espnet2.tts.parts.autoregressive_options import AutoregressiveOptions
from espnet2.tts.parts.prenet import Prenet
from espnet2.tts.tacotron2.attention import build_attention
from espnet2.tts.tacotron2.decoder import Decoder
from espnet2.tts.tacotron2.encoder import Encoder


@dataclass
class Tacotron2Options(AutoregressiveOptions):
    """What a Tacotron 2 is made of (and the keys of ``AutoregressiveOptions``).

    Args:
        elayers: Recurrent layers of the encoder; 0 for none.
        eunits: Their size, of both directions together (even).
        econv_layers: Convolutions of the encoder.
        econv_chans: Their channels.
        econv_filts: Their taps (odd).
        atype: ``location`` or ``forward`` attention.
        aconv_chans: Channels of its convolution over earlier weights.
        aconv_filts: Tokens that this sees on each side.
        cumulate_att_w: Whether it sees the sum of all earlier weights or the last ones.
        dlayers: Recurrent layers of the decoder.
        dunits: Their size.
        prenet_layers: Layers between the last frame and the decoder.
        prenet_units: Their size.
        output_activation: A function of ``torch.nn.functional`` on the frames, or None.
        use_concate: Whether the output layers see what the attention has read.
        use_residual: Add the input of each convolution of the encoder to its output.
        dropout_rate: Dropout in prenet, postnet and the encoder's convolutions.
        zoneout_rate: Zoneout of the decoder's recurrent layers.
    """

    elayers: int = 1
    eunits: int = 512
    econv_layers: int = 3
    econv_chans: int = 512
    econv_filts: int = 5
    atype: str = "location"
    aconv_chans: int = 32
    aconv_filts: int = 15
    cumulate_att_w: bool = True
    dlayers: int = 2
    dunits: int = 1024
    prenet_layers: int = 2
    prenet_units: int = 256
    output_activation: str | None = None
    use_concate: bool = True
    use_residual: bool = False
    spk_embed_integration_type: str = "concat"
    dropout_rate: float = 0.5
    zoneout_rate: float = 0.1

    def make_encoder(self, idim: int) -> Encoder:
        """From tokens of a list of ``idim`` to vectors."""
        return Encoder(
            self.elayers,
            self.eunits,
            idim=idim,
            embed_dim=self.embed_dim,
            num_layers=self.econv_layers,
            channels=self.econv_chans,
            kernel_size=self.econv_filts,
            use_batch_norm=self.use_batch_norm,
            use_residual=self.use_residual,
            dropout_rate=self.dropout_rate,
        )

    def make_decoder(self, idim: int, odim: int) -> Decoder:
        """From vectors of size ``idim`` to frames of size ``odim``."""
        prenet = None
        if self.prenet_layers:
            prenet = Prenet(odim, self.prenet_layers, self.prenet_units, self.dropout_rate)
        return Decoder(
            idim,
            odim,
            build_attention(
                self.atype, idim, self.dunits, self.adim, self.aconv_chans, self.aconv_filts, self.cumulate_att_w
            ),
            self.dlayers,
            self.dunits,
            prenet,
            self.make_postnet(odim, self.dropout_rate),
            self.output_activation,
            self.use_concate,
            self.reduction_factor,
            self.zoneout_rate,
        )
