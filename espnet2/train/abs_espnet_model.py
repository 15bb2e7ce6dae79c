"""What the trainer asks of a model: a loss with its statistics, and features to collect mean and variance of."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping

import torch
from torch import Tensor

from espnet2.train.input_needs import Check


class AbsESPnetModel(torch.nn.Module, ABC):
    """A whole model of a task: features, network and loss in one module.

    Attributes:
        extract_feats_in_collect_stats: False leaves the features out of the statistics stage, for models that do not
            normalise by collected statistics and whose frontend is costly.
    """

    extract_feats_in_collect_stats: bool = True

    @abstractmethod
    def forward(self, **batch: Tensor) -> tuple[Tensor, Mapping[str, Tensor | float | None], Tensor]:
        """Loss of a mini-batch.

        Args:
            batch: One padded tensor (B, ...) per data name, its lengths ``<name>_lengths`` (B,), and ``utt_id``, a list
                of B ids.
        Returns:
            The loss, a scalar and a mean over the batch; values to report, by name (None: nothing to report this time);
            and the weight of these means, such as the number of utterances or tokens.
        """

    @abstractmethod
    def collect_feats(self, **batch: Tensor) -> dict[str, Tensor]:
        """Features to collect statistics of: ``<name>`` (B, T, D) with ``<name>_lengths`` (B,).

        Args:
            batch: As of ``forward``, without ``utt_id``.
        """

    def sample_rates(self) -> dict[str, int]:
        """The sampling rate of each sound that the model reads, by data name; other audio is refused."""
        return {}

    def least_lengths(self) -> dict[str, int]:
        """The least samples or frames of which something is left in the model, by data name; less is left out."""
        return {}

    def utterance_check(self) -> Check | None:
        """Finds what does not fit together in the data of an utterance, which is left out then."""
        return None

    def check_data_names(self, names: Collection[str]) -> None:
        """Refuse data sets that lack what the loss needs, beyond what the task says.

        Args:
            names: Of the data that there are.
        Raises:
            InputError: If something is missing.
        """
