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
from espnet2.layers.rnn_attention.abs_attention import AbsRNNAttention, Memory, Source
from espnet2.tts.parts.autoregression import generate
from espnet2.tts.parts.postnet import Postnet
from espnet2.tts.parts.prenet import Prenet
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
        att: AbsRNNAttention,
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
        seen_frames = self._see(shifted(ys, self.reduction_factor))
        state = self._start(hs, hlens, seen_frames.size(1))
        tops, weights = [], []
        for seen in seen_frames.unbind(1):
            top, own_weights, state = self._step(seen, state)
            tops.append(top)
            weights.append(own_weights)
        att_w = torch.stack(weights, 1)
        if self.att.keep_attention:
            self.att.attn = att_w.detach().unsqueeze(1)
        frames, logits = self._output(torch.stack(tops, 1))
        return Decoded(self._activate(self.postnet(frames)), self._activate(frames), logits, att_w)

    def inference(
        self,
        hs: Tensor,
        threshold: float,
        minlenratio: float,
        maxlenratio: float,
        window: tuple[int, int] | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Write until the end.

        Args:
            hs: Encoded text.
            threshold: See ``espnet2.tts.parts.autoregression.generate``, as for the two ratios.
            minlenratio: Frames per token at least.
            maxlenratio: Frames per token at most.
            window: How many tokens before and after the one that was looked at most in the last step may be looked at;
                None for all.
        Returns:
            Frames, the probability of having ended, the attention's weights.

        Shapes:
            hs (N, E) -> (T, D), (T,), (S, N)
        """
        state = self._start(hs.unsqueeze(0), torch.tensor([len(hs)], device=hs.device), None)
        whole = state.source
        weights: list[Tensor] = []

        def step(last: Tensor) -> tuple[Tensor, Tensor]:
            nonlocal state
            if window is not None:
                centre = int(weights[-1].argmax()) if weights else 0
                state = state._replace(source=within_window(whole, centre, *window))
            top, own_weights, state = self._step(self._see(self._activate(last) if weights else last), state)
            weights.append(own_weights)
            frames, logits = self._output(top.unsqueeze(1))
            return frames[0], logits[0]

        first = hs.new_zeros(1, self.odim)
        frames, probabilities = generate(step, first, len(hs), threshold, minlenratio, maxlenratio)
        return self._activate(self.postnet(frames.unsqueeze(0)))[0], probabilities, torch.cat(weights)

    def _start(self, hs: Tensor, hlens: Tensor, num_steps: int | None) -> DecoderState:
        source = self.att.prepare(hs, hlens)
        nothing = hs.new_zeros(len(hs), self.dunits)
        steps = [start_cell(cell, num_steps, len(hs)) for cell in self.lstm]
        return DecoderState(source, self.att.start(source), steps, [(nothing, nothing) for _ in steps])

    def _see(self, frames: Tensor) -> Tensor:
        """Shapes: frames (..., D) -> (..., P)."""
        return frames if self.prenet is None else self.prenet(frames)

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
