"""Time-synchronous joint CTC/attention search.

Yan et al., "CTC Alignments Improve Autoregressive Translation", 2022, https://arxiv.org/abs/2210.05200; the
CTC part after Hannun et al., 2014, https://arxiv.org/abs/1408.2873.

It is the CTC prefix beam search with the attention decoder among the scorers of tokens: frames decide when a prefix
grows, so the decoder can neither stop too early nor go on for ever, and nobody judges the end of a transcript (but what
an unfinished hotword has earned is taken back there).
"""

from collections.abc import Mapping
from typing import Any

from espnet2.search.context_biasing import HOTWORDS
from espnet2.search.ctc_prefix import CTCHead
from espnet2.search.ctc_prefix_beam import CTCPrefixBeamSearch
from espnet2.search.scorer import Scorer


class TimeSynchronousSearch(CTCPrefixBeamSearch):
    """Frame after frame, by CTC, decoder and language model together.

    Args:
        ctc: The CTC head.
        scorers: The attention decoder and other scorers of tokens, by name.
        weights: Weights by name, ``ctc`` among them.
        **options: See ``CTCPrefixBeamSearch``.
    """

    def __init__(self, ctc: CTCHead, scorers: Mapping[str, Scorer], weights: Mapping[str, float], **options: Any):
        super().__init__(ctc, scorers, weights, **options, judges_of_end=(HOTWORDS,))
