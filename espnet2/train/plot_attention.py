"""Pictures of attention weights, one per utterance and layer.

A figure of a plotting library with an axis per head takes a tenth of a second, and there are dozens per epoch. These
are the weights themselves as pixels, with captions, in a few milliseconds.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from espnet2.utils.paths import path_below

PANEL = (280, 220)  # width and height of a head's picture, pixels
MARGIN = 24


def attention_weights(model: torch.nn.Module, batch: dict[str, Any]) -> dict[str, Tensor]:
    """The weights of every attention module in one pass over a batch.

    Args:
        model: Its attention modules have the attribute ``keep_attention``; when that is True they keep their weights in
            ``attn``.
        batch: Keyword arguments of the model.
    Returns:
        Module path, such as ``decoder.decoders.0.src_attn`` -> weights (B, H, L, T).
    """
    with _kept(model) as modules, torch.no_grad():
        model(**batch)
        return {name: module.attn.float().cpu() for name, module in modules.items() if module.attn is not None}


@contextmanager
def _kept(model: torch.nn.Module) -> Iterator[dict[str, Any]]:
    modules: dict[str, Any] = {name: module for name, module in model.named_modules() if hasattr(module, "keep_attention")}
    for module in modules.values():
        module.keep_attention = True
    try:
        yield modules
    finally:
        for module in modules.values():
            module.keep_attention, module.attn = False, None


def without_padding(weights: Tensor) -> Tensor:
    """Cut the positions that nobody looks at from the end; in self-attention these are no queries either.

    Shapes:
        weights (H, L, T) -> (H, L, <=T), or (H, <=L, <=T) where L = T
    """
    seen = weights.amax(dim=(0, 1)).nonzero()
    end = int(seen[-1]) + 1 if len(seen) else weights.shape[2]
    return weights[:, :end, :end] if weights.shape[1] == weights.shape[2] else weights[:, :, :end]


def attention_image(weights: Tensor, title: str) -> Any:
    """Heads in a row, input to the right, output downwards; colours from a head's least to its largest weight.

    Shapes:
        weights (H, L, T)
    Returns:
        A ``PIL.Image.Image``.
    """
    from matplotlib import colormaps
    from PIL import Image, ImageDraw

    width, height = PANEL
    num_heads, num_out, num_in = weights.shape
    canvas = Image.new("RGB", (num_heads * (width + MARGIN) + MARGIN, height + 2 * MARGIN + 8), "white")
    draw = ImageDraw.Draw(canvas)
    draw.text((MARGIN, 6), title, fill="black")
    for head, values in enumerate(weights.numpy()):
        values = (values - values.min()) / max(float(np.ptp(values)), 1e-12)
        panel = Image.fromarray(colormaps["viridis"](values, bytes=True)[..., :3])
        left = MARGIN + head * (width + MARGIN)
        canvas.paste(panel.resize(PANEL, _filter(num_out, num_in, Image)), (left, MARGIN))
        draw.text((left, height + MARGIN + 4), f"Input 0-{num_in - 1}", fill="black")
        label = Image.new("RGB", (height, MARGIN - 6), "white")
        ImageDraw.Draw(label).text((0, 2), f"Output 0-{num_out - 1}", fill="black")
        canvas.paste(label.rotate(-90, expand=True), (left - MARGIN + 4, MARGIN))
    return canvas


def _filter(num_out: int, num_in: int, image: Any) -> Any:
    """Average when pixels are fewer than weights, else show each weight as a rectangle."""
    return image.Resampling.BOX if num_in > PANEL[0] or num_out > PANEL[1] else image.Resampling.NEAREST


def draw_attention(
    model: torch.nn.Module, batches: Iterable[tuple[list[str], dict[str, Any]]], epoch: int, directory: Path
) -> Iterator[tuple[str, Path]]:
    """Write ``<directory>/<utterance>/<layer>.<epoch>ep.png`` for each utterance and attention module.

    Args:
        model: In evaluation mode.
        batches: Ids and batches on the model's device.
        epoch: Part of the names.
        directory: Usually ``att_ws``.
    Yields:
        ``<layer>_<utterance>`` and the file.
    """
    for ids, batch in batches:
        for layer, weights in attention_weights(model, batch).items():
            if len(weights) != len(ids):
                continue  # a layer that looks at blocks of utterances has no picture of one
            for utterance, own in zip(ids, weights):
                name = f"{layer}_{utterance}"
                path = path_below(directory, utterance) / f"{layer}.{epoch}ep.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                attention_image(without_padding(own), name).save(path, compress_level=1)
                yield name, path
