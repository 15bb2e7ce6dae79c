"""From a transducer and a language model to its search."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from torch.nn import RNNBase

from espnet2.asr.transducer import network_of
from espnet2.config.registry import construct
from espnet2.search.scorer import Scorer
from espnet2.search.streaming.transducer import StreamingTransducerSearch
from espnet2.search.transducer.language_model import LanguageModel
from espnet2.search.transducer.options import TransducerOptions
from espnet2.search.transducer.search import ALGORITHMS, TransducerSearch
from espnet2.utils.errors import InputError
from espnet2.utils.suggest import did_you_mean

AnySearch = TypeVar("AnySearch", bound=TransducerSearch)


def build_transducer_search(
    asr_model: Any,
    lm: Scorer | None,
    token_list: Sequence[str],
    beam_size: int,
    lm_weight: float,
    nbest: int,
    transducer_conf: Mapping[str, Any] | None,
) -> TransducerSearch:
    """The search over a transducer and a language model.

    Args:
        asr_model: The recogniser.
        lm: A language model of the same tokens; its last token stands for sos.
        token_list: All tokens.
        beam_size: Hypotheses kept of each utterance; up to 1: greedy search.
        lm_weight: Weight of the language model.
        nbest: Results of each utterance, unless ``transducer_conf`` says it.
        transducer_conf: See ``espnet2.search.transducer.options``.
    Raises:
        InputError: If an option is unknown or not supported, or the language model cannot take part.
    """
    return _build(TransducerSearch, asr_model, lm, token_list, beam_size, lm_weight, nbest, transducer_conf)


def build_streaming_transducer_search(
    asr_model: Any,
    lm: Scorer | None,
    token_list: Sequence[str],
    beam_size: int,
    lm_weight: float,
    nbest: int,
    transducer_conf: Mapping[str, Any] | None,
) -> StreamingTransducerSearch:
    """The same search of streams; see ``build_transducer_search``.

    Raises:
        InputError: Also if the kind of search must have the whole utterance at once.
    """
    return _build(StreamingTransducerSearch, asr_model, lm, token_list, beam_size, lm_weight, nbest, transducer_conf)


def _build(
    kind: type[AnySearch],
    asr_model: Any,
    lm: Scorer | None,
    token_list: Sequence[str],
    beam_size: int,
    lm_weight: float,
    nbest: int,
    transducer_conf: Mapping[str, Any] | None,
) -> AnySearch:
    options = construct(TransducerOptions, transducer_conf or {}, "transducer_conf")
    _check(options, beam_size, len(token_list))
    if not all(isinstance(layer, RNNBase) for layer in asr_model.decoder.decoder):
        raise InputError("quantize_modules: the recurrent layers of a transducer cannot be quantised; leave them out.")
    network = network_of(asr_model.decoder, asr_model.joint_network, asr_model.blank_id)
    fused = None
    if lm is not None and lm_weight:
        if beam_size <= 1:
            logging.warning("The greedy search of a transducer does without the language model.")
        elif type(lm).join is Scorer.join:
            raise InputError(f"A {type(lm).__name__} cannot take part in the search of a transducer: leave it out.")
        else:
            device = next(asr_model.parameters()).device
            fused = LanguageModel(lm, lm_weight, sos=len(token_list) - 1, device=device)
    return kind(network, beam_size, options, fused, nbest)


def _check(options: TransducerOptions, beam_size: int, vocab_size: int) -> None:
    kind = options.search_type
    if options.multi_blank_durations or options.multi_blank_indices or kind == "mbg":
        raise InputError("transducer_conf: multi-blank transducers are not supported.")
    if kind not in ALGORITHMS:
        raise InputError(f"transducer_conf: search_type: unknown '{kind}'.{did_you_mean(kind, list(ALGORITHMS))}")
    if options.score_norm_during:
        raise InputError("transducer_conf: score_norm_during is not supported; score_norm ranks the results.")
    for name in ("max_sym_exp", "nstep", "prefix_alpha", "u_max", "expansion_beta"):
        least = 0 if name in ("prefix_alpha", "expansion_beta") else 1
        if getattr(options, name) < least:
            raise InputError(f"transducer_conf: {name} must be at least {least}, not {getattr(options, name)}.")
    if kind == "maes" and beam_size + options.expansion_beta > vocab_size:
        raise InputError(
            f"transducer_conf: maes needs as many tokens as beam_size + expansion_beta = "
            f"{beam_size + options.expansion_beta}, but there are {vocab_size}; choose a smaller beam."
        )
