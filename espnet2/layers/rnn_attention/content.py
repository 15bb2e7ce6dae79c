"""Attention that looks at the frames' content only: none, by product, by sum."""

# Shapes: U utterances, K hypotheses of each, T frames, E encoder's size, Q decoder's size, A attention's size
import torch
from torch import Tensor

from espnet2.layers.lstm_run import start_linear
from espnet2.layers.rnn_attention.abs_attention import AbsRNNAttention, Memory, Source


class NoAttention(AbsRNNAttention):
    """All frames alike."""

    def project(self, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Nothing to project."""
        return encoded, encoded

    def energies(self, source: Source, query: Tensor, memory: Memory) -> Tensor:
        """Zeros."""
        return query.new_zeros(*query.shape[:2], source.keys.size(1))


class DotAttention(AbsRNNAttention):
    """Product of frame and state: ``tanh(W h_t + b) . tanh(V z + c)``.

    Luong, Pham, Manning, "Effective Approaches to Attention-based Neural Machine Translation", 2015,
    https://arxiv.org/abs/1508.04025.

    Args:
        encoder_size: E.
        decoder_size: Q.
        adim: A.
    """

    def __init__(self, encoder_size: int, decoder_size: int, adim: int) -> None:
        super().__init__()
        self.mlp_enc = torch.nn.Linear(encoder_size, adim)
        self.mlp_dec = torch.nn.Linear(decoder_size, adim)

    def project(self, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Shapes: encoded (U, T, E) -> (U, T, A), (U, T, E)."""
        return torch.tanh(self.mlp_enc(encoded)), encoded

    def energies(self, source: Source, query: Tensor, memory: Memory) -> Tensor:
        """Shapes: query (U, K, Q) -> (U, K, T)."""
        return torch.tanh(self.mlp_dec(query)) @ source.keys.transpose(1, 2)


class AddAttention(AbsRNNAttention):
    """Sum of frame, state and, in derived classes, memory: ``g . tanh(W h_t + b + V z + memory_t)``.

    Bahdanau, Cho, Bengio, "Neural Machine Translation by Jointly Learning to Align and Translate", 2015,
    https://arxiv.org/abs/1409.0473.

    Args:
        encoder_size: E.
        decoder_size: Q.
        adim: A.
    """

    def __init__(self, encoder_size: int, decoder_size: int, adim: int) -> None:
        super().__init__()
        self.mlp_enc = torch.nn.Linear(encoder_size, adim)
        self.mlp_dec = torch.nn.Linear(decoder_size, adim, bias=False)
        self.gvec = torch.nn.Linear(adim, 1)

    def project(self, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Shapes: encoded (U, T, E) -> (U, T, A), (U, T, E)."""
        return self.mlp_enc(encoded), encoded

    def energies(self, source: Source, query: Tensor, memory: Memory) -> Tensor:
        """Shapes: query (U, K, Q) -> (U, K, T)."""
        asked = self.mlp_dec(query) if source.ask is None else source.ask(query.flatten(0, 1)).view(*query.shape[:2], -1)
        terms = source.keys.unsqueeze(1) + asked.unsqueeze(2)  # (U, K, T, A)
        remembered = self.features(memory)
        terms = terms if remembered is None else terms.add_(remembered)
        return self.gvec(terms.tanh_()).squeeze(-1)

    def ready_for_run(self, source: Source, num_steps: int) -> Source:
        """The source for so many steps of one hypothesis each, of which less is left to do in training."""
        nothing = source.keys.new_zeros(()).expand(num_steps, len(source.keys), self.mlp_dec.out_features)
        return source._replace(ask=start_linear(self.mlp_dec.weight, nothing))

    def features(self, memory: Memory) -> Tensor | None:
        """What the memory adds; None for nothing.

        Shapes:
            -> (U, K, T or 1, A)
        """
        return None
