"""Beam search while the speech comes in, block after block.

Tsunoo, Kashiwagi, Watanabe, "Streaming Transformer ASR with Blockwise Synchronous Beam Search", 2021,
https://arxiv.org/abs/2006.14941

The label-synchronous search goes on as far as the frames of a block allow: until a hypothesis ends, or repeats itself,
which is what attention does when it finds nothing new. The last tokens at the end of a block are not to be trusted, so
the next block begins one token earlier. No hypothesis is computed anew for more frames: decoder, language model and CTC
carry their states on.

The paper calls it a repetition when any token is said a second time. With characters, digits or small words that is so in
every block, and nothing would be heard before the end of the utterance. Here it is the same tokens three times in a row
within one block, more than anybody says in so short a time.
"""

# Shapes: s new frames, r frames that wait, D model size, K hypotheses, L tokens so far (sos first)
import copy
from collections.abc import Sequence
from math import inf
from typing import NamedTuple

import torch
from torch import Tensor

from espnet2.search.beam_search import Beam, BeamSearch, Choice, max_tokens, min_tokens
from espnet2.search.hypothesis import EndedHypotheses, Hypothesis, rank
from espnet2.utils.errors import InputError

REPETITIONS = 3


class BlockwiseState(NamedTuple):
    """One stream."""

    waiting: Tensor | None = None  # (r, D)  frames that do not yet make a block
    num_heard: int = 0  # frames of the blocks so far
    num_blocks: int = 0
    beam: Beam | None = None  # of one utterance
    nbest: Sequence[Hypothesis] = ()


class BlockwiseBeamSearch:
    """The label-synchronous beam search of a stream.

    Args:
        search: Scorers, weights and beam.
        block_size: Encoder frames of a block.
        hop_size: Frames from block to block.
        look_ahead: Frames at the end of a block that only the next ones decide about.
        maxlenratio: Most tokens as a part of the frames; 0: as many as frames, with end detection; -n: n tokens.
        minlenratio: Fewest tokens as a part of the frames; -n: n tokens. Without effect on an utterance that has no
            longer hypothesis.
        detect_repetition: Whether a block is done when the best hypothesis repeats itself.
        max_frames: How many of the last frames the scorers hear; 0: all.
        hold_n: Tokens that a block gives up for the next one to find anew, besides the last one.
        keep_best_only: Go on from block to block with the best hypothesis alone.

    Raises:
        InputError: If the sizes of the blocks make no sense, or a scorer must have the whole speech at once.
    """

    def __init__(
        self,
        search: BeamSearch,
        block_size: int = 40,
        hop_size: int = 16,
        look_ahead: int = 16,
        maxlenratio: float = 0.0,
        minlenratio: float = 0.0,
        detect_repetition: bool = True,
        max_frames: int = 0,
        hold_n: int = 0,
        keep_best_only: bool = False,
    ):
        if hop_size < 1 or not 0 <= look_ahead < block_size:
            raise InputError(
                f"block_size {block_size}, hop_size {hop_size}, look_ahead {look_ahead}: the hop must be at least 1, and "
                "the frames ahead must be fewer than those of a block."
            )
        if 0 < max_frames < block_size:
            raise InputError(f"encoded_feat_length_limit {max_frames} is less than a block of {block_size} frames.")
        for scorer in search.scorers.values():
            if not scorer.can_stream:
                raise InputError(
                    f"A {type(scorer).__name__} cannot stream: it needs the whole utterance. Take another decoder, or a "
                    "search by CTC alone (decoding_mode ctc_prefix_beam)."
                )
        self.search = search
        self.weights = search.weights
        self.first_block = block_size - look_ahead
        self.hop_size = hop_size
        self.maxlenratio = maxlenratio
        self.minlenratio = minlenratio
        self.detect_repetition = detect_repetition
        self.max_frames = max_frames or None
        self.hold_n = hold_n
        self.keep_best_only = keep_best_only

    def with_limits(self, maxlenratio: float, minlenratio: float) -> "BlockwiseBeamSearch":
        """The same search with other limits of length."""
        other = copy.copy(self)
        other.maxlenratio, other.minlenratio = maxlenratio, minlenratio
        return other

    def start(self) -> BlockwiseState:
        """The state before the first frame."""
        return BlockwiseState()

    @torch.no_grad()
    def advance(
        self, state: BlockwiseState, frames: Tensor, is_final: bool
    ) -> tuple[BlockwiseState, list[Hypothesis]]:
        """Hear some frames more, and go through the blocks that are complete; see ``StreamingSearch``.

        Before the last frames the results are the hypotheses that could end here; where there are none, those without
        an end.

        Shapes:
            frames (s, D)
        """
        waiting = frames if state.waiting is None else torch.cat([state.waiting, frames])
        num_frames = state.num_heard + len(waiting)
        while num_frames >= (end := self.first_block + self.hop_size * state.num_blocks):
            new, waiting = waiting.tensor_split([end - state.num_heard])
            state = self._hear_block(state, new, is_final=False)
        if not is_final:
            return state._replace(waiting=waiting), list(state.nbest)
        if num_frames:
            state = self._hear_block(state, waiting, is_final=True)
        return self.start(), list(state.nbest)

    def _hear_block(self, state: BlockwiseState, frames: Tensor, is_final: bool) -> BlockwiseState:
        """Search as far as a block's new frames allow: frames (s, D)."""
        beam = self._hear(state.beam, frames.unsqueeze(0))
        num_heard = state.num_heard + len(frames)
        longest = max_tokens(num_heard, self.maxlenratio)
        if is_final:
            nbest = self._finish(beam, longest, min_tokens(num_heard, self.minlenratio))
        else:
            beam, nbest = self._search_block(beam, min(longest - 1, num_heard))
        return BlockwiseState(None, num_heard, state.num_blocks + 1, beam, nbest)

    def _hear(self, beam: Beam | None, encoded: Tensor) -> Beam:
        """Give all scorers the new frames: encoded (1, s, D)."""
        if beam is None:
            return self.search.start(encoded, torch.tensor([encoded.size(1)], device=encoded.device))
        if encoded.size(1) == 0:
            return beam
        states = {
            name: scorer.extend(beam.states[name], encoded, self.max_frames)
            for name, scorer in self.search.scorers.items()
        }
        return beam._replace(states=states)

    def _search_block(self, beam: Beam, longest: int) -> tuple[Beam, list[Hypothesis]]:
        """Search until the frames are used up; the beam that the next block begins with, and what is known."""
        beams = [beam]
        ended: list[Hypothesis] = []
        while num_tokens(beams[-1]) < longest:
            choice = self.search.choose(beams[-1])
            ended = [self.search.complete(choice, 0, column) for column in self._ends(choice)]
            if ended:
                break
            if self.detect_repetition and (size := repeated(choice.prefixes[0, 0].tolist(), len(beams))):
                del beams[len(beams) + 1 - (REPETITIONS - 1) * size :]
                break
            if num_tokens(beams[-1]) + 1 < longest:
                beams.append(self.search.follow(choice, choice.totals))
            else:  # nobody goes on from here
                beams.append(Beam(choice.prefixes, choice.totals, choice.sums, {}))
        return self._leave(beams, ended)

    def _leave(self, beams: Sequence[Beam], ended: Sequence[Hypothesis]) -> tuple[Beam, list[Hypothesis]]:
        """The beam that the next block begins with, and what is known.

        Args:
            beams: After no, one, ... tokens of this block.
            ended: Hypotheses that could end here.
        """
        last = beams[-1]
        beam = beams[max(0, len(beams) - 2 - self.hold_n)]
        if self.keep_best_only:
            is_best = beam.totals == beam.totals.amax(1, keepdim=True)
            beam = beam._replace(totals=beam.totals.masked_fill(~is_best, -torch.inf))
        return beam, rank(ended or unended(last), self.search.normalize_length)

    def _finish(self, beam: Beam, longest: int, shortest: int) -> list[Hypothesis]:
        """The hypotheses of the whole utterance, best first."""
        ended = EndedHypotheses()
        too_short: list[Hypothesis] = []
        for step in range(num_tokens(beam), longest):
            choice = self.search.choose(beam)
            if self.maxlenratio == 0 and ended.is_over(step):
                break
            ends = self._ends(choice)
            complete = [self.search.complete(choice, 0, column) for column in ends]
            totals = choice.totals.index_fill(1, torch.tensor(ends, device=choice.totals.device).long(), -torch.inf)
            if step == longest - 1:
                going_on = (totals[0] > -torch.inf).nonzero().flatten().tolist()
                complete += [self.search.complete(choice, 0, column, add_eos=True) for column in going_on]
            for hypothesis in complete:
                if step >= shortest:
                    ended.add(hypothesis)
                else:
                    too_short.append(hypothesis)
            if bool((totals == -torch.inf).all()):
                break
            beam = self.search.follow(choice, totals)
        return rank(ended.hypotheses or too_short, self.search.normalize_length)

    def _ends(self, choice: Choice) -> list[int]:
        """Which extensions end the utterance."""
        extensions = zip(choice.tokens[0].tolist(), choice.totals[0].tolist())
        return [column for column, (token, total) in enumerate(extensions) if token == self.search.eos and total > -inf]


def num_tokens(beam: Beam) -> int:
    """Tokens of its hypotheses, sos not counted."""
    return beam.prefixes.size(2) - 1


def repeated(tokens: Sequence[int], num_new: int) -> int:
    """How many tokens are said several times in a row at the end of the new ones; 0 if there is no such repetition."""
    for size in range(1, num_new // REPETITIONS + 1):
        said = list(tokens[len(tokens) - REPETITIONS * size :])
        if said == said[:size] * REPETITIONS:
            return size
    return 0


def unended(beam: Beam) -> list[Hypothesis]:
    """The hypotheses of one utterance, as they are."""
    sums = {name: values[0].tolist() for name, values in beam.sums.items()}
    return [
        Hypothesis(beam.prefixes[0, column], total, {name: own[column] for name, own in sums.items()}, has_eos=False)
        for column, total in enumerate(beam.totals[0].tolist())
        if total > -inf
    ]
