"""The options of the search."""

from dataclasses import dataclass

from espnet2.config.options import option
from espnet2.utils.types import str_or_none

DECODING_MODES = ("attention", "ctc_greedy", "ctc_prefix_beam", "rescoring")


@dataclass
class SearchOptions:
    """Search.

    In Python ``hotwords`` may be a list of phrases, or of pairs of a phrase and its boost.
    """

    beam_size: int = option(20, "Hypotheses kept of each utterance")
    nbest: int = option(1, "Results written of each utterance")
    ctc_weight: float = option(0.5, "Weight of CTC; the attention decoder has the rest of 1")
    lm_weight: float = option(1.0, "Weight of the language model")
    ngram_weight: float = option(0.9, "Weight of the n-gram model")
    ngram_scorer: str = option("full", "Whether the n-gram model judges all tokens or candidates", choices=("full", "part"))
    penalty: float = option(0.0, "Bonus of each token, against short results")
    maxlenratio: float = option(
        0.0, "Most tokens as a part of the encoder's frames; 0: as many as frames, with end detection; -n: n tokens"
    )
    minlenratio: float = option(0.0, "Fewest tokens as a part of the encoder's frames; -n: n tokens")
    normalize_length: bool = option(False, "Rank results by score per token")
    decoding_mode: str = option(
        "attention",
        "attention: token after token, by decoder and CTC; ctc_greedy: the likeliest token of each frame; "
        "ctc_prefix_beam: frame after frame, by CTC; rescoring: that, and its results judged by the decoder",
        choices=DECODING_MODES,
    )
    time_sync: bool = option(False, "Frame after frame, by decoder and CTC together")
    hotwords: str | None = option(
        None, "File with phrases to listen for, one a line, with a boost of its own after a tab or without", str_or_none
    )
    hotword_boost: float = option(2.0, "What each token of such a phrase adds to the score")
