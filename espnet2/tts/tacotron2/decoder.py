"""The decoder of Tacotron 2: attention and LSTM cells write a step of frames, looking at the last one.

Shen et al., "Natural TTS Synthesis by Conditioning WaveNet on Mel Spectrogram Predictions", 2018,
https://arxiv.org/abs/1712.05884, section 2.2. Several frames in a step: Wang et al., "Tacotron", 2017,
https://arxiv.org/abs/1703.10135, section 3.3.

The recurrence is left with what depends on the step before. The prenet goes over all frames at once in training, and so
do the output layers.
"""

# Shapes: B batch, N tokens, E encoder's size, T frames, D features, R frames of a step, S steps, Q units, P prenet's size
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.layers.lstm_run import State, Step
from espnet2.layers.rnn_attention.abs_attention import Memory, Source
from espnet2.layers.rnn_attention.content import AddAttention
from espnet2.tts.parts.autoregression import Ending, Written, corrected, generate
from espnet2.tts.parts.postnet import Postnet
from espnet2.tts.parts.prenet import Prenet
from espnet2.tts.parts.randomness import Generators, StepDropout
from espnet2.tts.parts.targets import shifted
from espnet2.tts.tacotron2.attention import within_window
from espnet2.tts.tacotron2.zoneout import build_cell, start_cell
from espnet2.utils.errors import InputError


class DecoderState(NamedTuple):
    """What a step leaves to the next."""

    source: Source
    memory: Memory  # of the attention
    steps: list[Step]  # of each layer
    hidden: list[State]  # of each layer

    def keep(self, rows: Tensor) -> "DecoderState":
        """Some of the utterances: rows (B',)."""
        memory = tuple(part.index_select(0, rows) for part in self.memory)
        hidden = [(output[rows], cells[rows]) for output, cells in self.hidden]
        return DecoderState(self.source.keep(rows), memory, self.steps, hidden)


class Decoded(NamedTuple):
    """What is written when the frames are told."""

    after: Tensor  # (B, T, D) output of the postnet
    before: Tensor  # (B, T, D) its input
    logits: Tensor  # (B, T) of having ended
    att_w: Tensor  # (B, S, N)


class Decoder(torch.nn.Module):
    """Encoded text to frames.

    Args:
        idim: E.
        odim: D.
        att: Looks at the text.
        dlayers: LSTM layers.
        dunits: Q.
        prenet: From the last frame; None to see it as it is.
        postnet: Corrects the frames.
        output_activation: A function of ``torch.nn.functional`` on the frames, or None.
        use_concate: Whether the output layers see what the attention has read.
        reduction_factor: R.
        zoneout_rate: See ``ZoneOutCell``.

    Raises:
        InputError: If there is no such activation.
    """

    def __init__(
        self,
        idim: int,
        odim: int,
        att: AddAttention,
        dlayers: int,
        dunits: int,
        prenet: Prenet | None,
        postnet: Postnet,
        output_activation: str | None,
        use_concate: bool,
        reduction_factor: int,
        zoneout_rate: float,
    ) -> None:
        super().__init__()
        prenet_size = odim if prenet is None else prenet.output_size
        if output_activation is not None and not callable(getattr(F, output_activation, None)):
            raise InputError(f"tts_conf: torch.nn.functional has no output_activation {output_activation!r}")
        self.odim = odim
        self.dunits = dunits
        self.reduction_factor = reduction_factor
        self.use_concate = use_concate
        self.activation = None if output_activation is None else getattr(F, output_activation)
        self.att = att
        self.lstm = torch.nn.ModuleList(
            build_cell(dunits if layer else idim + prenet_size, dunits, zoneout_rate) for layer in range(dlayers)
        )
        self.prenet = prenet
        self.postnet = postnet
        top_size = dunits + (idim if use_concate else 0)
        self.feat_out = torch.nn.Linear(top_size, odim * reduction_factor, bias=False)
        self.prob_out = torch.nn.Linear(top_size, reduction_factor)

    def forward(self, hs: Tensor, hlens: Tensor, ys: Tensor) -> Decoded:
        """Write each step after the right frame.

        Args:
            hs: Encoded text.
            hlens: Its tokens.
            ys: The right frames, a multiple of R.

        Shapes:
            hs (B, N, E), hlens (B,), ys (B, T, D)
        """
        seen = self._see(shifted(ys, self.reduction_factor)).transpose(0, 1)  # (S, B, P)
        x, contexts, att_w = self._look_and_run(hs, hlens, seen)
        for cell in self.lstm[1:]:  # nothing of them is looked at in the next step
            x = _run(cell, x)
        if self.att.keep_attention:
            self.att.attn = att_w.detach().unsqueeze(1)
        tops = torch.cat([x, contexts], 2) if self.use_concate else x  # (S, B, Q or Q + E)
        frames, logits = self._output(tops.transpose(0, 1))
        return Decoded(self._activate(self.postnet(frames)), self._activate(frames), logits, att_w)

    def _look_and_run(self, hs: Tensor, hlens: Tensor, seen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """All steps of the attention and of the first layer.

        Returns:
            Outputs of the layer, what the attention has read, and its weights.

        Shapes:
            hs (B, N, E), hlens (B,), seen (S, B, P) -> (S, B, Q), (S, B, E), (B, S, N)
        """
        source = self.att.ready_for_run(self.att.prepare(hs, hlens), len(seen))
        memory = self.att.start(source)
        state = start_state(hs, self.dunits)
        step = start_cell(self.lstm[0], len(seen), len(hs), seen)
        outputs, contexts, weights = [], [], []
        for _ in range(len(seen)):
            context, own_weights, memory = self.att(source, state[0].unsqueeze(1), memory)
            state = step(context.squeeze(1), state)
            outputs.append(state[0])
            contexts.append(context.squeeze(1))
            weights.append(own_weights.squeeze(1))
        return torch.stack(outputs), torch.stack(contexts), torch.stack(weights, 1)

    def inference(
        self,
        hs: Tensor,
        hlens: Tensor,
        ending: Ending,
        window: tuple[int, int] | None,
        generators: Generators,
    ) -> list[Written]:
        """Write until the end; each utterance comes out as it does alone.

        Args:
            hs: Encoded texts.
            hlens: Their tokens.
            ending: When an utterance ends.
            window: How many tokens before and after the one that was looked at most in the last step may be looked at;
                None for all.
            generators: The utterances' random numbers, for the prenet.

        Shapes:
            hs (B, N, E), hlens (B,)
        """
        written = generate(_Writer(self, hs, hlens, window, generators), hlens, ending)
        frames = corrected(self.postnet, written)
        return [own._replace(frames=self._activate(after)) for own, after in zip(written, frames)]

    def _start(self, hs: Tensor, hlens: Tensor) -> DecoderState:
        source = self.att.prepare(hs, hlens)
        steps = [start_cell(cell, None, len(hs)) for cell in self.lstm]
        return DecoderState(source, self.att.start(source), steps, [start_state(hs, self.dunits) for _ in steps])

    def _see(self, frames: Tensor, dropout: StepDropout | None = None) -> Tensor:
        """Shapes: frames (..., D) -> (..., P)."""
        return frames if self.prenet is None else self.prenet(frames, dropout)

    def _activate(self, frames: Tensor) -> Tensor:
        return frames if self.activation is None else self.activation(frames)

    def _step(self, seen: Tensor, state: DecoderState) -> tuple[Tensor, Tensor, DecoderState]:
        """Look at the text and write.

        Returns:
            What the output layers see, the attention's weights, and what the step leaves.

        Shapes:
            seen (B, P) -> (B, Q or Q + E), (B, N)
        """
        context, weights, memory = self.att(state.source, state.hidden[0][0].unsqueeze(1), state.memory)
        context = context.squeeze(1)  # (B, E)
        x = torch.cat([context, seen], 1)
        hidden = []
        for step, own in zip(state.steps, state.hidden):
            own = step(x, own)
            hidden.append(own)
            x = own[0]
        top = torch.cat([x, context], 1) if self.use_concate else x
        return top, weights.squeeze(1), state._replace(memory=memory, hidden=hidden)

    def _output(self, tops: Tensor) -> tuple[Tensor, Tensor]:
        """Frames and whether they are the last.

        Shapes:
            tops (B, S, Q or Q + E) -> (B, T, D), (B, T)
        """
        frames = self.feat_out(tops).unflatten(2, (self.odim, self.reduction_factor))  # (B, S, D, R)
        return frames.transpose(2, 3).flatten(1, 2), self.prob_out(tops).flatten(1)


def start_state(like: Tensor, num_units: int) -> State:
    """The state of a layer before its first step, for each of the rows of a tensor."""
    nothing = like.new_zeros(len(like), num_units)
    return nothing, nothing


def _run(cell: torch.nn.Module, xs: Tensor) -> Tensor:
    """All steps of a layer whose inputs are known: (S, B, Q) -> (S, B, Q)."""
    state = start_state(xs[0], xs.size(2))
    step = start_cell(cell, len(xs), xs.size(1), xs)
    outputs = []
    for _ in range(len(xs)):
        state = step(None, state)
        outputs.append(state[0])
    return torch.stack(outputs)


class _Writer:
    """Steps of several utterances; see ``espnet2.tts.parts.autoregression.Writer``.

    Args:
        decoder: What takes them.
        hs, hlens, window, generators: See ``Decoder.inference``.
    """

    def __init__(
        self,
        decoder: Decoder,
        hs: Tensor,
        hlens: Tensor,
        window: tuple[int, int] | None,
        generators: Generators,
    ) -> None:
        self.decoder = decoder
        self.state = decoder._start(hs, hlens)
        self.source = self.state.source
        self.last = hs.new_zeros(len(hs), decoder.odim)
        self.window = window
        self.centres = torch.zeros_like(hlens)  # (B,) tokens that were looked at most
        self.dropout = None if decoder.prenet is None else decoder.prenet.start_dropout(generators, hs)

    def step(self) -> tuple[Tensor, Tensor, Tensor]:
        """Shapes: -> (B, R, D), (B, R), (B, N)."""
        decoder, state = self.decoder, self.state
        if self.window is not None:
            state = state._replace(source=within_window(self.source, self.centres, *self.window))
        top, weights, self.state = decoder._step(decoder._see(self.last, self.dropout), state)
        frames, logits = decoder._output(top.unsqueeze(1))
        self.centres, self.last = weights.argmax(-1), decoder._activate(frames[:, -1])
        return frames, logits, weights

    def keep(self, rows: Tensor) -> None:
        """Go on with some of the utterances: rows (B',)."""
        self.source, self.state = self.source.keep(rows), self.state.keep(rows)
        self.last, self.centres = self.last[rows], self.centres[rows]
        if self.dropout is not None:
            self.dropout.keep(rows)
