"""From files to a synthesiser that is ready to speak."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from espnet2.config.yaml import load_yaml
from espnet2.inference.models import files_of
from espnet2.utils.errors import InputError

# Which weights of an experiment folder are taken, best first.
PREFERRED_WEIGHTS = (
    "train.loss.ave.pth",
    "train.loss.ave_*best.pth",
    "train.total_count.ave.pth",
    "train.total_count.ave_*best.pth",
    "valid.loss.ave.pth",
    "valid.loss.best.pth",
    "*.ave*.pth",
    "*.best.pth",
    "latest.pth",
)


def with_files_of_tags(
    model_tag: str | Path | None, vocoder_tag: str | Path | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Options completed by the files of experiment folders; files that they name themselves stay.

    Args:
        model_tag: The folder (or a ``.pth`` in it) of a synthesiser.
        vocoder_tag: That of a vocoder; a ``.pkl`` or a folder with one is of the package ParallelWaveGAN.
        options: Arguments of ``Text2Speech``.
    Raises:
        InputError: If there is no such folder, or no model in it.
    """
    completed = dict(options)
    if model_tag is not None and options.get("model_file") is None:
        completed["train_config"], completed["model_file"] = files_of(_existing(model_tag), PREFERRED_WEIGHTS)
    if vocoder_tag is not None and options.get("vocoder_file") is None:
        path = _existing(vocoder_tag)
        pickled = [path] if path.suffix == ".pkl" else sorted(path.glob("*.pkl"))
        if pickled:
            completed["vocoder_file"] = str(pickled[-1])
        else:
            completed["vocoder_config"], completed["vocoder_file"] = files_of(path, PREFERRED_WEIGHTS)
    return completed


def _existing(tag: str | Path) -> Path:
    path = Path(tag)
    if not path.exists():
        raise InputError(
            f"{tag}: there is no such folder or file here, and models are not fetched by name yet: download it by hand and "
            "name its folder."
        )
    return path


def load_synthesiser(
    config_file: str | Path | None, model_file: str | Path | None, device: str
) -> tuple[Any, argparse.Namespace, Any]:
    """A synthesiser in evaluation mode, its training options, and the task that made it.

    Raises:
        InputError: If no weights are named, or the files do not fit.
    """
    if model_file is None:
        raise InputError("Name the weights: model_file (and train_config, if it lies elsewhere).")
    path = Path(config_file) if config_file is not None else Path(model_file).parent / "config.yaml"
    task = _task(load_yaml(path))
    model, args = task.build_model_from_file(path, model_file, device)
    if hasattr(model.tts, "remove_weight_norm"):
        model.tts.remove_weight_norm()
    return model.eval(), args, task


def _task(config: Mapping[str, Any]) -> Any:
    """The task that wrote a configuration."""
    if "generator_first" in config:
        from espnet2.tasks.gan_tts import GANTTSTask

        return GANTTSTask
    from espnet2.tasks.tts import TTSTask

    return TTSTask
