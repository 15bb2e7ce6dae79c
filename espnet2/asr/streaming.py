"""From the samples of live signals to what decoders read."""

# Shapes: n new samples, t new frames, s new frames after the encoder, F features, D model size
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from espnet2.asr.abs_streaming_encoder import AbsStreamingEncoder
from espnet2.asr.espnet_model import ESPnetASRModel
from espnet2.asr.frontend.default import DefaultFrontend
from espnet2.asr.frontend.sliding_window import SlidingWindow
from espnet2.layers.global_mvn import GlobalMVN
from espnet2.layers.streaming_stft import FramingState
from espnet2.layers.utterance_mvn import UtteranceMVN
from espnet2.utils.errors import InputError


class ModelStreamState(NamedTuple):
    """What one call hands to the next."""

    frontend: FramingState | None
    encoder: Any  # the encoder's own state


class StreamingParts(NamedTuple):
    """The parts of a model that an utterance goes through piece by piece."""

    frontend: DefaultFrontend | SlidingWindow | None
    normalize: GlobalMVN | None
    encoder: AbsStreamingEncoder


def streaming_parts(model: ESPnetASRModel) -> StreamingParts:
    """The parts of a model that can take an utterance piece by piece.

    Raises:
        InputError: If one of them needs the whole utterance; the message names what to train instead.
    """
    frontend, normalize, encoder = model.frontend, model.normalize, model.encoder
    if not isinstance(encoder, AbsStreamingEncoder):
        raise InputError(
            f"this model cannot stream: its encoder {type(encoder).__name__} needs the whole utterance. Decode it with"
            " use_streaming: false, or train with encoder: contextual_block_conformer, contextual_block_transformer, or"
            " conformer with dynamic_chunk_training: true"
        )
    encoder.check_streaming()
    if isinstance(normalize, UtteranceMVN):
        raise InputError(
            "this model cannot stream: normalize: utterance_mvn takes the mean of the whole utterance;"
            " train with normalize: global_mvn"
        )
    if normalize is not None and not isinstance(normalize, GlobalMVN):
        raise InputError(
            f"this model cannot stream: its normalisation {type(normalize).__name__} needs the whole utterance"
        )
    if frontend is not None and not isinstance(frontend, DefaultFrontend | SlidingWindow):
        raise InputError(
            f"this model cannot stream: its frontend {type(frontend).__name__} needs the whole utterance;"
            " train with frontend: default"
        )
    for part in ("preencoder", "postencoder"):
        if getattr(model, part) is not None:
            raise InputError(f"this model cannot stream: it has a {part}; train without one")
    return StreamingParts(frontend, normalize, encoder)


def encode_stream(
    model: ESPnetASRModel,
    samples: Sequence[Tensor],
    states: Sequence[ModelStreamState | None],
    finals: Sequence[bool],
) -> tuple[list[Tensor], list[ModelStreamState | None]]:
    """Encode what came of several independent signals.

    Together the outputs of a signal are those of ``model.encode`` in evaluation, however it is cut.

    Args:
        model: In evaluation mode.
        samples: Next samples of each signal, none too; of several channels the first is taken, as in evaluation. If
            the model has no front end: next features.
        states: From the call before; None at the start.
        finals: Whether a signal ends here.

    Returns:
        The encoded frames that are complete, none too, and the states; None after the end.

    Raises:
        InputError: If the model cannot stream, see ``streaming_parts``.
        TooShortUttError: If a signal ends before it is long enough for one frame. The states that were handed in are
            still good, so that the other signals can go on.

    Shapes:
        samples [(n,) or (n, C)], or [(t, F)] -> [(s, D)]
    """
    frontend, normalize, encoder = streaming_parts(model)
    feats = list(samples)
    framing: list[FramingState | None] = [None] * len(feats)
    if frontend is not None:
        feats, framing = frontend.stream(feats, [None if state is None else state.frontend for state in states], finals)
    if normalize is not None:
        normalized, _ = normalize(torch.cat(feats).unsqueeze(0))  # frame by frame, so all signals in a row
        feats = list(normalized.squeeze(0).split([len(frames) for frames in feats]))
    encoded, inner = encoder.stream(feats, [None if state is None else state.encoder for state in states], finals)
    after = [
        None if is_final else ModelStreamState(frame_state, encoder_state)
        for is_final, frame_state, encoder_state in zip(finals, framing, inner)
    ]
    return encoded, after
