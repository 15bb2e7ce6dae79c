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
from espnet2.gan_tts.abs_gan_tts import AdversarialOptions, Segments
from espnet2.gan_tts.abs_generator import AbsGenerator
from espnet2.gan_tts.abs_text2wav import AbsText2Wav
from espnet2.gan_tts.generators import build_generator
from espnet2.tts.parts.postnet import Postnet
from espnet2.tts.parts.randomness import Generators
from espnet2.utils.errors import InputError

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

    def __init__(self, text2mel: torch.nn.Module, vocoder: AbsGenerator, segment_size: int) -> None:
        super().__init__()
        self.text2mel: Any = text2mel
        self.vocoder = vocoder
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
        return Generated(*self.vocoder.random_piece(feats.transpose(1, 2), lengths, self.segment_size), loss)


class JointText2Wav(AbsText2Wav):
    """A synthesiser and a vocoder. Trained parts are brought in by ``--init_param``, such as
    ``fs2.pth:tts:tts.generator.text2mel`` and ``hifigan.pth:tts.generator:tts.generator.vocoder``.

    Args:
        idim: Number of tokens.
        odim: Features D.
        segment_size: Frames that waveforms are made of in training.
        text2mel_type: A key of ``text2mel_choices``.
        text2mel_params: Its arguments.
        vocoder_type: A key of ``generator_choices``.
        vocoder_params: Its arguments.
        use_pqmf: Let the vocoder make bands, which a bank of filters puts together.
        pqmf_params: Arguments of ``PQMF``.
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
        if text2mel_params.get("output_activation") is not None:
            raise InputError("text2mel_params: output_activation is not supported in joint_text2wav.")
        text2mel_conf = {name: value for name, value in text2mel_params.items() if name not in ("idim", "odim")}
        text2mel = text2mel_choices.build(text2mel_type, text2mel_conf, idim=idim, odim=odim)
        vocoder = build_generator(vocoder_type, vocoder_params, odim, use_pqmf, pqmf_params, "vocoder_params")
        options = AdversarialOptions(cache_generator_outputs=cache_generator_outputs, **adversarial)
        super().__init__(JointGenerator(text2mel, vocoder, segment_size), options)
        self.spks, self.langs, self.spk_embed_dim = text2mel.spks, text2mel.langs, text2mel.spk_embed_dim
        self.use_gst = text2mel.use_gst
        self.wanted_data, self.learns_durations = text2mel.wanted_data, text2mel.learns_durations
        self.ends_text, self.reduction_factor = text2mel.ends_text, text2mel.reduction_factor
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
        generator: torch.Generator | None = None,
        return_frames: bool = False,
    ) -> dict[str, Tensor]:
        """Synthesise one utterance; arguments as of the synthesiser's ``inference``, which leaves out those that it lacks.

        Args:
            return_frames: See ``AbsText2Wav.inference_batch``.
        Returns:
            What the synthesiser gives, and ``wav`` (N,).

        Shapes:
            text (L,)
        """
        given = {name: value for name, value in locals().items() if name not in ("self", "text")}
        made = self.generator.text2mel.inference(text, **self._known(given))
        output = {**made, "frames": made["feat_gen"]}
        return output if return_frames else self.with_wave(output, generator)

    def _known(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What the synthesiser knows of what is given."""
        known = (*inspect.signature(self.generator.text2mel.inference).parameters, "feats_lengths")
        return {name: value for name, value in given.items() if value is not None and name in known}

    @property
    def wave_generator(self) -> torch.nn.Module:
        """The vocoder."""
        return self.generator.vocoder

    def make_frames(  # type: ignore[override]
        self, text: Tensor, text_lengths: Tensor, generators: Generators, **conditions: Any
    ) -> list[dict[str, Tensor]]:
        """The synthesiser's features; see ``AbsText2Wav.make_frames``.

        Shapes:
            text (B, L), text_lengths (B,)
        """
        given = self._known(conditions)
        rows = self.generator.text2mel.inference_batch(text, text_lengths, generators=generators, **given)
        return [{**row, "frames": row["feat_gen"]} for row in rows]
