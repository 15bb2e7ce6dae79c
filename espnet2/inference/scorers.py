"""From models to the beam search: which scorers there are, and what they weigh."""

from collections.abc import Mapping, Sequence
from typing import Any

from espnet2.search.beam_search import BeamSearch
from espnet2.search.ctc_prefix import CTCPrefixScorer
from espnet2.search.length_bonus import LengthBonus
from espnet2.search.options import SearchOptions
from espnet2.search.scorer import Scorer
from espnet2.utils.errors import InputError


def build_search(
    asr_model: Any, lm: Scorer | None, ngram: Scorer | None, token_list: Sequence[str], options: SearchOptions
) -> BeamSearch:
    """The search over a recogniser's decoder and CTC, a language model and an n-gram model.

    Args:
        asr_model: The recogniser.
        lm: A language model of the same tokens.
        ngram: An n-gram model of the same tokens.
        token_list: All tokens.
        options: Weights and beam.
    Raises:
        InputError: If a weight asks for a part that the recogniser does not have.
    """
    weights = {
        "decoder": 1.0 - options.ctc_weight,
        "ctc": options.ctc_weight,
        "lm": options.lm_weight,
        "ngram": options.ngram_weight,
        "length_bonus": options.penalty,
    }
    parts: Mapping[str, Scorer | None] = {
        "decoder": asr_model.decoder,
        "ctc": None if asr_model.ctc is None else CTCPrefixScorer(asr_model.ctc, asr_model.eos, asr_model.blank_id),
        "lm": lm,
        "ngram": ngram,
        "length_bonus": LengthBonus(len(token_list)),
    }
    _check(parts, options.ctc_weight)
    return BeamSearch(
        {name: scorer for name, scorer in parts.items() if scorer is not None},
        weights,
        beam_size=options.beam_size,
        vocab_size=len(token_list),
        sos=asr_model.sos,
        eos=asr_model.eos,
        use_pre_beam=options.ctc_weight != 1.0,
        normalize_length=options.normalize_length,
    )


def _check(parts: Mapping[str, Scorer | None], ctc_weight: float) -> None:
    if not 0.0 <= ctc_weight <= 1.0:
        raise InputError(f"ctc_weight is {ctc_weight}; it must lie between 0 and 1.")
    if parts["decoder"] is None and ctc_weight < 1.0:
        raise InputError(f"The model has no attention decoder: ctc_weight must be 1.0, not {ctc_weight}.")
    if parts["ctc"] is None and ctc_weight > 0.0:
        raise InputError(f"The model was trained without CTC: ctc_weight must be 0.0, not {ctc_weight}.")
    decoder = parts["decoder"]
    if decoder is not None and not isinstance(decoder, Scorer):
        raise InputError(f"The beam search cannot use a {type(decoder).__name__}: it is not a Scorer.")
