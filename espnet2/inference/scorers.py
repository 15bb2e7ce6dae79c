"""From models to a search: which one it is, which scorers there are, and what they weigh."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor

from espnet2.inference.transcript_scorers import decoder_scorer, lm_scorer
from espnet2.search.beam_search import BeamSearch
from espnet2.search.context_biasing import HOTWORDS, ContextScorer, Phrase
from espnet2.search.ctc_greedy import CTCGreedySearch
from espnet2.search.ctc_prefix import CTCPrefixScorer
from espnet2.search.ctc_prefix_beam import CTCPrefixBeamSearch
from espnet2.search.hypothesis import Hypothesis
from espnet2.search.length_bonus import LengthBonus
from espnet2.search.options import SearchOptions
from espnet2.search.rescoring import RescoringSearch, SecondPass, ctc_scorer, token_by_token
from espnet2.search.scorer import Scorer
from espnet2.search.time_synchronous import TimeSynchronousSearch
from espnet2.utils.errors import InputError


class Search(Protocol):
    """Encoded frames to hypotheses."""

    weights: dict[str, float]

    def __call__(
        self, encoded: Tensor, lengths: Tensor, maxlenratio: float = 0.0, minlenratio: float = 0.0
    ) -> list[list[Hypothesis]]:
        """encoded (U, T, D), lengths (U,) -> for each utterance its hypotheses, best first"""


def build_search(
    asr_model: Any,
    lm: Any | None,
    ngram: Scorer | None,
    token_list: Sequence[str],
    options: SearchOptions,
    phrases: Sequence[Phrase] = (),
    transducer_conf: Mapping[str, Any] | None = None,
    n_iterations: int = 10,
    threshold_probability: float = 0.999,
) -> Search:
    """The search over a recogniser, a language model and an n-gram model.

    Args:
        asr_model: The recogniser.
        lm: A language model of the same tokens.
        ngram: An n-gram model of the same tokens.
        token_list: All tokens.
        options: Kind of search, weights and beam.
        phrases: Hotwords; see ``espnet2.inference.hotwords``.
        transducer_conf: Options of a transducer's search.
        n_iterations: Rounds of Mask-CTC.
        threshold_probability: Tokens of Mask-CTC that are less sure are masked.
    Raises:
        InputError: If an option asks for a part that the recogniser does not have.
    """
    if asr_model.joint_network is not None:
        refuse_for_transducer(options, phrases, ngram)
        from espnet2.inference.transducer_search import build_transducer_search

        return build_transducer_search(
            asr_model, lm, token_list, options.beam_size, options.lm_weight, options.nbest, transducer_conf
        )
    if transducer_conf:
        raise InputError("transducer_conf: the model is no transducer. Leave this option out.")
    if hasattr(asr_model, "mask_token"):
        _refuse_ctc_modes(options, phrases, "A Mask-CTC model")
        from espnet2.inference.mask_ctc_search import build_mask_ctc_search

        return build_mask_ctc_search(asr_model, n_iterations, threshold_probability)
    parts = SearchParts(asr_model, lm, ngram, token_list, options, phrases)
    return BUILDERS["time_sync" if options.time_sync else options.decoding_mode](parts)


def refuse_for_transducer(options: SearchOptions, phrases: Sequence[Phrase], ngram: Scorer | None) -> None:
    """Refuse what a transducer's search would take no notice of.

    Raises:
        InputError: If there is anything of the kind.
    """
    _refuse_ctc_modes(options, phrases, "A transducer")
    if ngram is not None and options.ngram_weight:
        raise InputError("The search of a transducer has no use for an n-gram model: leave ngram_file (use_ngram) out.")
    if options.penalty:
        raise InputError("The search of a transducer has no use for a length bonus: leave penalty out.")


def _refuse_ctc_modes(options: SearchOptions, phrases: Sequence[Phrase], model: str) -> None:
    if options.decoding_mode != "attention" or options.time_sync:
        asked = "time_sync" if options.time_sync else f"decoding_mode {options.decoding_mode}"
        raise InputError(f"{model} has a search of its own: leave {asked} out.")
    if phrases:
        raise InputError(f"{model} cannot be biased by hotwords: leave the option out.")


class SearchParts:
    """What searches are made of; see ``build_search`` for the arguments.

    Raises:
        InputError: If weights and mode do not fit the model.
    """

    def __init__(
        self,
        asr_model: Any,
        lm: Any | None,
        ngram: Scorer | None,
        token_list: Sequence[str],
        options: SearchOptions,
        phrases: Sequence[Phrase],
    ):
        self.model = asr_model
        self.options = options
        self.vocab_size = len(token_list)
        self.ends = {"sos": asr_model.sos, "eos": asr_model.eos}
        self.weights = {
            "decoder": 1.0 - options.ctc_weight,
            "ctc": options.ctc_weight,
            "lm": options.lm_weight,
            "ngram": options.ngram_weight,
            "length_bonus": options.penalty,
            HOTWORDS: 1.0,
        }
        given = {
            "decoder": asr_model.decoder,
            "lm": lm,
            "ngram": ngram,
            "length_bonus": LengthBonus(self.vocab_size),
            HOTWORDS: ContextScorer(phrases, self.vocab_size, asr_model.eos) if phrases else None,
        }
        self.scorers: dict[str, Any] = {name: scorer for name, scorer in given.items() if scorer is not None}
        self._check()

    def only(self, *names: str) -> dict[str, Any]:
        """Some of the scorers, as far as they are there."""
        return {name: self.scorers[name] for name in names if name in self.scorers}

    def _check(self) -> None:
        mode, ctc_weight = self.options.decoding_mode, self.options.ctc_weight
        if not 0.0 <= ctc_weight <= 1.0:
            raise InputError(f"ctc_weight is {ctc_weight}; it must lie between 0 and 1.")
        if self.options.time_sync and mode != "attention":
            raise InputError(f"time_sync is a search of its own; it does not go with decoding_mode {mode}.")
        self._check_ctc(mode, ctc_weight)
        if mode in ("ctc_greedy", "ctc_prefix_beam"):
            return
        decoder = self.scorers.get("decoder")
        if decoder is None and ctc_weight < 1.0:
            raise InputError(f"The model has no attention decoder: ctc_weight must be 1.0, not {ctc_weight}.")
        if decoder is not None and mode == "attention" and not isinstance(decoder, Scorer):
            raise InputError(
                f"The beam search cannot use a {type(decoder).__name__}: it is not a Scorer. (linear_decoder only classifies.)"
            )

    def _check_ctc(self, mode: str, ctc_weight: float) -> None:
        if self.options.time_sync and ctc_weight == 0.0:
            raise InputError("time_sync needs a ctc_weight above 0: CTC decides in which frame a token comes.")
        if self.model.ctc is not None:
            return
        if mode != "attention":
            raise InputError(f"decoding_mode {mode}: the model was trained without CTC.")
        if ctc_weight > 0.0:
            raise InputError(f"The model was trained without CTC: ctc_weight must be 0.0, not {ctc_weight}.")


def label_synchronous(parts: SearchParts) -> BeamSearch:
    """Token after token, by decoder and CTC."""
    model, options = parts.model, parts.options
    # the order in which scores are told
    scorers = parts.only("decoder")
    if model.ctc is not None:
        scorers["ctc"] = CTCPrefixScorer(model.ctc, model.eos, model.blank_id)
    return BeamSearch(
        {**scorers, **parts.scorers},
        parts.weights,
        beam_size=options.beam_size,
        vocab_size=parts.vocab_size,
        use_pre_beam=options.ctc_weight != 1.0,
        normalize_length=options.normalize_length,
        **parts.ends,
    )


def greedy(parts: SearchParts) -> CTCGreedySearch:
    """The likeliest path of CTC."""
    unused = [name for name in ("lm", "ngram", HOTWORDS) if name in parts.scorers and parts.weights[name]]
    if unused:
        raise InputError(
            f"decoding_mode ctc_greedy does not search, so it has no use for {', '.join(unused)}: leave them out, or "
            "give them the weight 0."
        )
    return CTCGreedySearch(parts.model.ctc, blank=parts.model.blank_id, **parts.ends)


def _prefix_beam(parts: SearchParts, kind: type, names: Sequence[str], ctc_weight: float) -> Any:
    return kind(
        parts.model.ctc,
        parts.only(*names),
        {**parts.weights, "ctc": ctc_weight},
        beam_size=parts.options.beam_size,
        blank=parts.model.blank_id,
        normalize_length=parts.options.normalize_length,
        **parts.ends,
    )


def ctc_prefix_beam(parts: SearchParts) -> CTCPrefixBeamSearch:
    """Frame after frame, by CTC."""
    return _prefix_beam(parts, CTCPrefixBeamSearch, ("lm", "ngram", "length_bonus", HOTWORDS), 1.0)


def first_of_two(parts: SearchParts) -> CTCPrefixBeamSearch:
    """CTC without other models: they judge what it finds."""
    return _prefix_beam(parts, CTCPrefixBeamSearch, (HOTWORDS,), 1.0)


def second_of_two(parts: SearchParts) -> SecondPass:
    """All models, over whole transcripts."""
    ends = parts.ends
    judges = {name: token_by_token(scorer, **ends) for name, scorer in parts.only("ngram", "length_bonus").items()}
    if parts.model.ctc is not None:
        judges["ctc"] = ctc_scorer(parts.model.ctc, parts.model.blank_id)
    if "decoder" in parts.scorers:
        judges["decoder"] = decoder_scorer(parts.model)
    if "lm" in parts.scorers:
        judges["lm"] = lm_scorer(parts.scorers["lm"], **ends)
    return SecondPass(judges, parts.weights, parts.options.normalize_length)


def _time_synchronous(parts: SearchParts) -> Search:
    names = ("decoder", "lm", "ngram", "length_bonus", HOTWORDS)
    return _prefix_beam(parts, TimeSynchronousSearch, names, parts.options.ctc_weight)


def _rescoring(parts: SearchParts) -> Search:
    if "ngram" in parts.scorers:
        parts.scorers["ngram"].is_partial = True  # the tokens to judge are known
    return RescoringSearch(first_of_two(parts), second_of_two(parts))


BUILDERS: Mapping[str, Callable[[SearchParts], Search]] = {
    "attention": label_synchronous,
    "ctc_greedy": greedy,
    "ctc_prefix_beam": ctc_prefix_beam,
    "rescoring": _rescoring,
    "time_sync": _time_synchronous,
}
