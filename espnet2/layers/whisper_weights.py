"""Whisper networks from files: those of the first release (``small.pt``) and folders of Hugging Face.

Nothing is downloaded: the files are looked for, and where they are not, the message says what to put where.
"""
import json
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from espnet2.fileio.snapshot import read_snapshot_weights
from espnet2.layers.pretrained import mark_pretrained, wants_pretrained_weights
from espnet2.layers.whisper import WHISPER_SIZES, Whisper, WhisperSizes
from espnet2.utils.errors import InputError
from espnet2.utils.suggest import did_you_mean

# Names of one size for files that are the same.
_OTHER_NAMES = {"large": "large-v3", "turbo": "large-v3-turbo"}
_HUGGING_FACE_NAMES = (
    (r"^model\.", ""),
    (r"\.embed_positions\.weight$", ".positional_embedding"),
    (r"\.embed_tokens\.", ".token_embedding."),
    (r"\.layers\.", ".blocks."),
    (r"\.self_attn_layer_norm\.", ".attn_ln."),
    (r"\.encoder_attn_layer_norm\.", ".cross_attn_ln."),
    (r"\.final_layer_norm\.", ".mlp_ln."),
    (r"\.self_attn\.", ".attn."),
    (r"\.encoder_attn\.", ".cross_attn."),
    (r"\.q_proj\.", ".query."),
    (r"\.k_proj\.", ".key."),
    (r"\.v_proj\.", ".value."),
    (r"\.out_proj\.", ".out."),
    (r"\.fc1\.", ".mlp.0."),
    (r"\.fc2\.", ".mlp.2."),
    (r"^encoder\.layer_norm\.", "encoder.ln_post."),
    (r"^decoder\.layer_norm\.", "decoder.ln."),
)


def build_whisper(whisper_model: str, download_dir: str | None = None) -> Whisper:
    """A Whisper network with its published weights, or a random one if a checkpoint is going to be loaded over it.

    Args:
        whisper_model: A key of ``WHISPER_SIZES``; or a ``.pt`` file; or a folder of Hugging Face with ``config.json``.
        download_dir: Where the weights of a size are looked for, before ``~/.cache/whisper``.

    Raises:
        InputError: If the weights are nowhere, or are not those of a Whisper network.
    """
    path = next((place for place in _places(whisper_model, download_dir) if place.exists()), None)
    if path is None and whisper_model not in WHISPER_SIZES:
        raise InputError(
            f"whisper_model: '{whisper_model}' is no file, no folder and no known size."
            f"{did_you_mean(whisper_model, WHISPER_SIZES)}"
        )
    if not wants_pretrained_weights():
        return Whisper(WHISPER_SIZES[whisper_model] if path is None else _read_sizes(path))
    if path is None:
        raise InputError(
            f"whisper_model: the weights of '{whisper_model}' are not on this machine and are not downloaded from here. "
            f"Put {_file_name(whisper_model)} (of openai-whisper) or a folder {_folder_name(whisper_model)} (of Hugging "
            f"Face, with config.json and model.safetensors) into {download_dir or _cache()}, or give its path."
        )
    logging.info(f"Whisper's weights are read from {path}")
    sizes, state = (_read_sizes(path), _from_hugging_face(path)) if path.is_dir() else _read_release(path)
    model = Whisper(sizes)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise InputError(f"{path} does not hold the weights of a Whisper network: {str(error)[:300]}") from error
    mark_pretrained(model.encoder)  # each half for itself: they may part
    mark_pretrained(model.decoder)
    return model


def _places(whisper_model: str, download_dir: str | None) -> list[Path]:
    if whisper_model not in WHISPER_SIZES:
        return [Path(whisper_model)]
    folders = [_cache()] if download_dir is None else [Path(download_dir), _cache()]
    names = (_file_name(whisper_model), _folder_name(whisper_model))
    return [folder / name for folder in folders for name in names]


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "whisper"


def _file_name(size: str) -> str:
    return f"{_OTHER_NAMES.get(size, size)}.pt"


def _folder_name(size: str) -> str:
    return f"whisper-{_OTHER_NAMES.get(size, size)}"


def _read_release(path: Path) -> tuple[WhisperSizes, Mapping[str, Tensor]]:
    """Sizes and weights of a file of the first release; nothing in it is run."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        return WhisperSizes(**content["dims"]), content["model_state_dict"]
    except Exception as error:  # what damaged bytes make of the reader can be any error
        raise InputError(f"{path} is no file of Whisper's weights: {repr(error)[:150]}") from error


def _read_sizes(path: Path) -> WhisperSizes:
    if not path.is_dir():
        return _read_release(path)[0]
    try:
        config = json.loads((path / "config.json").read_text())
        sizes = WhisperSizes(
            n_mels=config["num_mel_bins"],
            n_audio_ctx=config["max_source_positions"],
            n_audio_state=config["d_model"],
            n_audio_head=config["encoder_attention_heads"],
            n_audio_layer=config["encoder_layers"],
            n_vocab=config["vocab_size"],
            n_text_ctx=config["max_target_positions"],
            n_text_state=config["d_model"],
            n_text_head=config["decoder_attention_heads"],
            n_text_layer=config["decoder_layers"],
        )
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} is no folder of a Whisper network: {error!r}") from error
    return sizes


def _from_hugging_face(path: Path) -> dict[str, Tensor]:
    state = {}
    for name, value in read_snapshot_weights(path).items():
        if name.startswith("proj_out."):  # the token embedding once more
            continue
        for old, new in _HUGGING_FACE_NAMES:
            name = re.sub(old, new, name)
        state[name] = value
    return state
