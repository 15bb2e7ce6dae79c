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
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from espnet2.gan_tts.abs_text2wav import AbsText2Wav
from espnet2.inference.tts_input import TextReader, Values, as_tensors, pieces_of
from espnet2.inference.tts_models import load_synthesiser, with_files_of_tags
from espnet2.inference.tts_options import SynthesisOptions
from espnet2.inference.vocoder import Vocoder, build_vocoder
from espnet2.tts.abs_tts import AbsTTS
from espnet2.tts.parts.duration_calculator import calculate_durations
from espnet2.tts.parts.randomness import new_generator
from espnet2.utils.errors import InputError
from espnet2.utils.seed import set_all_random_seed

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
        self.reader = TextReader(task.build_preprocess_fn(self.train_args, train=False), self.train_args, device)
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
        """Whether each text needs a recording: as the style's reference, to be forced upon the network, or to be made anew."""
        return self.options.use_teacher_forcing or bool(getattr(self.tts, "use_gst", False)) or not self.tts.reads_text

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
        given = self._checked(speech=speech, durations=durations, spembs=spembs, sids=sids, lids=lids)
        options = self._network_options(decode_conf)
        tokens = [self.tokens(piece) for piece in self._pieces(text, given)]
        return self._joined([self._synthesise(piece, given, options) for piece in tokens])

    @torch.no_grad()  # around each step, not around what the caller does between two of them
    def stream(self, text: str | Values, **kwargs: Any) -> Iterator[Tensor]:
        """Synthesise and give the waveform in chunks, each as soon as it is ready.

        A text of several sentences is made sentence by sentence; where samples depend on near frames only, each in chunks, a
        short one first. They are the samples of the whole.

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
        options = self._network_options(kwargs.pop("decode_conf", None))
        if isinstance(self.tts, AbsText2Wav):
            options["return_frames"] = True
        given = self._checked(**kwargs)
        for number, piece in enumerate(self._pieces(text, given, by_sentence=True)):
            if number > 0:
                yield torch.zeros(round(self.options.pause_seconds * self.fs), device=self.device)
            tokens, generator = self.tokens(piece), self._new_generator()
            output = self._network(tokens, given, options, generator)
            if "frames" in output:
                to_wave = partial(self.tts.to_wave, condition=output.get("condition"))
                vocoder = Vocoder(to_wave, self.fs, self.tts.hop_length, self.tts.receptive_frames)
                yield from vocoder.stream(output["frames"], generator)
            elif self.vocoder is not None and "wav" not in output:
                yield from self.vocoder.stream(self._vocoder_input(output), generator)
            else:
                yield output["wav"].flatten()

    def batch(
        self, texts: Sequence[str | Values], given: Sequence[Mapping[str, Values]], decode_conf: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Synthesise several texts together; each comes out as it does alone, with the same random numbers.

        Args:
            texts: Words, or token ids, of each.
            given: ``spembs``, ``sids``, ``lids`` and so on of each.
            decode_conf: Options of this call that take the place of the object's.
        Returns:
            For each text what a call returns. Long texts are cut, and no more pieces than there are texts are made together.
            Networks that know no batches take one after the other; so do texts with recordings or durations.
        Raises:
            InputError: As a call.
        """
        conditions = [self._checked(**own) for own in given]
        options = self._network_options(decode_conf)
        pieces = [self._pieces(text, own) for text, own in zip(texts, conditions, strict=True)]
        flat = [(self.tokens(piece), own) for group, own in zip(pieces, conditions) for piece in group]
        knows_batches = type(self.tts).inference_batch is not AbsTTS.inference_batch
        alone = not knows_batches or any("speech" in own or "durations" in own for own in conditions)
        size = 1 if alone else max(len(texts), 1)
        results: list[dict[str, Any]] = []
        for start in range(0, len(flat), size):
            group = flat[start : start + size]
            results += [self._synthesise(*group[0], options)] if len(group) == 1 else self._together(group, options)
        made = iter(results)
        return [self._joined(list(islice(made, len(group)))) for group in pieces]

    def tokens(self, text: str | Values) -> Tensor:
        """The token ids of a text; see ``TextReader.tokens``: -> (L,)."""
        if not self.tts.reads_text:
            return torch.zeros(0, dtype=torch.long, device=self.device)
        return self.reader.tokens(text)

    # ----- steps -----
    def _checked(self, **given: Any) -> dict[str, Tensor]:
        """What is given, as tensors.

        Raises:
            InputError: If something that the network needs is missing, or is not known.
        """
        unknown = given.keys() - {*CONDITIONS, "speech", "durations"}
        if unknown:
            raise InputError(f"Text2Speech does not know {', '.join(sorted(unknown))}; options go into decode_conf.")
        needs = {"speech": self.use_speech, "spembs": self.use_spembs, "sids": self.use_sids, "lids": self.use_lids}
        missing = [name for name, needed in needs.items() if needed and given.get(name) is None]
        if missing:
            raise InputError(f"This model needs {', '.join(missing)} beside the text.")
        if not self.use_speech:
            given.pop("speech", None)
        return as_tensors(given, getattr(torch, self.dtype), self.device)

    def _pieces(self, text: str | Values, given: Mapping[str, Tensor], by_sentence: bool = False) -> list[Any]:
        """The text cut so that no piece is too long, unless something is given that belongs to the whole."""
        is_whole = "durations" in given or "speech" in given
        return pieces_of(text, 0 if is_whole else self.options.max_chars, by_sentence)

    def _joined(self, pieces: list[dict[str, Any]]) -> dict[str, Any]:
        """The result of a text by those of its pieces."""
        if len(pieces) == 1:
            return pieces[0]
        result: dict[str, Any] = {"pieces": pieces}
        if self.fs is not None and all("wav" in piece for piece in pieces):
            pause = pieces[0]["wav"].new_zeros(round(self.options.pause_seconds * self.fs))
            result["wav"] = torch.cat([part for piece in pieces for part in (piece["wav"], pause)][:-1])
        return result

    def _new_generator(self) -> torch.Generator:
        """The random numbers of an utterance: always the same ones, or others each time."""
        if self.options.always_fix_seed:
            set_all_random_seed(self.seed)
        return new_generator()

    @torch.no_grad()
    def _synthesise(self, tokens: Tensor, given: Mapping[str, Tensor], options: Mapping[str, Any]) -> dict[str, Any]:
        generator = self._new_generator()
        return self._audible(self._network(tokens, given, options, generator), generator)

    @torch.no_grad()
    def _together(
        self, group: Sequence[tuple[Tensor, Mapping[str, Tensor]]], options: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Several utterances, which are their tokens and conditions."""
        tokens, conditions = zip(*group)
        generators = [self._new_generator() for _ in group]
        names = [name for name in CONDITIONS if all(name in own for own in conditions)]
        together = {name: torch.stack([own[name] for own in conditions]) for name in names}
        lengths = torch.tensor([len(ids) for ids in tokens], device=self.device)
        padded = torch.nn.utils.rnn.pad_sequence(list(tokens), batch_first=True)
        outputs = self.model.inference_batch(padded, lengths, **together, **options, generators=generators)
        return [self._audible(self._told(output, options), own) for output, own in zip(outputs, generators)]

    def _network(
        self, tokens: Tensor, given: Mapping[str, Tensor], options: Mapping[str, Any], generator: torch.Generator
    ) -> dict[str, Any]:
        has_generator = "generator" in inspect.signature(self.tts.inference).parameters
        stream = {"generator": generator} if has_generator else {}
        return self._told(self.model.inference(tokens, **given, **options, **stream), options)

    def _told(self, output: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
        """What the network gives, and what its attention tells."""
        output = {name: value for name, value in output.items() if value is not None}
        if options.get("use_teacher_forcing"):
            output.pop("prob", None)  # it ended nothing; where it is written, tts.sh knows that a teacher spoke freely
        if "att_w" in output and self.tts.require_vocoder:
            durations, focus_rate = calculate_durations(output["att_w"])
            output = {"duration": durations, **output, "focus_rate": float(focus_rate)}
        return output

    def _audible(self, output: dict[str, Any], generator: torch.Generator) -> dict[str, Any]:
        if "wav" not in output and self.vocoder is not None:
            output["wav"] = self.vocoder(self._vocoder_input(output), generator)
        if "wav" in output:
            output["wav"] = output["wav"].flatten()
        return output

    def _network_options(self, decode_conf: Mapping[str, Any] | None) -> dict[str, Any]:
        """Those of our options that the network's ``inference`` has.

        Raises:
            InputError: If it lacks one of ``decode_conf``.
        """
        known = inspect.signature(self.tts.inference).parameters
        unknown = [name for name in decode_conf or {} if name not in known]
        if unknown:
            raise InputError(f"decode_conf: {type(self.tts).__name__} has no {', '.join(unknown)}.")
        options = {RENAMED.get(name, name): value for name, value in vars(self.options).items()}
        return {**{name: value for name, value in options.items() if name in known}, **(decode_conf or {})}

    def _vocoder_input(self, output: Mapping[str, Tensor]) -> Tensor:
        """The features that the vocoder wants, in its precision: -> (T, D)."""
        name = "feat_gen" if self.options.prefer_normalized_feats else "feat_gen_denorm"
        return output[name].float()
