"""From a Mask-CTC recogniser to its search."""

from typing import Any

from espnet2.search.mask_ctc import MaskCTCSearch
from espnet2.utils.errors import InputError


def build_mask_ctc_search(
    asr_model: Any, n_iterations: int = 10, threshold_probability: float = 0.999
) -> MaskCTCSearch:
    """The search over a recogniser's CTC and masked language model.

    Args:
        asr_model: A ``MaskCTCModel``.
        n_iterations: Most decoder calls.
        threshold_probability: Tokens that CTC gives a lower posterior are filled in by the decoder.
    Raises:
        InputError: If the recogniser lacks one of the two, or an option is out of its range.
    """
    if asr_model.ctc is None:
        raise InputError("The model was trained without CTC (ctc_weight 0), from which Mask-CTC starts.")
    if asr_model.decoder is None:
        raise InputError("The model was trained with CTC alone (ctc_weight 1): there is no decoder to fill in masks.")
    return MaskCTCSearch(
        asr_model.ctc.log_softmax,
        asr_model.decoder,
        mask_token=asr_model.mask_token,
        sos=asr_model.sos,
        eos=asr_model.eos,
        blank=asr_model.blank_id,
        n_iterations=n_iterations,
        threshold_probability=threshold_probability,
    )
