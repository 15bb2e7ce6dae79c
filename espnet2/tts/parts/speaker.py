"""Who speaks, in which language and in which manner: what is added to the encoded text.

Jia et al., "Transfer Learning from Speaker Verification to Multispeaker Text-To-Speech Synthesis", 2018,
https://arxiv.org/abs/1806.04558 (the speakers' vectors).
"""

# Shapes: B batch, L tokens, T frames, D features, H size of encoded text, E size of a speaker's vector
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.tts.abs_tts import AbsTTS
from espnet2.tts.parts.style import StyleEncoder, StyleOptions
from espnet2.utils.errors import InputError

INTEGRATION_TYPES = ("add", "concat")


@dataclass
class ConditionOptions(StyleOptions):
    """Which conditions a network has (and the ``gst_*`` keys).

    Args:
        spks: Speakers; they are numbered by ``sids``. None or 1 for no distinction.
        langs: Languages; they are numbered by ``lids``. None or 1 for no distinction.
        spk_embed_dim: E of ``spembs``, None for none.
        spk_embed_integration_type: ``add`` a projection of the vector, or ``concat`` the vector.
        use_gst: Whether a reference utterance tells the style.

    Raises:
        InputError: If the integration type is unknown.
    """

    spks: int | None = None
    langs: int | None = None
    spk_embed_dim: int | None = None
    spk_embed_integration_type: str = "add"
    use_gst: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.spk_embed_integration_type not in INTEGRATION_TYPES:
            raise InputError(
                f"tts_conf: unknown spk_embed_integration_type {self.spk_embed_integration_type!r}; choose from "
                f"{', '.join(INTEGRATION_TYPES)}"
            )


class ConditionedTTS(AbsTTS):
    """A network whose encoded text is conditioned.

    Args:
        odim: Features D.
        size: H.
        options: The conditions.
        project_concat: Whether what is concatenated is projected back to H.

    Attributes:
        conditioned_size: The size of what ``condition`` returns.
    """

    def __init__(self, odim: int, size: int, options: ConditionOptions, project_concat: bool = True) -> None:
        super().__init__()
        self.spks, self.langs = _several(options.spks), _several(options.langs)
        self.spk_embed_dim = options.spk_embed_dim
        self.use_gst = options.use_gst
        self.is_concatenated = options.spk_embed_integration_type == "concat"
        self.gst = StyleEncoder(odim, size, options) if options.use_gst else None
        self.sid_emb = None if self.spks is None else torch.nn.Embedding(self.spks, size)
        self.lid_emb = None if self.langs is None else torch.nn.Embedding(self.langs, size)
        self.projection = None
        self.conditioned_size = size
        if options.spk_embed_dim is not None:
            source_size = options.spk_embed_dim + (size if self.is_concatenated else 0)
            if not self.is_concatenated or project_concat:
                self.projection = torch.nn.Linear(source_size, size)
            else:
                self.conditioned_size = source_size

    def condition(
        self,
        encoded: Tensor,
        feats: Tensor | None = None,
        spembs: Tensor | None = None,
        sids: Tensor | None = None,
        lids: Tensor | None = None,
        **others: Tensor | None,
    ) -> Tensor:
        """Tell the encoded text of style, speaker and language. What the network does not ask for is not looked at.

        Args:
            encoded: Encoded text.
            feats: Frames that tell the style.
            spembs: Speakers' vectors, of any length; (B, 1, E) will do.
            sids: Speakers' numbers.
            lids: Languages' numbers.
            **others: Are not looked at.

        Raises:
            InputError: If something is missing, or a number or a size does not fit.

        Shapes:
            encoded (B, L, H), feats (B, T, D), spembs (B, E), sids (B, 1), lids (B, 1) -> (B, L, H or H + E)
        """
        if self.gst is not None:
            reference = _present(feats, "the style of a reference utterance (speech)")
            encoded = encoded + self.gst(reference).unsqueeze(1)
        for table, numbers, what in ((self.sid_emb, sids, "sids"), (self.lid_emb, lids, "lids")):
            if table is not None:
                encoded = encoded + looked_up(table, numbers, what).unsqueeze(1)
        if self.spk_embed_dim is None:
            return encoded
        speakers = unit_vectors(spembs, self.spk_embed_dim).unsqueeze(1)  # (B, 1, E)
        if not self.is_concatenated:
            assert self.projection is not None
            return encoded + self.projection(speakers)
        joined = torch.cat([encoded, speakers.expand(-1, encoded.size(1), -1)], -1)
        return joined if self.projection is None else self.projection(joined)

    def condition_rows(self, encoded: Tensor, given: Mapping[str, Any]) -> Tensor:
        """Tell each text by itself, where a reference of the style must not see the padding of others.

        Args:
            encoded: Encoded text.
            given: Conditions and more; with ``feats`` there is ``feats_lengths``.

        Shapes:
            as of ``condition``
        """
        conditions = present_conditions(given)
        if self.gst is None or "feats" not in conditions:
            return self.condition(encoded, **conditions)
        rows = []
        for row, num_frames in enumerate(given["feats_lengths"].tolist()):
            own = {name: value[row : row + 1] for name, value in conditions.items()}
            rows.append(self.condition(encoded[row : row + 1], **{**own, "feats": own["feats"][:, :num_frames]}))
        return torch.cat(rows)


def present_conditions(given: Mapping[str, Any]) -> dict[str, Tensor]:
    """What ``ConditionedTTS.condition`` takes, as far as it is given."""
    names = ("feats", "spembs", "sids", "lids")
    return {name: given[name] for name in names if given.get(name) is not None}


def _several(number: int | None) -> int | None:
    """The number, if there is something to distinguish."""
    return number if number and number > 1 else None


def _present(value: Tensor | None, what: str) -> Tensor:
    if value is None:
        raise InputError(f"this model needs {what} with each text")
    return value


def unit_vectors(spembs: Tensor | None, size: int) -> Tensor:
    """Speakers' vectors of length 1.

    Args:
        spembs: The vectors.
        size: E.
    Raises:
        InputError: If they are missing or of another size.

    Shapes:
        spembs (B, E) or (B, 1, E) -> (B, E)
    """
    vectors = _present(spembs, "spembs").flatten(1)
    if vectors.size(1) != size:
        raise InputError(f"spembs have {vectors.size(1)} values, tts_conf: spk_embed_dim is {size}")
    return F.normalize(vectors)


def looked_up(table: torch.nn.Embedding, numbers: Tensor | None, what: str) -> Tensor:
    """Vectors of speakers or languages by their numbers.

    Args:
        table: The vectors.
        numbers: Which.
        what: Their name, for messages.
    Raises:
        InputError: If they are missing, or the table has none of that number.

    Shapes:
        numbers (B, 1) -> (B, H)
    """
    numbers = _present(numbers, what)
    if bool((numbers < 0).any()) or bool((numbers >= table.num_embeddings).any()):
        raise InputError(
            f"{what} must be 0 to {table.num_embeddings - 1} for this model, not {numbers.flatten().tolist()}"
        )
    return table(numbers.flatten())
