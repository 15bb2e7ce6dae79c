"""The synthesiser of two players: features of the speech, their normalisation, and the players."""

# Shapes: B batch, L tokens, T frames, D features, N samples
from typing import Any

from torch import Tensor

from espnet2.gan_tts.abs_gan_tts import AbsGANTTS
from espnet2.layers.abs_normalize import AbsNormalize
from espnet2.tts.espnet_model import ESPnetTTSModel
from espnet2.tts.feats_extract.abs_feats_extract import AbsFeatsExtract
from espnet2.utils.errors import InputError


class ESPnetGANTTSModel(ESPnetTTSModel):
    """Text and speech to the loss of one player; text to a waveform.

    Args:
        feats_extract: Speech to features.
        pitch_extract: Speech to pitch, if the network wants it.
        energy_extract: Speech to energy, if the network wants it.
        normalize: Normalises features.
        pitch_normalize: Normalises pitch.
        energy_normalize: Normalises energy.
        tts: The players.

    Raises:
        InputError: If there are no features to extract, or their hop is not what the generator makes of a frame.
    """

    tts: AbsGANTTS

    def __init__(
        self,
        feats_extract: AbsFeatsExtract | None,
        pitch_extract: AbsFeatsExtract | None,
        energy_extract: AbsFeatsExtract | None,
        normalize: AbsNormalize | None,
        pitch_normalize: AbsNormalize | None,
        energy_normalize: AbsNormalize | None,
        tts: AbsGANTTS,
    ):
        if feats_extract is None:
            raise InputError(
                "A network of two players learns from waveforms: leave odim out, and choose a feats_extract."
            )
        hop = feats_extract.get_parameters()["n_shift"]
        if hop != tts.hop_length:
            raise InputError(
                f"feats_extract_conf: hop_length is {hop} samples, but the upsample scales of the generator make "
                f"{tts.hop_length} samples of a frame."
            )
        super().__init__(
            feats_extract, pitch_extract, energy_extract, normalize, pitch_normalize, energy_normalize, tts
        )

    def forward(  # type: ignore[override]
        self,
        text: Tensor,
        text_lengths: Tensor,
        speech: Tensor,
        speech_lengths: Tensor,
        forward_generator: bool = True,
        adversarial: bool = True,
        **given: Any,
    ) -> dict[str, Any]:
        """The loss of one player.

        Args:
            text: Token ids, padded with 0.
            text_lengths: Tokens of each utterance.
            speech: Waveforms.
            speech_lengths: Samples of each.
            forward_generator: Whose turn it is.
            adversarial: Whether the discriminator takes part.
            **given: As of ``ESPnetTTSModel.forward``.
        Returns:
            ``loss``, ``stats``, ``weight`` and ``optim_idx`` (0: generator, 1: discriminator).

        Shapes:
            text (B, L), text_lengths (B,), speech (B, N), speech_lengths (B,)
        """
        batch = self.network_input(text, text_lengths, speech, speech_lengths, **given)
        return self.tts(**batch, forward_generator=forward_generator, adversarial=adversarial)

    def sample_rates(self) -> dict[str, int]:
        """The rate of the waveforms."""
        return {"speech": self.tts.fs}
