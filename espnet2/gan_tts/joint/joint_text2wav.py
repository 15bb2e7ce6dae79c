"""A synthesiser of features and a vocoder, trained (on) together: from text to a waveform.

After Ren et al., "FastSpeech 2", 2020, https://arxiv.org/abs/2006.04558, section 2.4 (FastSpeech 2s), with whole parts.
"""

# Shapes: B batch, L tokens, T frames, D features, N samples, W frames of a segment
import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from espnet2.config.registry import ClassChoices
from espnet2.gan_tts.abs_gan_tts import AbsGANTTS, AdversarialOptions, Segments
from espnet2.gan_tts.segments import random_segments
from espnet2.tts.parts.postnet import Postnet
from espnet2.utils.errors import InputError

ABSENT = "this toolkit does not have it; choose hifigan_generator"
text2mel_choices = ClassChoices(
    "text2mel_type",
    {
        "tacotron2": "espnet2.tts.tacotron2.tacotron2:Tacotron2",
        "transformer": "espnet2.tts.transformer.transformer:Transformer",
        "fastspeech": "espnet2.tts.fastspeech.fastspeech:FastSpeech",
        "fastspeech2": "espnet2.tts.fastspeech2.fastspeech2:FastSpeech2",
    },
    type_check="espnet2.tts.abs_tts:AbsTTS",
    default="fastspeech2",
)
vocoder_choices = ClassChoices(
    "vocoder_type",
    {"hifigan_generator": "espnet2.gan_tts.hifigan.generator:HiFiGANGenerator"},
    default="hifigan_generator",
    refused=dict.fromkeys(("melgan_generator", "parallel_wavegan_generator", "style_melgan_generator"), ABSENT),
)


class Generated(NamedTuple):
    """What the losses need of a batch."""

    wav: Tensor  # (B, 1, W * samples per frame)
    starts: Tensor  # (B,) first frame of each segment
    text2mel_loss: Tensor  # scalar


class JointGenerator(torch.nn.Module):
    """Text to features to a waveform.

    Args:
        text2mel: Its postnet's output are the features.
        vocoder: Makes a waveform of them.
        segment_size: Frames that waveforms are made of in training.
        **adversarial: Those of ``AdversarialOptions``.
    """

    def __init__(self, text2mel: torch.nn.Module, vocoder: torch.nn.Module, segment_size: int) -> None:
        super().__init__()
        self.text2mel: Any = text2mel
        self.vocoder: Any = vocoder
        self.segment_size = segment_size
        self.upsample_factor = self.vocoder.upsample_factor

    def forward(self, feats_lengths: Tensor, **batch: Tensor) -> Generated:
        """Make segments of waveforms.

        Args:
            feats_lengths: Frames of each utterance.
            **batch: What the synthesiser asks for besides.
        """
        made: list[Tensor] = []
        postnet = next(module for module in self.text2mel.modules() if isinstance(module, Postnet))
        handle = postnet.register_forward_hook(lambda _, inputs, output: made.append(output))
        try:
            loss, _, _ = self.text2mel(feats_lengths=feats_lengths, **batch)
        finally:
            handle.remove()
        feats = made[-1]
        lengths = feats_lengths.clamp(max=feats.size(1))
        segment, starts = random_segments(feats.transpose(1, 2), lengths, self.segment_size)
        return Generated(self.vocoder(segment), starts, loss)


class JointText2Wav(AbsGANTTS):
    """A synthesiser and a vocoder. Trained parts are brought in by ``--init_param``, such as
    ``fs2.pth:tts:tts.generator.text2mel`` and ``hifigan.pth:tts.generator:tts.generator.vocoder``.

    Args:
        idim: Number of tokens.
        odim: Features D.
        segment_size: Frames that waveforms are made of in training.
        text2mel_type: A key of ``text2mel_choices``.
        text2mel_params: Its arguments.
        vocoder_type: A key of ``vocoder_choices``.
        vocoder_params: Its arguments.
        use_pqmf: Must be false.
        pqmf_params: Not used.
        lambda_text2mel: Weight of the synthesiser's own loss.
        cache_generator_outputs: Let both turns of a batch share what the generator makes.

    Raises:
        InputError: If an option has an unknown value.
    """

    def __init__(
        self,
        idim: int,
        odim: int,
        segment_size: int = 32,
        text2mel_type: str = "fastspeech2",
        text2mel_params: Mapping[str, Any] = {},  # noqa: B006
        vocoder_type: str = "hifigan_generator",
        vocoder_params: Mapping[str, Any] = {},  # noqa: B006
        use_pqmf: bool = False,
        pqmf_params: Mapping[str, Any] = {},  # noqa: B006
        lambda_text2mel: float = 1.0,
        cache_generator_outputs: bool = False,
        **adversarial: Any,
    ) -> None:
        if use_pqmf:
            raise InputError("tts_conf: use_pqmf is for generators of several bands, which this toolkit does not have.")
        if text2mel_params.get("output_activation") is not None:
            raise InputError("text2mel_params: output_activation is not supported in joint_text2wav.")
        text2mel_conf = {name: value for name, value in text2mel_params.items() if name not in ("idim", "odim")}
        vocoder_conf = {name: value for name, value in vocoder_params.items() if name != "in_channels"}
        text2mel = text2mel_choices.build(text2mel_type, text2mel_conf, idim=idim, odim=odim)
        vocoder = vocoder_choices.build(vocoder_type, vocoder_conf, in_channels=odim)
        options = AdversarialOptions(cache_generator_outputs=cache_generator_outputs, **adversarial)
        super().__init__(JointGenerator(text2mel, vocoder, segment_size), options)
        self.spks, self.langs, self.spk_embed_dim = text2mel.spks, text2mel.langs, text2mel.spk_embed_dim
        self.use_gst = text2mel.use_gst
        self.lambda_text2mel = lambda_text2mel

    def generate(self, **batch: Any) -> Segments:
        """Make a segment of each utterance; arguments as of ``forward``, but for the speech."""
        made = self.generator(**batch)
        return Segments(made.wav, made.starts, {"generator_text2mel_loss": (self.lambda_text2mel, made.text2mel_loss)})

    def inference(  # type: ignore[override]
        self,
        text: Tensor,
        feats: Tensor | None = None,
        durations: Tensor | None = None,
        pitch: Tensor | None = None,
        energy: Tensor | None = None,
        spembs: Tensor | None = None,
        sids: Tensor | None = None,
        lids: Tensor | None = None,
        threshold: float | None = None,
        minlenratio: float | None = None,
        maxlenratio: float | None = None,
        use_att_constraint: bool | None = None,
        backward_window: int | None = None,
        forward_window: int | None = None,
        alpha: float | None = None,
        pitch_scale: float | None = None,
        energy_scale: float | None = None,
        use_teacher_forcing: bool | None = None,
        speech: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Synthesise one utterance; arguments as of the synthesiser's ``inference``, which leaves out those that it lacks.

        Returns:
            What the synthesiser gives, and ``wav`` (N,).

        Shapes:
            text (L,)
        """
        given = {name: value for name, value in locals().items() if name not in ("self", "text", "speech")}
        known = inspect.signature(self.generator.text2mel.inference).parameters
        arguments = {name: value for name, value in given.items() if value is not None and name in known}
        output = self.generator.text2mel.inference(text, **arguments)
        output["wav"] = self.generator.vocoder(output["feat_gen"].T.unsqueeze(0)).flatten()
        return output
