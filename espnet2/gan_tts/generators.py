"""The menu of generators: what vocoders and the networks that hold one are built with."""

from collections.abc import Mapping
from typing import Any

from espnet2.config.registry import ClassChoices, construct
from espnet2.gan_tts.abs_generator import AbsGenerator
from espnet2.gan_tts.melgan.pqmf import PQMF
from espnet2.utils.errors import InputError

generator_choices = ClassChoices(
    "generator_type",
    {
        "hifigan_generator": "espnet2.gan_tts.hifigan.generator:HiFiGANGenerator",
        "melgan_generator": "espnet2.gan_tts.melgan.generator:MelGANGenerator",
        "parallel_wavegan_generator": "espnet2.gan_tts.pwg.generator:ParallelWaveGANGenerator",
        "style_melgan_generator": "espnet2.gan_tts.style_melgan.generator:StyleMelGANGenerator",
    },
    type_check="espnet2.gan_tts.abs_generator:AbsGenerator",
    default="hifigan_generator",
)


# Options of generators elsewhere that must have these values, since ours do not know them.
FIXED_OPTIONS = {"use_causal_conv": False, "use_spectral_norm": False, "upsample_conditional_features": True}


def without_fixed(params: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Arguments of a generator without those that have the only value they may have.

    Raises:
        InputError: If one has another value.
    """
    for option, value in FIXED_OPTIONS.items():
        if params.get(option, value) != value:
            raise InputError(f"{where}: {option}: {str(params[option]).lower()} is not supported by this toolkit.")
    return {name: value for name, value in params.items() if name not in FIXED_OPTIONS}


def build_generator(
    kind: str,
    params: Mapping[str, Any],
    num_features: int,
    use_pqmf: bool = False,
    pqmf_params: Mapping[str, Any] = {},  # noqa: B006
    where: str = "generator_params",
) -> AbsGenerator:
    """Make a generator of waveforms.

    Args:
        kind: A key of ``generator_choices``.
        params: Its arguments.
        num_features: What it makes them of.
        use_pqmf: Let it make bands, and put them together.
        pqmf_params: Arguments of ``PQMF``.
        where: The name of ``params``, for messages.
    Raises:
        InputError: If the arguments do not fit.
    """
    class_: Any = generator_choices.get_class(kind)
    name = class_.features_argument
    if params.get(name, num_features) != num_features:
        raise InputError(f"{where}: {name} is {params[name]}, but there are {num_features} features; leave it out.")
    conf = {key: value for key, value in without_fixed(params, where).items() if key != name}
    generator = construct(class_, conf, where, **{name: num_features})
    if use_pqmf:
        generator.join_bands(construct(PQMF, pqmf_params, "pqmf_params"))
    if generator.num_signals > 1 and not use_pqmf:
        raise InputError(f"{where}: out_channels {generator.num_signals} are bands of a waveform: set use_pqmf: true.")
    return generator
