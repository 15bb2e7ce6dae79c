"""Text to waveforms, in Python::

    from espnet2.bin.tts_inference import Text2Speech

    text2speech = Text2Speech.from_pretrained("exp/tts_train_fastspeech2_raw_char", vocoder_file="exp/tts_hifigan/x.pth")
    wave = text2speech("Hello.")["wav"]
    for chunk in text2speech.stream("A long text. Its first sentence is heard while the second is made."):
        ...
"""
# Shapes: L tokens, T frames, D features, N samples
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from espnet2.inference.tts_models import load_synthesiser, with_files_of_tags
from espnet2.inference.tts_options import SynthesisOptions
from espnet2.inference.vocoder import build_vocoder
from espnet2.text.sentences import split_sentences, split_text
from espnet2.tts.abs_tts import AbsTTS
from espnet2.tts.parts.duration_calculator import calculate_durations
from espnet2.utils.errors import InputError
from espnet2.utils.seed import set_all_random_seed

Values = np.ndarray | Tensor
# Options whose names differ from those of the networks' ``inference``.
RENAMED = {"speed_control_alpha": "alpha"}
CONDITIONS = ("spembs", "sids", "lids")


class Text2Speech:
    """A synthesiser with its vocoder.

    Args:
        train_config: The training's ``config.yaml``; by default the one beside ``model_file``.
        model_file: Weights.
        threshold, minlenratio, maxlenratio, use_teacher_forcing, use_att_constraint, backward_window, forward_window,
            speed_control_alpha, noise_scale, noise_scale_dur, always_fix_seed, prefer_normalized_feats, pitch_scale,
            energy_scale, max_chars, pause_seconds: See ``espnet2.inference.tts_options``.
        vocoder_config: The vocoder's configuration; by default the one beside its weights.
        vocoder_file: Its weights; None: Griffin-Lim.
        vocoder_conf: Options of Griffin-Lim.
        dtype: ``float32`` or ``float64``.
        device: Where to compute.
        seed: Of the random numbers; drawn anew for each utterance if ``always_fix_seed``.

    Raises:
        InputError: If files or options do not fit.
    """

    def __init__(
        self,
        train_config: str | Path | None = None,
        model_file: str | Path | None = None,
        threshold: float = 0.5,
        minlenratio: float = 0.0,
        maxlenratio: float = 10.0,
        use_teacher_forcing: bool = False,
        use_att_constraint: bool = False,
        backward_window: int = 1,
        forward_window: int = 3,
        speed_control_alpha: float = 1.0,
        noise_scale: float = 0.667,
        noise_scale_dur: float = 0.8,
        vocoder_config: str | Path | None = None,
        vocoder_file: str | Path | None = None,
        dtype: str = "float32",
        device: str = "cpu",
        seed: int = 777,
        always_fix_seed: bool = False,
        prefer_normalized_feats: bool = False,
        *,
        pitch_scale: float = 1.0,
        energy_scale: float = 1.0,
        max_chars: int = 250,
        pause_seconds: float = 0.2,
        vocoder_conf: Mapping[str, Any] | None = None,
    ):
        given = locals()
        self.options = SynthesisOptions(**{field.name: given[field.name] for field in fields(SynthesisOptions)})
        self.model, self.train_args, task = load_synthesiser(train_config, model_file, device)
        self.model.to(dtype=getattr(torch, dtype))
        self.tts = self.model.tts
        self.preprocess = task.build_preprocess_fn(self.train_args, train=False)
        self.unknown_id = self.train_args.token_list.index("<unk>") if "<unk>" in self.train_args.token_list else None
        self.vocoder = None
        if self.tts.require_vocoder:
            extract = self.model.feats_extract
            self.vocoder = build_vocoder(
                extract, vocoder_config, vocoder_file, vocoder_conf or {}, device, not prefer_normalized_feats
            )
        self.dtype, self.device, self.seed = dtype, device, seed

    @classmethod
    def from_pretrained(
        cls, model_tag: str | Path | None = None, vocoder_tag: str | Path | None = None, **kwargs: Any
    ) -> "Text2Speech":
        """Load a synthesiser by its folder; the network is never asked.

        Args:
            model_tag: An experiment folder, or a ``.pth`` in one.
            vocoder_tag: That of a vocoder, or a ``.pkl`` of the package ParallelWaveGAN.
            **kwargs: See the class.
        """
        return cls(**with_files_of_tags(model_tag, vocoder_tag, kwargs))

    # ----- what it needs -----
    @property
    def fs(self) -> int | None:
        """The sample rate of what it says; None if it gives features only."""
        return self.vocoder.fs if self.vocoder is not None else getattr(self.tts, "fs", None)

    @property
    def use_speech(self) -> bool:
        """Whether each text needs a recording: as the style's reference, or to be forced upon the network."""
        return self.options.use_teacher_forcing or bool(getattr(self.tts, "use_gst", False))

    @property
    def use_sids(self) -> bool:
        """Whether each text needs a speaker's number."""
        return bool(getattr(self.tts, "spks", None))

    @property
    def use_lids(self) -> bool:
        """Whether each text needs a language's number."""
        return bool(getattr(self.tts, "langs", None))

    @property
    def use_spembs(self) -> bool:
        """Whether each text needs a speaker's vector."""
        return bool(getattr(self.tts, "spk_embed_dim", None))

    # ----- what it does -----
    def __call__(
        self,
        text: str | Values,
        speech: Values | None = None,
        durations: Values | None = None,
        spembs: Values | None = None,
        sids: Values | int | None = None,
        lids: Values | int | None = None,
        decode_conf: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Synthesise one text.

        Args:
            text: Words, or token ids.
            speech: A recording, if ``use_speech``.
            durations: Frames of each token.
            spembs: The speaker's vector, if ``use_spembs``.
            sids: The speaker's number, if ``use_sids``.
            lids: The language's number, if ``use_lids``.
            decode_conf: Options of this call that take the place of the object's.
        Returns:
            ``wav`` (N,), unless there is no vocoder for the features, and what the network gives: ``feat_gen``,
            ``feat_gen_denorm``, ``prob``, ``att_w``, ``duration``, ``focus_rate``, ``pitch``, ``energy``. A text that is longer than
            ``max_chars`` is synthesised piece by piece: of it there is ``wav``, and ``pieces`` with the results of each.
        Raises:
            InputError: If the text is empty or has unknown tokens, or something else that the network needs is missing.

        Shapes:
            text (L,), speech (N,), durations (L,), spembs (D,), sids (1,), lids (1,)
        """
        given = self._checked(speech, durations, spembs, sids, lids)
        texts = self._pieces(text, given)
        if len(texts) == 1:
            return self._synthesise(texts[0], given, decode_conf or {})
        pieces = [self._synthesise(piece, given, decode_conf or {}) for piece in texts]
        result: dict[str, Any] = {"pieces": pieces}
        if self.fs is not None and all("wav" in piece for piece in pieces):
            pause = pieces[0]["wav"].new_zeros(round(self.options.pause_seconds * self.fs))
            result["wav"] = torch.cat([part for piece in pieces for part in (piece["wav"], pause)][:-1])
        return result

    @torch.no_grad()  # around each step, not around what the caller does between two of them
    def stream(self, text: str | Values, **kwargs: Any) -> Iterator[Tensor]:
        """Synthesise and give the waveform in chunks, each as soon as it is ready.

        A text of several sentences is made sentence by sentence; where the vocoder works locally, each in chunks of half
        a second.

        Args:
            text: Words, or token ids.
            **kwargs: As of a call.
        Raises:
            InputError: As a call; or if there is no vocoder.

        Shapes:
            -> (n,) each
        """
        if self.fs is None:
            raise InputError("There is no vocoder for these features: give vocoder_file.")
        decode_conf = kwargs.pop("decode_conf", None) or {}
        given = self._checked(**{name: kwargs.get(name) for name in ("speech", "durations", "spembs", "sids", "lids")})
        for number, piece in enumerate(self._pieces(text, given, by_sentence=True)):
            if number > 0:
                yield torch.zeros(round(self.options.pause_seconds * self.fs), device=self.device)
            output = self._network(piece, given, decode_conf)
            if "wav" in output:
                yield output["wav"].flatten()
            else:
                assert self.vocoder is not None
                yield from self.vocoder.stream(self._vocoder_input(output))

    def batch(
        self, texts: Sequence[str | Values], given: Sequence[Mapping[str, Values]], decode_conf: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Synthesise several texts together; each comes out as it does alone.

        Args:
            texts: Words, or token ids, of each.
            given: ``spembs``, ``sids`` and ``lids`` of each.
            decode_conf: Options of this call that take the place of the object's.
        Returns:
            For each text what a call returns. Networks that know no batches take one after the other; so does
            ``always_fix_seed``, for each utterance has random numbers of its own then.
        Raises:
            InputError: As a call.
        """
        conditions = [self._checked(**{**dict.fromkeys(("speech", "durations", *CONDITIONS)), **own}) for own in given]
        tokens = [self.tokens(text) for text in texts]
        if type(self.tts).inference_batch is AbsTTS.inference_batch or self.options.always_fix_seed:
            return [self._synthesise(ids, own, decode_conf or {}) for ids, own in zip(tokens, conditions)]
        together = {name: torch.stack([own[name] for own in conditions]) for name in conditions[0]}
        lengths = torch.tensor([len(ids) for ids in tokens], device=self.device)
        padded = torch.nn.utils.rnn.pad_sequence(tokens, batch_first=True)
        with torch.no_grad():
            options = self._network_options(decode_conf or {})
            output = self.model.inference_batch(padded, lengths, **together, **options)
            missing = (padded.size(1) - lengths).tolist()
            return [self._row(output, row, num_padded) for row, num_padded in enumerate(missing)]

    def _row(self, output: Mapping[str, Tensor], row: int, num_padded: int) -> dict[str, Any]:
        """One utterance's part of what was synthesised together, with its waveform; it lacks ``num_padded`` tokens."""
        kind = "wav" if "wav" in output else "feat_gen"
        length = int(output[f"{kind}_lengths"][row])
        names = ("wav",) if kind == "wav" else ("feat_gen", "feat_gen_denorm")
        result: dict[str, Any] = {name: output[name][row, :length] for name in names}
        for name in ("duration", "pitch", "energy"):
            if name in output:
                result[name] = output[name][row, : output[name].size(1) - num_padded]
        if self.vocoder is not None:
            result["wav"] = self.vocoder(self._vocoder_input(result)).flatten()
        return result

    def tokens(self, text: str | Values) -> Tensor:
        """The token ids of a text.

        Raises:
            InputError: If the text is empty or cleans to nothing, or holds what the token list does not.

        Shapes:
            -> (L,)
        """
        if not isinstance(text, str):
            ids = torch.as_tensor(text, device=self.device)
            if len(ids) == 0:
                raise InputError("The text is empty.")
            return ids
        if self.preprocess is None:
            raise InputError("This model was trained without a preprocessor: give token ids in place of words.")
        if not text.strip():
            raise InputError("The text is empty.")
        ids = torch.from_numpy(self.preprocess("<text>", {"text": text})["text"]).to(self.device)
        if len(ids) == 0:
            raise InputError(f"Nothing is left of the text '{text[:60]}' when it is cleaned ({self.train_args.cleaner}).")
        unknown = self.preprocess.unknown_tokens(text) if self.unknown_id in ids.tolist() else []
        if unknown:
            raise InputError(
                f"The model does not know the tokens {', '.join(map(repr, unknown))} in '{text[:60]}': they are not among the "
                f"{len(self.train_args.token_list)} of its token list ({self.train_args.token_type})."
            )
        return ids

    # ----- steps -----
    def _checked(self, speech: Any, durations: Any, spembs: Any, sids: Any, lids: Any) -> dict[str, Tensor]:
        """What is given, as tensors.

        Raises:
            InputError: If something that the network needs is missing.
        """
        given = {"speech": speech, "durations": durations, "spembs": spembs, "sids": sids, "lids": lids}
        needs = {"speech": self.use_speech, "spembs": self.use_spembs, "sids": self.use_sids, "lids": self.use_lids}
        missing = [name for name, needed in needs.items() if needed and given[name] is None]
        if missing:
            raise InputError(f"This model needs {', '.join(missing)} beside the text.")
        if not self.use_speech:
            given["speech"] = None
        tensors = {name: torch.as_tensor(value, device=self.device) for name, value in given.items() if value is not None}
        for name in ("sids", "lids"):
            if name in tensors:
                tensors[name] = tensors[name].view(1)
        for name in ("speech", "spembs"):
            if name in tensors:
                tensors[name] = tensors[name].to(getattr(torch, self.dtype))
        if "spembs" in tensors:
            tensors["spembs"] = tensors["spembs"].flatten()  # some tools write (1, D)
        return tensors

    def _pieces(self, text: str | Values, given: Mapping[str, Tensor], by_sentence: bool = False) -> list[Any]:
        """The text cut so that no piece is too long, unless something is given that belongs to the whole."""
        if not isinstance(text, str) or "durations" in given or "speech" in given or self.options.max_chars <= 0:
            return [text]
        split = split_sentences if by_sentence else split_text
        return split(text, self.options.max_chars) or [text]

    def _synthesise(self, text: str | Values, given: Mapping[str, Tensor], decode_conf: Mapping[str, Any]) -> dict[str, Any]:
        with torch.no_grad():
            output = self._network(text, given, decode_conf)
            if "wav" not in output and self.vocoder is not None:
                output["wav"] = self.vocoder(self._vocoder_input(output))
            if output.get("wav") is not None:
                output["wav"] = output["wav"].flatten()
        return output

    def _network(self, text: str | Values, given: Mapping[str, Tensor], decode_conf: Mapping[str, Any]) -> dict[str, Any]:
        tokens = self.tokens(text)
        if self.options.always_fix_seed:
            set_all_random_seed(self.seed)
        options = self._network_options(decode_conf)
        output = self.model.inference(tokens, **given, **options)
        if options.get("use_teacher_forcing"):
            output.pop("prob", None)  # it ended nothing; where it is written, tts.sh knows that a teacher spoke freely
        if output.get("att_w") is not None and self.tts.require_vocoder:
            durations, focus_rate = calculate_durations(output["att_w"])
            output = {"duration": durations, **output, "focus_rate": float(focus_rate)}
        return {name: value for name, value in output.items() if value is not None}

    def _network_options(self, decode_conf: Mapping[str, Any]) -> dict[str, Any]:
        """Those of our options that the network's ``inference`` has.

        Raises:
            InputError: If it lacks one of ``decode_conf``.
        """
        known = inspect.signature(self.tts.inference).parameters
        unknown = [name for name in decode_conf if name not in known]
        if unknown:
            raise InputError(f"decode_conf: {type(self.tts).__name__} has no {', '.join(unknown)}.")
        options = {RENAMED.get(name, name): value for name, value in vars(self.options).items()}
        return {**{name: value for name, value in options.items() if name in known}, **decode_conf}

    def _vocoder_input(self, output: Mapping[str, Tensor]) -> Tensor:
        """The features that the vocoder wants, in its precision: -> (T, D)."""
        name = "feat_gen" if self.options.prefer_normalized_feats else "feat_gen_denorm"
        return output[name].float()
