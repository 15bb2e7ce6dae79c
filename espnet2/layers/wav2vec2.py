"""wav2vec 2.0 and HuBERT networks by torchaudio, from the files that users have.

Baevski et al., "wav2vec 2.0: A Framework for Self-Supervised Learning of Speech Representations", 2020,
https://arxiv.org/abs/2006.11477; Hsu et al., "HuBERT: Self-Supervised Speech Representation Learning by Masked Prediction of
Hidden Units", 2021, https://arxiv.org/abs/2106.07447.

Three kinds of file are read: torchaudio's state dicts, fairseq's where they hold nothing but tensors and plain containers
(their names are mapped to torchaudio's), and folders of Hugging Face. Nothing is downloaded.
"""
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import torch
import torchaudio.models
from torch import Tensor
from torchaudio.models import Wav2Vec2Model
from torchaudio.models.wav2vec2.utils import import_huggingface_model

from espnet2.layers.fairseq_names import is_of_fairseq, torchaudio_name
from espnet2.layers.hugging_face import build_hugging_face
from espnet2.layers.pretrained import mark_pretrained, wants_pretrained_weights
from espnet2.utils.errors import InputError

LEAST_SAMPLES = 400  # the view of one frame
ARCHITECTURES: dict[str, Callable[[], Wav2Vec2Model]] = {
    name: getattr(torchaudio.models, name)
    for name in ("wav2vec2_base", "wav2vec2_large", "wav2vec2_large_lv60k", "wav2vec2_xlsr_300m", "wav2vec2_xlsr_1b",
                 "wav2vec2_xlsr_2b", "hubert_base", "hubert_large", "hubert_xlarge")
}  # fmt: skip
# Names of published files, without their ending -> architecture; needed where the file itself is not.
PUBLISHED = {
    "wav2vec_small": "wav2vec2_base",
    "libri960_big": "wav2vec2_large",
    "wav2vec_vox_new": "wav2vec2_large_lv60k",
    "xlsr_53_56k": "wav2vec2_large_lv60k",
    "xlsr2_300m": "wav2vec2_xlsr_300m",
    "xlsr2_960m_1000k": "wav2vec2_xlsr_1b",
    "xlsr2_2B_1000k": "wav2vec2_xlsr_2b",
    "hubert_base_ls960": "hubert_base",
    "hubert_large_ll60k": "hubert_large",
    "hubert_xtralarge_ll60k": "hubert_xlarge",
    "wav2vec2_fairseq_base_ls960": "wav2vec2_base",
    "wav2vec2_fairseq_large_ls960": "wav2vec2_large",
    "wav2vec2_fairseq_large_lv60k": "wav2vec2_large_lv60k",
    "wav2vec2_fairseq_large_xlsr53": "wav2vec2_large_lv60k",
    "hubert_fairseq_base_ls960": "hubert_base",
    "hubert_fairseq_large_ll60k": "hubert_large",
    "hubert_fairseq_xlarge_ll60k": "hubert_xlarge",
}
_FINE_TUNED_HEAD = "aux."


def build_wav2vec2(url: str, folder: str) -> Wav2Vec2Model:
    """A network with its published weights, or a random one if a checkpoint is going to be loaded over it.

    Args:
        url: A file, a folder of Hugging Face, or the address or name of a published file.
        folder: Where the published file is looked for, before torch's own cache.

    Raises:
        InputError: If the file is nowhere, cannot be read, or is of an unknown architecture.
    """
    name = url.rstrip("/").rsplit("/", 1)[-1]
    places = [Path(url), Path(folder) / name, Path(torch.hub.get_dir()) / "checkpoints" / name]
    path = next((place for place in places if name and place.exists()), None)
    if path is not None and (path / "config.json").is_file():
        return _from_hugging_face(path)
    published = PUBLISHED.get(Path(name).stem, name)
    if not wants_pretrained_weights() and published in ARCHITECTURES:
        return ARCHITECTURES[published]()
    if path is None or not path.is_file():
        raise InputError(
            f"The weights '{url}' are not on this machine and are not downloaded from here. Put {name} into {folder}, or give "
            "the path of a torchaudio state dict or of a Hugging Face folder (config.json, model.safetensors)."
        )
    return _from_file(path)


def _from_hugging_face(path: Path) -> Wav2Vec2Model:
    original, is_pretrained = build_hugging_face("AutoModel", str(path))
    try:
        model = import_huggingface_model(original)
    except (AttributeError, RuntimeError) as error:
        raise InputError(f"{path} is no wav2vec 2.0 or HuBERT that torchaudio knows: {str(error)[:300]}") from error
    if is_pretrained:
        mark_pretrained(model)
    return model


def _from_file(path: Path) -> Wav2Vec2Model:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what damaged bytes make of the reader can be any error
        raise InputError(
            f"{path} cannot be read as tensors. fairseq's files often hold objects of fairseq too, which are not run here: take "
            f"torchaudio's or Hugging Face's edition of the same network. ({repr(error)[:100]})"
        ) from error
    state = content.get("model", content)
    if is_of_fairseq(state):
        state = {new: value for name, value in state.items() if (new := torchaudio_name(name)) is not None}
    state = {name: value for name, value in state.items() if not name.startswith(_FINE_TUNED_HEAD)}
    model = _architecture_of(state, path)()
    model.load_state_dict(state)
    logging.info(f"The weights of {path} begin the encoder")
    mark_pretrained(model)
    return model


def _architecture_of(state: Mapping[str, Tensor], path: Path) -> Callable[[], Wav2Vec2Model]:
    """The architecture whose weights have the same names and shapes."""
    shapes = _shapes(state)
    for architecture in ARCHITECTURES.values():
        with torch.device("meta"):
            if _shapes(architecture().state_dict()) == shapes:
                return architecture
    raise InputError(f"{path} holds the weights of none of {', '.join(ARCHITECTURES)}")


def _shapes(state: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    # how the positional convolution's normalised weight is named depends on the release of torch
    return {name: value.shape for name, value in state.items() if "pos_conv_embed" not in name}


def extract_frames(model: Wav2Vec2Model, waves: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """The convolutions over waveforms; utterances of different lengths are kept apart where one norm spans all time.

    Shapes:
        waves (B, N), lengths (B,) -> (B, S, D'), (B,)
    """
    extractor = model.feature_extractor
    first = cast(torch.nn.ModuleList, extractor.conv_layers)[0]
    spans_time = isinstance(first.layer_norm, torch.nn.GroupNorm)
    if not spans_time or bool((lengths == waves.size(1)).all()):
        return extractor(waves, lengths)
    alone = [extractor(wave[None, : max(int(n), LEAST_SAMPLES)], n[None]) for wave, n in zip(waves, lengths)]
    frames = torch.nn.utils.rnn.pad_sequence([rows[0] for rows, _ in alone], batch_first=True)
    return frames, torch.cat([olens for _, olens in alone])
