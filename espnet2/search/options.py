"""The options of the beam search."""

from dataclasses import dataclass

from espnet2.config.options import option


@dataclass
class SearchOptions:
    """Beam search."""

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
