"""Players small enough for a test."""

import torch

from espnet2.gan_tts.espnet_model import ESPnetGANTTSModel
from espnet2.gan_tts.vits.vits import VITS
from espnet2.gan_tts.vocoder import GANVocoder
from espnet2.tts.feats_extract.spectrum import LinearSpectrogram, LogMelFbank

HOP = 64
DISCRIMINATOR = {
    "scales": 1,
    "follow_official_norm": False,
    "scale_discriminator_params": {
        "channels": 4,
        "max_downsample_channels": 8,
        "max_groups": 2,
        "downsample_scales": [2],
    },
    "periods": [2],
    "period_discriminator_params": {"channels": 2, "max_downsample_channels": 4, "downsample_scales": [3]},
}
MEL_LOSS = {"fs": 16000, "n_fft": 256, "hop_length": HOP, "n_mels": 20, "log_base": None}
UPSAMPLING = {"upsample_scales": [8, 8], "upsample_kernel_sizes": [16, 16]}
BLOCKS = {"resblock_kernel_sizes": [3], "resblock_dilations": [[1, 3]]}
SHARED_CONF = {"sampling_rate": 16000, "discriminator_params": DISCRIMINATOR, "mel_loss_params": MEL_LOSS}


def tiny_vits(**params) -> ESPnetGANTTSModel:
    extract = LinearSpectrogram(n_fft=256, hop_length=HOP)
    generator = {
        "hidden_channels": 8,
        "segment_size": 8,
        "text_encoder_blocks": 1,
        "posterior_encoder_layers": 2,
        "flow_flows": 2,
        "flow_layers": 1,
        "stochastic_duration_predictor_flows": 2,
        "decoder_channels": 8,
        **{f"decoder_{name}": value for name, value in {**UPSAMPLING, **BLOCKS}.items()},
        **params,
    }
    tts = VITS(12, extract.output_size(), generator_params=generator, **SHARED_CONF)
    return ESPnetGANTTSModel(extract, None, None, None, None, None, tts)


def tiny_vocoder(normalize=None, **conf) -> ESPnetGANTTSModel:
    extract = LogMelFbank(16000, 256, hop_length=HOP, n_mels=20)
    conf = {"generator_params": {"channels": 8, **UPSAMPLING, **BLOCKS}, **SHARED_CONF, **conf}
    tts = GANVocoder(12, 20, segment_size=8, **conf)
    return ESPnetGANTTSModel(extract, None, None, normalize, None, None, tts)


def batch(seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        "text": torch.randint(1, 12, (2, 5), generator=generator),
        "text_lengths": torch.tensor([5, 3]),
        "speech": 0.1 * torch.randn(2, 3000, generator=generator),
        "speech_lengths": torch.tensor([3000, 2000]),
    }


STACK = {"adim": 8, "aheads": 2, "elayers": 1, "eunits": 8, "dlayers": 1, "dunits": 8}
PREDICTORS = {f"{name}_predictor_chans": 8 for name in ("duration", "pitch", "energy")}


def frame_values(extract) -> tuple:
    """Stand-ins for pitch and energy: one value per frame."""
    return MeanOfFrames(extract), MeanOfFrames(extract)


class MeanOfFrames(torch.nn.Module):
    """The mean over features, as a value that follows the frames."""

    def __init__(self, extract):
        super().__init__()
        self.extract = extract

    def forward(self, speech, speech_lengths, **context):
        feats, lengths = self.extract(speech, speech_lengths)
        return feats.mean(-1, keepdim=True), lengths


def tiny_jets(**params) -> ESPnetGANTTSModel:
    from espnet2.gan_tts.jets.jets import JETS

    extract = LogMelFbank(16000, 256, hop_length=HOP, n_mels=20)
    generator = {
        **STACK,
        **PREDICTORS,
        "segment_size": 8,
        "generator_channels": 8,
        **{f"generator_{name}": value for name, value in {**UPSAMPLING, **BLOCKS}.items()},
        **params,
    }
    tts = JETS(12, 20, generator_params=generator, **SHARED_CONF)
    return ESPnetGANTTSModel(extract, *frame_values(extract), None, None, None, tts)


def tiny_joint(text2mel_type: str = "fastspeech2", **conf) -> ESPnetGANTTSModel:
    from espnet2.gan_tts.joint.joint_text2wav import JointText2Wav

    extract = LogMelFbank(16000, 256, hop_length=HOP, n_mels=20)
    text2mel = {
        "fastspeech2": {**STACK, **PREDICTORS, "postnet_chans": 8, "learn_alignment": True},
        "tacotron2": {
            "embed_dim": 8,
            "eunits": 8,
            "econv_chans": 8,
            "adim": 8,
            "dunits": 8,
            "prenet_units": 8,
            "postnet_chans": 8,
        },
    }[text2mel_type]
    vocoder = {"channels": 8, **UPSAMPLING, **BLOCKS}
    tts = JointText2Wav(
        12,
        20,
        segment_size=8,
        text2mel_type=text2mel_type,
        text2mel_params=text2mel,
        **{"vocoder_params": vocoder, **SHARED_CONF, **conf},
    )
    values = frame_values(extract) if text2mel_type == "fastspeech2" else (None, None)
    return ESPnetGANTTSModel(extract, *values, None, None, None, tts)
