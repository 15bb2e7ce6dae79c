"""Networks of Hugging Face as parts of a model, and their caches in a search."""
import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from espnet2.fileio.hugging_face import from_pretrained, read_config, transformers
from espnet2.layers.pretrained import wants_pretrained_weights
from espnet2.utils.errors import InputError


def build_hugging_face(
    auto_class: str, name: str, load_weights: bool = True, changes: Mapping[str, Any] | None = None
) -> tuple[Any, bool]:
    """A network with its published weights, or a random one if a checkpoint is going to be loaded over it.

    Args:
        auto_class: Such as ``AutoModelForSeq2SeqLM``.
        name: A folder, or the name of a published model. Of a random network only ``config.json`` is needed.
        load_weights: Whether published weights are wanted at all.
        changes: Entries of the network's configuration that are to be others.

    Returns:
        The network (float32, in training mode), and whether it has published weights.

    Raises:
        InputError: If transformers is not installed, the files are nowhere, or an entry is unknown.
    """
    config = read_config(name)
    unknown = [key for key in changes or {} if not hasattr(config, key)]
    if unknown:
        raise InputError(f"overriding_architecture_config: {name} has no {', '.join(unknown)}")
    for key, value in (changes or {}).items():
        setattr(config, key, value)
    is_pretrained = load_weights and wants_pretrained_weights()
    if is_pretrained:
        model = from_pretrained(auto_class, name, config=config)
    else:
        try:
            model = getattr(transformers(), auto_class).from_config(config)
        except ValueError as error:
            raise InputError(f"{name} cannot be built as {auto_class} of transformers: {str(error)[:300]}") from error
    return model.float().train(), is_pretrained


def without_embedding(model: torch.nn.Module) -> torch.nn.Module:
    """Take the embedding of tokens away from a network that reads vectors."""
    model.set_input_embeddings(torch.nn.Identity())  # type: ignore[operator]
    return model


def new_cache(has_source: bool) -> Any:
    """An empty cache of keys and values, which a network fills.

    Args:
        has_source: Whether the network attends to an encoder's output too.
    """
    package = transformers()
    cache = package.DynamicCache()
    return package.EncoderDecoderCache(cache, package.DynamicCache()) if has_source else cache


def copy_cache(cache: Any) -> Any:
    """A cache that a network may fill further, while the given one stays as it is. Keys and values are shared."""
    copied = copy.copy(cache)
    if hasattr(cache, "cross_attention_cache"):
        copied.self_attention_cache = copy_cache(cache.self_attention_cache)
        copied.cross_attention_cache = copy_cache(cache.cross_attention_cache)
        copied.is_updated = dict(cache.is_updated)
    else:
        copied.layers = [copy.copy(layer) for layer in cache.layers]
    return copied


def take_rows(cache: Any, rows: Tensor) -> Any:
    """The cache of some rows, in the order given; the given cache stays as it is.

    Shapes:
        rows (N',)
    """
    taken = copy_cache(cache)
    taken.batch_select_indices(rows)
    return taken


def join_rows(caches: Sequence[Any]) -> Any:
    """All rows of several caches of the same length, one after another; of a network without a source."""
    joined = copy_cache(caches[0])
    for layer, *parts in zip(joined.layers, *(cache.layers for cache in caches)):
        layer.keys = torch.cat([part.keys for part in parts])
        layer.values = torch.cat([part.values for part in parts])
    return joined
