"""Speech synthesis by two players: the menu of its parts, and how a model is made from them."""

import argparse
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from espnet2.config.nested import NestedDictAction
from espnet2.config.options import option
from espnet2.config.registry import ClassChoices
from espnet2.optimizers.registry import optim_choices
from espnet2.schedulers.registry import scheduler_choices
from espnet2.tasks.tts import (
    TTSOptions,
    TTSTask,
    energy_extract_choices,
    energy_normalize_choices,
    pitch_extract_choices,
    pitch_normalize_choices,
    preprocessor_choices,
)
from espnet2.train.data_options import TextOptions
from espnet2.utils.errors import InputError

feats_extract_choices = ClassChoices(
    "feats_extract",
    {
        "fbank": "espnet2.tts.feats_extract.spectrum:LogMelFbank",
        "log_spectrogram": "espnet2.tts.feats_extract.spectrum:LogSpectrogram",
        "linear_spectrogram": "espnet2.tts.feats_extract.spectrum:LinearSpectrogram",
    },
    type_check="espnet2.tts.feats_extract.abs_feats_extract:AbsFeatsExtract",
    default="linear_spectrogram",
)
normalize_choices = ClassChoices(
    "normalize",
    {
        "global_mvn": "espnet2.layers.global_mvn:GlobalMVN",
        "utterance_mvn": "espnet2.layers.utterance_mvn:UtteranceMVN",
    },
    type_check="espnet2.layers.abs_normalize:AbsNormalize",
    default=None,
    optional=True,
)
tts_choices = ClassChoices(
    "tts",
    {
        "vits": "espnet2.gan_tts.vits.vits:VITS",
        "joint_text2wav": "espnet2.gan_tts.joint.joint_text2wav:JointText2Wav",
        "jets": "espnet2.gan_tts.jets.jets:JETS",
        "vocoder": "espnet2.gan_tts.vocoder:GANVocoder",
        "hifigan_vocoder": "espnet2.gan_tts.vocoder:GANVocoder",  # its older name
    },
    type_check="espnet2.gan_tts.abs_gan_tts:AbsGANTTS",
    default="vits",
)
model_choices = ClassChoices(
    "model",
    {"espnet": "espnet2.gan_tts.espnet_model:ESPnetGANTTSModel"},
    type_check="espnet2.gan_tts.espnet_model:ESPnetGANTTSModel",
    default="espnet",
)
loop_choices = ClassChoices(
    "loop",
    dict.fromkeys(("default", "gan"), "espnet2.train.gan_loop:GANLoop"),
    type_check="espnet2.train.gan_loop:GANLoop",
    default="default",
)


@dataclass
class GANOptions:
    """Two players: the discriminator's optimiser (--optim is the generator's), and whose turn it is."""

    optim2: str = option("adadelta", "The discriminator's optimiser", type=optim_choices.parse)
    optim2_conf: dict[str, Any] = option({}, "Its keyword arguments", action=NestedDictAction)
    scheduler2: str | None = option(None, "The schedule of its learning rate", type=scheduler_choices.parse)
    scheduler2_conf: dict[str, Any] = option({}, "Keyword arguments of that", action=NestedDictAction)
    generator_first: bool = option(False, "Let the generator, not the discriminator, begin with each batch")
    skip_discriminator_prob: float = option(0.0, "How often the discriminator misses its turn")
    adversarial_start: int = option(0, "Updates of the generator alone before the discriminator joins in")


class GANTTSTask(TTSTask):
    """``text, speech -> ESPnetGANTTSModel``."""

    num_optimizers = 2
    feats_extract_choices = feats_extract_choices
    normalize_choices = normalize_choices
    tts_choices = tts_choices
    model_choices = model_choices
    option_groups = (TTSOptions, GANOptions, TextOptions)
    class_choices_list = (
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
    def main_worker(cls, args: argparse.Namespace, distributed: Any) -> None:
        """As of every task; in each turn the other player's parameters take no part."""
        super().main_worker(args, replace(distributed, unused_parameters=True))

    @classmethod
    def build_optimizers(cls, args: argparse.Namespace, model: Any) -> Any:
        """One optimiser per player, by the player's name."""
        from espnet2.optimizers.registry import build_optimizer

        decay = (args.exclude_weight_decay, args.exclude_weight_decay_conf)
        return {
            "generator": build_optimizer(args.optim, model.tts.generator, args.optim_conf, *decay),
            "discriminator": build_optimizer(args.optim2, model.tts.discriminator, args.optim2_conf, *decay),
        }

    @classmethod
    def build_schedulers(cls, args: argparse.Namespace, optimizers: Any) -> Any:
        """One schedule (or None) per player, by the player's name."""
        from espnet2.schedulers.registry import build_scheduler

        return {
            "generator": build_scheduler(args.scheduler, optimizers["generator"], args.scheduler_conf),
            "discriminator": build_scheduler(args.scheduler2, optimizers["discriminator"], args.scheduler2_conf),
        }

    @classmethod
    def loop_class(cls, args: argparse.Namespace) -> Any:
        """Two turns per batch."""
        turns = {name: getattr(args, name) for name in ("generator_first", "skip_discriminator_prob", "adversarial_start")}
        return partial(loop_choices.get_class(args.loop), **turns)


def export_vocoder(train_config: str | None, model_file: str, output_dir: str) -> Any:
    """Write a trained vocoder in the files of the package ParallelWaveGAN.

    Args:
        train_config: Its ``config.yaml``; by default the one beside the weights.
        model_file: Its weights.
        output_dir: Where to.
    Returns:
        The path of the weights.
    Raises:
        InputError: If the model is of another kind.
    """
    from espnet2.gan_tts.parallel_wavegan import save_generator
    from espnet2.gan_tts.vocoder import GANVocoder

    model, args = GANTTSTask.build_model_from_file(train_config, model_file)
    if not isinstance(model.tts, GANVocoder):
        raise InputError(f"{model_file} is a model of the kind {args.tts}, not vocoder.")
    features = {**model.feats_extract.get_parameters(), "fs": model.tts.fs}
    return save_generator(output_dir, model.tts.vocoder(model.normalize), model.tts.generator_params, features)
