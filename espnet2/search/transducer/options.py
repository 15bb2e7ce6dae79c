"""The options of a transducer's search."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass
class TransducerOptions:
    """What ``transducer_conf`` may hold.

    Attributes:
        search_type: default (best first), tsd, alsd, nsc or maes; greedy whenever the beam is 1.
        max_sym_exp: tsd: rounds of a frame; the last one gives no label.
        u_max: alsd: most labels.
        nstep: nsc: labels that a frame may give; maes: the same, at least 2.
        prefix_alpha: nsc and maes: by how many labels a hypothesis may be longer than a prefix that it is joined with.
        expansion_gamma: maes: how far below the best extension of a hypothesis another one may lie.
        expansion_beta: maes: extensions of a hypothesis beyond the beam.
        score_norm: Rank results by score per label, blank at the beginning included.
        score_norm_during: Not supported.
        nbest: Results; none: as many as are asked for elsewhere.
        multi_blank_durations: Not supported.
        multi_blank_indices: Not supported.
    """

    search_type: str = "default"
    max_sym_exp: int = 2
    u_max: int = 50
    nstep: int = 1
    prefix_alpha: int = 1
    expansion_gamma: float = 2.3
    expansion_beta: int = 2
    score_norm: bool = True
    score_norm_during: bool = False
    nbest: int | None = None
    multi_blank_durations: Sequence[int] = ()
    multi_blank_indices: Sequence[int] = ()
