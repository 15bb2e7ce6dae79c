"""Options of a recogniser that do not go together."""
from collections.abc import Sequence

from espnet2.asr.abs_decoder import AbsDecoder
from espnet2.asr.abs_encoder import AbsEncoder
from espnet2.asr.decoder.linear_decoder import LinearDecoder
from espnet2.utils.errors import InputError


def check_options(
    ctc_weight: float,
    interctc_weight: float,
    decoder: AbsDecoder | None,
    encoder: AbsEncoder,
    multi_blank_durations: Sequence[int],
) -> None:
    """Look through a recogniser's options before it is built.

    Raises:
        InputError: If a weight is out of its range or wants a part that is not there, or something is not supported.
    """
    if multi_blank_durations:
        raise InputError("model_conf: transducer_multi_blank_durations: multi-blank transducers are not supported")
    if not 0.0 <= ctc_weight <= 1.0:
        raise InputError(f"model_conf: ctc_weight must lie between 0 and 1, but it is {ctc_weight}")
    if not 0.0 <= interctc_weight < 1.0:
        raise InputError(f"model_conf: interctc_weight must be at least 0 and below 1, but it is {interctc_weight}")
    if decoder is None and ctc_weight < 1.0:
        raise InputError(f"model_conf: without a decoder ctc_weight must be 1.0, but it is {ctc_weight}")
    if isinstance(decoder, LinearDecoder) and ctc_weight != 0.0:
        raise InputError(f"model_conf: with linear_decoder ctc_weight must be 0.0, but it is {ctc_weight}")
    if ctc_weight == 0.0 and (interctc_weight > 0 or encoder.needs_ctc):
        raise InputError("model_conf: intermediate CTC needs a ctc_weight above 0")
    if interctc_weight > 0 and not encoder.interctc_layer_idx:
        raise InputError("model_conf: interctc_weight needs interctc_layer_idx in encoder_conf")
