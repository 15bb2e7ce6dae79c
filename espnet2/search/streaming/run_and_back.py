"""Run-and-back stitch search: blocks that end where CTC expects no more tokens.

Tsunoo, Narisetty, Hentschel, Kashiwagi, Watanabe, "Run-and-back Stitch Search: Novel Block Synchronous Decoding for
Streaming Encoder-Decoder ASR", 2022, https://arxiv.org/abs/2201.10190

The blockwise search finds the end of a block by going beyond it: until some hypothesis ends or repeats itself. Here the
end is foreseen: CTC tells how many tokens the frames still hold, and when there are none the search waits for the next
block (running stitch). Where that was wrong, the decoder listens to what it has heard before: a token whose attention
jumps back is discarded, and the next block goes on from there (back stitch).

The idea is the paper's; its formulas and thresholds were not at hand, so these are our own: the number of tokens to come
is the expectation under CTC's forward probabilities (``CTCPrefixScorer.tokens_to_come``), a jump back is judged by the
mean attention of all layers and heads (``back_probabilities`` of a decoder). And as in the blockwise search, the next
block finds the last token anew, for CTC does not count paths in which that token lasts into the new frames
(``CTCPrefixScorer.extend``); otherwise there are more errors, a fifth in a trial.
"""

# Shapes: s new frames, D model size, K hypotheses, T frames heard
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from espnet2.search.beam_search import Beam, BeamSearch, Choice
from espnet2.search.ctc_prefix import CTCPrefixScorer
from espnet2.search.hypothesis import Hypothesis
from espnet2.search.streaming.blockwise import BlockwiseBeamSearch, num_tokens
from espnet2.utils.errors import InputError

# A block is done when CTC expects fewer tokens than this. Trained models expect nearly whole numbers.
FEWEST_TO_COME = 0.5
# A token is discarded when it is as likely as this that it was said before the last one. The mean of all heads is a
# blurred view: single tokens often reach 0.6.
MOST_BACK = 0.9


@runtime_checkable
class WatchedDecoder(Protocol):
    """A scorer that can tell where its tokens are heard."""

    def watch(self, state: Any) -> Any:
        """Take note of it from now on."""

    def back_probabilities(self, state: Any) -> Tensor:
        """How likely it is that the tokens that were scored last were said before those before them: (U, K)."""


class RunAndBackSearch(BlockwiseBeamSearch):
    """The label-synchronous beam search of a stream; see ``BlockwiseBeamSearch``. No repetitions are looked for.

    Raises:
        InputError: Also if there is no CTC, or no decoder that tells where it listens.
    """

    def __init__(self, search: BeamSearch, **options: Any):
        super().__init__(search, **options)
        ctc, decoder = search.scorers.get("ctc"), search.scorers.get("decoder")
        if not isinstance(ctc, CTCPrefixScorer) or not isinstance(decoder, WatchedDecoder):
            raise InputError(
                "run_back_stitch needs a ctc_weight between 0 and 1, a decoder of the Transformer family, and no "
                "decoder_text_length_limit."
            )
        self._ctc: CTCPrefixScorer = ctc
        self._decoder: WatchedDecoder = decoder

    def _hear(self, beam: Beam | None, encoded: Tensor) -> Beam:
        heard = super()._hear(beam, encoded)
        if beam is not None:
            return heard
        return heard._replace(states={**heard.states, "decoder": self._decoder.watch(heard.states["decoder"])})

    def _search_block(self, beam: Beam, longest: int) -> tuple[Beam, list[Hypothesis]]:
        tokens_after = self._ctc.tokens_after(beam.states["ctc"])
        beams = [beam]
        while num_tokens(beams[-1]) < longest and self._expects_more(beams[-1], tokens_after):
            choice = self.search.choose(beams[-1])
            best = int(choice.totals[0].argmax())
            if choice.tokens[0, best] == self.search.eos or self._jumps_back(choice, best):
                break
            is_end = choice.tokens == self.search.eos
            beams.append(self.search.follow(choice, choice.totals.masked_fill(is_end, -float("inf"))))
        return self._leave(beams, [])

    def _expects_more(self, beam: Beam, tokens_after: Tensor) -> bool:
        """Whether there are tokens to come after the best hypothesis: tokens_after (1, T + 1)."""
        to_come = self._ctc.tokens_to_come(beam.states["ctc"], tokens_after)
        return bool(to_come[0, beam.totals[0].argmax()] >= FEWEST_TO_COME)

    def _jumps_back(self, choice: Choice, best: int) -> bool:
        """Whether the best extension is a token from the past."""
        back = self._decoder.back_probabilities(choice.states["decoder"])
        return bool(back[0, choice.parents[0, best]] >= MOST_BACK)
