"""From models to a search of streams; of whole utterances see ``espnet2.inference.scorers``."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from espnet2.asr.abs_streaming_encoder import AbsStreamingEncoder
from espnet2.inference.scorers import (
    Search,
    SearchParts,
    build_search,
    ctc_prefix_beam,
    first_of_two,
    greedy,
    label_synchronous,
    refuse_for_transducer,
    second_of_two,
)
from espnet2.search.context_biasing import Phrase
from espnet2.search.options import SearchOptions, StreamingOptions
from espnet2.search.scorer import Scorer
from espnet2.search.streaming.blockwise import BlockwiseBeamSearch
from espnet2.search.streaming.ctc import StreamingCTCGreedy, StreamingCTCPrefixBeam
from espnet2.search.streaming.protocol import StreamingSearch
from espnet2.search.streaming.run_and_back import RunAndBackSearch
from espnet2.search.streaming.simulated import SimulatedStreamingSearch
from espnet2.search.streaming.text_window import TextWindow
from espnet2.search.streaming.two_pass import TwoPassSearch
from espnet2.utils.errors import InputError

SECOND_PASS_FRAMES = 3000  # two minutes of usual models
LOOKS_BACK = ("decoder", "lm")


def build_streaming_search(
    asr_model: Any,
    lm: Any | None,
    ngram: Scorer | None,
    token_list: Sequence[str],
    options: SearchOptions,
    streaming: StreamingOptions,
    phrases: Sequence[Phrase] = (),
    transducer_conf: Mapping[str, Any] | None = None,
) -> StreamingSearch:
    """The search of streams over a recogniser, a language model and an n-gram model.

    Args:
        asr_model: The recogniser; its encoder has blocks.
        lm: A language model of the same tokens.
        ngram: An n-gram model of the same tokens.
        token_list: All tokens.
        options: Kind of search, weights, beam and limits of length.
        streaming: Blocks and limits of what is kept.
        phrases: Hotwords; see ``espnet2.inference.hotwords``.
        transducer_conf: Options of a transducer's search.
    Raises:
        InputError: If an option asks for a part that the recogniser does not have, or that cannot stream.
    """
    if hasattr(asr_model, "mask_token"):
        raise InputError("A Mask-CTC model needs the whole utterance: decode it with use_streaming: false.")
    if asr_model.joint_network is not None:
        refuse_for_transducer(options, phrases, ngram)
        from espnet2.inference.transducer_search import build_streaming_transducer_search

        first: StreamingSearch = build_streaming_transducer_search(
            asr_model, lm, token_list, options.beam_size, options.lm_weight, options.nbest, transducer_conf
        )
        if not streaming.two_pass:
            return first
        options = replace(options, decoding_mode="rescoring")
        return _two_pass(first, SearchParts(asr_model, lm, ngram, token_list, options, phrases), streaming)
    if transducer_conf:
        raise InputError("transducer_conf: the model is no transducer. Leave this option out.")
    parts = SearchParts(asr_model, lm, ngram, token_list, options, phrases)
    first = BUILDERS["time_sync" if options.time_sync else options.decoding_mode](parts, streaming)
    if streaming.two_pass or options.decoding_mode == "rescoring":
        return _two_pass(first, parts, streaming)
    return first


def _two_pass(first: StreamingSearch, parts: SearchParts, streaming: StreamingOptions) -> TwoPassSearch:
    if parts.options.decoding_mode == "ctc_greedy":
        raise InputError("two_pass: ctc_greedy finds one transcript only: take decoding_mode rescoring.")
    return TwoPassSearch(first, second_of_two(parts), streaming.encoded_feat_length_limit or SECOND_PASS_FRAMES)


def build_simulated_search(
    asr_model: Any,
    lm: Any | None,
    ngram: Scorer | None,
    token_list: Sequence[str],
    options: SearchOptions,
    phrases: Sequence[Phrase] = (),
    **others: Any,
) -> Search:
    """The search of whole utterances as if they came live, where block by block makes a difference.

    Args:
        asr_model, lm, ngram, token_list, options, phrases, **others: See ``build_search``, which is asked for a model
            without blocks and for searches along the frames.
    """
    is_other_model = asr_model.joint_network is not None or hasattr(asr_model, "mask_token")
    is_by_label = options.decoding_mode == "attention" and not options.time_sync and not is_other_model
    if is_by_label and _has_blocks(asr_model.encoder):
        parts = SearchParts(asr_model, lm, ngram, token_list, options, phrases)
        return SimulatedStreamingSearch(_blockwise(parts, StreamingOptions()))
    logging.warning("streaming: the search is that of whole utterances, for the encoder or the search has no blocks.")
    return build_search(asr_model, lm, ngram, token_list, options, phrases, **others)


def _has_blocks(encoder: Any) -> bool:
    if not isinstance(encoder, AbsStreamingEncoder):
        return False
    try:
        encoder.check_streaming()
    except InputError as error:
        logging.warning(f"streaming: {error}")
        return False
    return True


def _blockwise(parts: SearchParts, streaming: StreamingOptions) -> BlockwiseBeamSearch:
    search = label_synchronous(parts)
    limit = streaming.decoder_text_length_limit
    if limit:
        for name in LOOKS_BACK:
            scorer = search.scorers.get(name)
            if scorer is not None and not scorer.sees_last_token_only:
                search.scorers[name] = TextWindow(scorer, limit, search.sos)
    encoder, options = parts.model.encoder, parts.options
    sizes = {
        name: getattr(encoder, name) if value is None else value
        for name, value in (
            ("block_size", streaming.block_size),
            ("hop_size", streaming.hop_size),
            ("look_ahead", streaming.look_ahead),
        )
    }
    kind = RunAndBackSearch if streaming.run_back_stitch else BlockwiseBeamSearch
    return kind(
        search,
        **sizes,
        maxlenratio=options.maxlenratio,
        minlenratio=options.minlenratio,
        detect_repetition=not streaming.disable_repetition_detection,
        max_frames=streaming.encoded_feat_length_limit,
        hold_n=streaming.hold_n,
        keep_best_only=streaming.incremental_decode,
    )


def _greedy(parts: SearchParts, streaming: StreamingOptions) -> StreamingSearch:
    return StreamingCTCGreedy(greedy(parts))


def _ctc_prefix_beam(parts: SearchParts, streaming: StreamingOptions) -> StreamingSearch:
    return StreamingCTCPrefixBeam(ctc_prefix_beam(parts), parts.options.maxlenratio, parts.options.minlenratio)


def _first_of_two(parts: SearchParts, streaming: StreamingOptions) -> StreamingSearch:
    return StreamingCTCPrefixBeam(first_of_two(parts), parts.options.maxlenratio, parts.options.minlenratio)


def _time_synchronous(parts: SearchParts, streaming: StreamingOptions) -> StreamingSearch:
    raise InputError("time_sync needs the whole utterance: leave it out, or take decoding_mode ctc_prefix_beam.")


BUILDERS: Mapping[str, Callable[[SearchParts, StreamingOptions], StreamingSearch]] = {
    "attention": _blockwise,
    "ctc_greedy": _greedy,
    "ctc_prefix_beam": _ctc_prefix_beam,
    "rescoring": _first_of_two,
    "time_sync": _time_synchronous,
}
