"""Speech synthesis: the menu of its parts, and how a model is made from them."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from espnet2.config.options import option
from espnet2.config.registry import ClassChoices
from espnet2.tasks.abs_task import AbsTask
from espnet2.train.data_options import TextOptions
from espnet2.utils.types import int_or_none

ABSENT = "this toolkit does not have it"
GAN_ONLY = "it is trained by two players: use gan_tts_train"

feats_extract_choices = ClassChoices(
    "feats_extract",
    {
        "fbank": "espnet2.tts.feats_extract.spectrum:LogMelFbank",
        "spectrogram": "espnet2.tts.feats_extract.spectrum:LogSpectrogram",
        "linear_spectrogram": "espnet2.tts.feats_extract.spectrum:LinearSpectrogram",
    },
    type_check="espnet2.tts.feats_extract.abs_feats_extract:AbsFeatsExtract",
    default="fbank",
)
normalize_choices = ClassChoices(
    "normalize",
    {"global_mvn": "espnet2.layers.global_mvn:GlobalMVN"},
    type_check="espnet2.layers.abs_normalize:AbsNormalize",
    default="global_mvn",
    optional=True,
)
tts_choices = ClassChoices(
    "tts",
    {
        "tacotron2": "espnet2.tts.tacotron2.tacotron2:Tacotron2",
        "transformer": "espnet2.tts.transformer.transformer:Transformer",
        "fastspeech": "espnet2.tts.fastspeech.fastspeech:FastSpeech",
        "fastspeech2": "espnet2.tts.fastspeech2.fastspeech2:FastSpeech2",
    },
    type_check="espnet2.tts.abs_tts:AbsTTS",
    default="tacotron2",
    refused={"prodiff": ABSENT, "vits": GAN_ONLY, "jets": GAN_ONLY, "joint_text2wav": GAN_ONLY},
)
_PITCH = {
    "dio": "espnet2.tts.feats_extract.pitch:Dio",
    "harvest": "espnet2.tts.feats_extract.pitch:Harvest",
    "yin": "espnet2.tts.feats_extract.pitch:Yin",
}
pitch_extract_choices = ClassChoices(
    "pitch_extract",
    _PITCH,
    type_check="espnet2.tts.feats_extract.abs_feats_extract:AbsFeatsExtract",
    default=None,
    optional=True,
)
pitch_normalize_choices = ClassChoices(
    "pitch_normalize",
    {"global_mvn": "espnet2.layers.global_mvn:GlobalMVN"},
    type_check="espnet2.layers.abs_normalize:AbsNormalize",
    default=None,
    optional=True,
)
energy_extract_choices = ClassChoices(
    "energy_extract",
    {"energy": "espnet2.tts.feats_extract.energy:Energy"},
    type_check="espnet2.tts.feats_extract.abs_feats_extract:AbsFeatsExtract",
    default=None,
    optional=True,
)
energy_normalize_choices = ClassChoices(
    "energy_normalize",
    {"global_mvn": "espnet2.layers.global_mvn:GlobalMVN"},
    type_check="espnet2.layers.abs_normalize:AbsNormalize",
    default=None,
    optional=True,
)
model_choices = ClassChoices(
    "model",
    {"espnet": "espnet2.tts.espnet_model:ESPnetTTSModel"},
    type_check="espnet2.train.abs_espnet_model:AbsESPnetModel",
    default="espnet",
)
preprocessor_choices = ClassChoices(
    "preprocessor",
    {"default": "espnet2.train.preprocessor:CommonPreprocessor"},
    default="default",
)


@dataclass
class TTSOptions:
    """Synthesiser: what the parts do not say themselves."""

    odim: int | None = option(None, "Feature dimensions when features, not audio, are the targets", int_or_none)


class TTSTask(AbsTask):
    """``text, speech -> ESPnetTTSModel``."""

    feats_extract_choices = feats_extract_choices
    normalize_choices = normalize_choices
    tts_choices = tts_choices
    model_choices = model_choices
    option_groups: tuple[type, ...] = (TTSOptions, TextOptions)
    class_choices_list: tuple[ClassChoices, ...] = (
        feats_extract_choices,
        normalize_choices,
        tts_choices,
        pitch_extract_choices,
        pitch_normalize_choices,
        energy_extract_choices,
        energy_normalize_choices,
        model_choices,
        preprocessor_choices,
    )

    @classmethod
    def required_data_names(cls, train: bool = True, inference: bool = False) -> tuple[str, ...]:
        """Data that each utterance must have."""
        return ("text",) if inference else ("text", "speech")

    @classmethod
    def optional_data_names(cls, train: bool = True, inference: bool = False) -> tuple[str, ...]:
        """Data that an utterance may have."""
        names = ("spembs", "durations", "pitch", "energy", "sids", "lids")
        return (*names, "speech") if inference else names

    @classmethod
    def build_collate_fn(cls, args: argparse.Namespace, train: bool) -> Callable:
        """Pad everything with 0; a speaker and a language have no length."""
        from espnet2.train.collate_fn import CommonCollateFn

        return CommonCollateFn(float_pad_value=0.0, int_pad_value=0, not_sequence=("spembs", "sids", "lids"))

    @classmethod
    def build_preprocess_fn(cls, args: argparse.Namespace, train: bool) -> Callable | None:
        """Clean text to token ids."""
        return cls.build_common_preprocessor(args, train, preprocessor_choices)

    @classmethod
    def build_model(cls, args: argparse.Namespace) -> Any:
        """Build the synthesiser that the options describe.

        Args:
            args: All options; ``token_list`` is replaced by the list itself, as configurations keep it.
        """
        token_list = cls.read_token_list(args)
        parts = build_features(args, cls.feats_extract_choices, cls.normalize_choices)
        odim = args.odim if parts["feats_extract"] is None else parts["feats_extract"].output_size()
        tts = cls.tts_choices.build(args.tts, args.tts_conf, idim=len(token_list), odim=odim)
        return cls.model_choices.build(args.model, args.model_conf, tts=tts, **parts)


def build_features(
    args: argparse.Namespace, feats_extracts: ClassChoices, normalizes: ClassChoices
) -> dict[str, Any]:
    """Extraction and normalisation of features, pitch and energy, or None for each."""
    feats_extract = None
    if args.odim is None:
        feats_extract = feats_extracts.build(args.feats_extract, args.feats_extract_conf)
    else:
        args.feats_extract, args.feats_extract_conf = None, {}
    parts = {"feats_extract": feats_extract, "normalize": _build(normalizes, args)}
    fixed = {"reduction_factor": args.tts_conf.get("reduction_factor", 1)}
    per_token = not args.tts_conf.get("learn_alignment", False)  # else no one knows the tokens' frames yet
    for choices, average in ((pitch_extract_choices, "f0"), (energy_extract_choices, "energy")):
        conf = {**fixed, f"use_token_averaged_{average}": per_token, **getattr(args, f"{choices.name}_conf")}
        name = getattr(args, choices.name)
        parts[choices.name] = None if name is None else choices.build(name, conf)
    for choices in (pitch_normalize_choices, energy_normalize_choices):
        parts[choices.name] = _build(choices, args)
    return parts


def _build(choices: ClassChoices, args: argparse.Namespace) -> Any:
    """The chosen optional part, or None."""
    name = getattr(args, choices.name)
    return None if name is None else choices.build(name, getattr(args, f"{choices.name}_conf"))
