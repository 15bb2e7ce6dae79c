"""The synthesiser: features, pitch and energy of the speech, their normalisation, and the network with its loss."""
# Shapes: B batch, L tokens, T frames, D features, N samples
from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor

from espnet2.layers.abs_normalize import AbsNormalize, InversibleInterface
from espnet2.train.abs_espnet_model import AbsESPnetModel
from espnet2.train.input_needs import Check
from espnet2.tts.abs_tts import AbsTTS
from espnet2.tts.data_needs import UtteranceNeeds, check_names
from espnet2.tts.feats_extract.abs_feats_extract import AbsFeatsExtract
from espnet2.tts.feats_extract.pitch import Pitch
from espnet2.tts.parts.prosody import natural_scale
from espnet2.utils.errors import InputError

CONDITIONS = ("spembs", "sids", "lids")  # one vector or number per utterance, handed on as they are


class ESPnetTTSModel(AbsESPnetModel):
    """Text and speech to a loss; text to features or a waveform.

    Args:
        feats_extract: Speech to features; None where ``speech`` holds features.
        pitch_extract: Speech to pitch, if the network wants it.
        energy_extract: Speech to energy, if the network wants it.
        normalize: Normalises features.
        pitch_normalize: Normalises pitch.
        energy_normalize: Normalises energy.
        tts: The network.
    """

    def __init__(
        self,
        feats_extract: AbsFeatsExtract | None,
        pitch_extract: AbsFeatsExtract | None,
        energy_extract: AbsFeatsExtract | None,
        normalize: AbsNormalize | None,
        pitch_normalize: AbsNormalize | None,
        energy_normalize: AbsNormalize | None,
        tts: AbsTTS,
    ):
        super().__init__()
        self.feats_extract = feats_extract
        self.pitch_extract = pitch_extract
        self.energy_extract = energy_extract
        self.normalize = normalize
        self.pitch_normalize = pitch_normalize
        self.energy_normalize = energy_normalize
        self.tts = tts

    def forward(  # type: ignore[override]
        self, text: Tensor, text_lengths: Tensor, speech: Tensor, speech_lengths: Tensor, **given: Any
    ) -> tuple[Tensor, Mapping[str, Any], Tensor]:
        """The network's loss.

        Args:
            text: Token ids, padded with 0.
            text_lengths: Tokens of each utterance.
            speech: Waveforms, or features.
            speech_lengths: Samples (or frames) of each.
            **given: ``durations``, ``pitch`` and ``energy`` with their ``<name>_lengths``, ``spembs`` (B, D), ``sids`` (B, 1),
                ``lids`` (B, 1), as far as the data set has them, and ``utt_id``, for messages.
        Returns:
            The loss, statistics by name, and the weight (B).
        Raises:
            InputError: If something is missing or does not fit; names the utterances of the batch.

        Shapes:
            text (B, L), text_lengths (B,), speech (B, N) or (B, T, D), speech_lengths (B,)
        """
        try:
            return self.tts(**self.network_input(text, text_lengths, speech, speech_lengths, **given))
        except InputError as error:  # what knows rows only
            raise InputError(f"{error} (The batch: {', '.join(given.get('utt_id', ['?']))})") from error

    @torch.no_grad()
    def network_input(
        self, text: Tensor, text_lengths: Tensor, speech: Tensor, speech_lengths: Tensor, **given: Any
    ) -> dict[str, Tensor]:
        """Keyword arguments of the network; see ``forward``."""
        text = text[:, : int(text_lengths.max())]
        with torch.autocast(speech.device.type, enabled=False):  # sums and logarithms of half precision are coarse
            values = self.collect_feats(text, text_lengths, speech, speech_lengths, **given)
        for name, normalize in self._normalizers().items():
            if name in values and normalize is not None:
                values[name], values[f"{name}_lengths"] = normalize(values[name], values[f"{name}_lengths"])
        batch = {"text": text, "text_lengths": text_lengths, **values}
        for name in ("durations", "durations_lengths", *CONDITIONS):
            if given.get(name) is not None:
                batch[name] = given[name]
        if self.tts.require_raw_speech:
            batch["speech"], batch["speech_lengths"] = speech, speech_lengths
        return batch

    def _normalizers(self) -> dict[str, AbsNormalize | None]:
        return {"feats": self.normalize, "pitch": self.pitch_normalize, "energy": self.energy_normalize}

    def collect_feats(  # type: ignore[override]
        self, text: Tensor, text_lengths: Tensor, speech: Tensor, speech_lengths: Tensor, **given: Any
    ) -> dict[str, Tensor]:
        """Features, pitch and energy before normalisation, each with its lengths; see ``forward``.

        Raises:
            InputError: If durations do not sum to the frames.
        """
        feats, feats_lengths = speech, speech_lengths
        if self.feats_extract is not None:
            feats, feats_lengths = self.feats_extract(speech, speech_lengths)
        values = {"feats": feats, "feats_lengths": feats_lengths}
        context = {
            "feats_lengths": feats_lengths,
            "durations": given.get("durations"),
            "durations_lengths": given.get("durations_lengths"),
        }
        for name, extract in (("pitch", self.pitch_extract), ("energy", self.energy_extract)):
            if given.get(name) is not None:
                values[name], values[f"{name}_lengths"] = given[name], given[f"{name}_lengths"]
                if values[name].dim() == 2:
                    values[name] = values[name].unsqueeze(-1)  # (B, L, 1)
            elif extract is not None and self.feats_extract is not None:
                values[name], values[f"{name}_lengths"] = extract(speech, speech_lengths, **context)
        return values

    def sample_rates(self) -> dict[str, int]:
        """The rate of the features' speech, if they depend on it."""
        rate = None if self.feats_extract is None else self.feats_extract.get_parameters().get("fs")
        return {} if rate is None else {"speech": rate}

    def check_data_names(self, names: Collection[str]) -> None:
        """Refuse data sets that lack what the loss needs; see ``espnet2.tts.data_needs.check_names``."""
        extracts = {"pitch": self.pitch_extract, "energy": self.energy_extract}
        extracted = [name for name, extract in extracts.items() if extract is not None]
        check_names(self.tts, names, extracted, is_features=self.feats_extract is None)

    def utterance_check(self) -> Check | None:
        """Finds utterances whose tokens, frames and durations do not fit together."""
        if self.feats_extract is None:
            return UtteranceNeeds.of(self.tts, None)
        count_frames = self.feats_extract.frame_counter()
        return None if count_frames is None else UtteranceNeeds.of(self.tts, count_frames)

    @torch.no_grad()
    def inference(
        self,
        text: Tensor,
        speech: Tensor | None = None,
        durations: Tensor | None = None,
        pitch: Tensor | None = None,
        energy: Tensor | None = None,
        spembs: Tensor | None = None,
        sids: Tensor | None = None,
        lids: Tensor | None = None,
        **decode_config: Any,
    ) -> dict[str, Tensor]:
        """Synthesise one utterance.

        Args:
            text: Token ids.
            speech: A waveform (or features): the reference of a style, or what is forced upon the network.
            durations: Frames of each token.
            pitch: Pitch of each token.
            energy: Energy of each token.
            spembs: The speaker's vector.
            sids: The speaker's number.
            lids: The language's number.
            **decode_config: Options of the network's ``inference``. ``pitch_scale`` and ``energy_scale`` are factors of F0 in
                Hz and of the energy, whatever the network computes with.
        Returns:
            What the network gives, and ``feat_gen_denorm`` (T, D) beside ``feat_gen``.

        Shapes:
            text (L,), speech (N,) or (T, D), durations (L,), pitch (L, 1), energy (L, 1), spembs (D,), sids (1,), lids (1,)
        """
        given = {"durations": durations, "pitch": pitch, "energy": energy, "spembs": spembs, "sids": sids, "lids": lids}
        inputs = {name: value for name, value in given.items() if value is not None}
        if speech is not None and decode_config.get("use_teacher_forcing", False):
            batch = {name: value.unsqueeze(0) for name, value in inputs.items()}
            for name in ("durations", "pitch", "energy"):
                if name in batch:
                    batch[f"{name}_lengths"] = _length(batch[name])
            batch = self.network_input(text[None], _length(text[None]), speech[None], _length(speech[None]), **batch)
            inputs = {name: value[0] for name, value in batch.items() if not name.endswith("_lengths") and name != "text"}
        else:
            if speech is not None:
                inputs |= self._reference(speech)
            for name, normalize in (("pitch", self.pitch_normalize), ("energy", self.energy_normalize)):
                if name in inputs and normalize is not None:
                    inputs[name] = normalize(inputs[name][None])[0][0]
        return self._with_natural_feats(self.tts.inference(text, **inputs, **self._natural_scales(decode_config)))

    @torch.no_grad()
    def inference_batch(self, text: Tensor, text_lengths: Tensor, **options: Any) -> list[dict[str, Tensor]]:
        """Synthesise several utterances; each comes out as it does alone, with the same random numbers.

        Args:
            text: Token ids, padded with 0.
            text_lengths: Tokens of each utterance.
            **options: ``spembs`` (B, D), ``sids`` (B, 1), ``lids`` (B, 1), ``generators`` (B), and options of the network's
                ``inference``.
        Returns:
            For each utterance what ``inference`` gives.

        Shapes:
            text (B, L), text_lengths (B,)
        """
        outputs = self.tts.inference_batch(text, text_lengths, **self._natural_scales(options))
        return [self._with_natural_feats(output) for output in outputs]

    def _with_natural_feats(self, output: dict[str, Tensor]) -> dict[str, Tensor]:
        if output.get("feat_gen") is not None:
            output["feat_gen_denorm"] = self.denormalize(output["feat_gen"])
        return output

    def _reference(self, speech: Tensor) -> dict[str, Tensor]:
        """What tells the style of a recording: no pitch or energy, for which durations may lack."""
        feats, lengths = speech[None], _length(speech[None])
        if self.feats_extract is not None:
            feats, lengths = self.feats_extract(feats, lengths)
        if self.normalize is not None:
            feats, lengths = self.normalize(feats, lengths)
        return {"feats": feats[0], **({"speech": speech} if self.tts.require_raw_speech else {})}

    def _natural_scales(self, decode_config: Mapping[str, Any]) -> dict[str, Any]:
        """Options in which factors of pitch and energy are functions of the network's values.

        Pitch that is read from files is taken for logarithms, as the extractors make them by default.
        """
        is_log = self.pitch_extract.use_log_f0 if isinstance(self.pitch_extract, Pitch) else True
        options = dict(decode_config)
        for name, normalize, log in (("pitch", self.pitch_normalize, is_log), ("energy", self.energy_normalize, False)):
            factor = options.get(f"{name}_scale", 1.0)
            if factor != 1.0:
                options[f"{name}_scale"] = natural_scale(name, factor, normalize, log)
        return options

    def denormalize(self, feats: Tensor) -> Tensor:
        """Features on their own scale: (T, D) -> (T, D)."""
        return self.normalize.inverse(feats[None])[0][0] if isinstance(self.normalize, InversibleInterface) else feats


def _length(values: Tensor) -> Tensor:
    return torch.tensor([values.size(1)], device=values.device)
