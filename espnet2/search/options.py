"""The options of the search."""

from dataclasses import dataclass

from espnet2.config.options import option
from espnet2.utils.types import int_or_none, str_or_none

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


@dataclass
class StreamingOptions:
    """Streaming search."""

    block_size: int | None = option(None, "Encoder frames of a block; none: as the model was trained", int_or_none)
    hop_size: int | None = option(None, "Encoder frames from block to block; none: as trained", int_or_none)
    look_ahead: int | None = option(
        None, "Encoder frames at the end of a block that only help the others; none: as trained", int_or_none
    )
    disable_repetition_detection: bool = option(
        False, "Do not stop a block's search when the best hypothesis says the same three times in a row"
    )
    decoder_text_length_limit: int = option(
        0, "Most tokens that decoder and language model look back at; 0: all of the utterance"
    )
    encoded_feat_length_limit: int = option(
        0, "Most encoder frames that decoder and CTC go on to hear; 0: all of the utterance"
    )
    incremental_decode: bool = option(False, "Go on from block to block with the best hypothesis alone")
    hold_n: int = option(0, "Tokens that a block gives up for the next one to find anew, besides the last one")
    run_back_stitch: bool = option(False, "End a block where CTC expects no more tokens (run-and-back stitch search)")
    two_pass: bool = option(False, "Judge the final hypotheses once more, by the decoder over the whole utterance")
