"""Weights & Biases, the only file that imports it."""

from collections.abc import Mapping
from pathlib import Path

from espnet2.train.abs_monitor import AbsMonitor
from espnet2.train.options import TrainerOptions
from espnet2.train.reporter import RESERVED, Reporter
from espnet2.utils.errors import InputError


class Wandb(AbsMonitor):
    """Logs to a W&B run, whose local files are in ``<output_dir>/wandb``.

    Args:
        options: The ``wandb_*`` fields and ``resume``.
        output_dir: The training's directory.
        task_name: Part of the default project, ``ESPnet_<task_name>``.
    Raises:
        InputError: If wandb is not installed.
    """

    def __init__(self, options: TrainerOptions, output_dir: Path, task_name: str = ""):
        try:
            import wandb
        except ImportError as error:
            raise InputError("--use_wandb true needs: pip install wandb") from error
        self.wandb = wandb
        self.model_interval = options.wandb_model_log_interval
        self.run = wandb.init(
            entity=options.wandb_entity,
            project=options.wandb_project or f"ESPnet_{task_name}",
            name=options.wandb_name or str(output_dir).replace("/", "_"),
            dir=str(output_dir),
            id=options.wandb_id,
            resume="allow" if options.resume else None,
        )

    def interval(self, averages: Mapping[str, float], step: int) -> None:
        """See the base class."""
        self.run.log({f"train/{name}": value for name, value in averages.items()} | {"iteration": step})

    def epoch(self, reporter: Reporter, step: int) -> None:
        """See the base class."""
        values = {
            f"metrics/{phase}_{name}_epoch": value
            for phase, results in reporter.stats[reporter.epoch].items()
            for name, value in results.items()
            if name not in RESERVED
        }
        self.run.log(values | {"epoch": reporter.epoch, "iteration": step})

    def picture(self, name: str, path: Path, epoch: int) -> None:
        """See the base class."""
        self.run.log({f"attn/{name}": self.wandb.Image(str(path)), "epoch": epoch})

    def weights(self, path: Path, epoch: int) -> None:
        """Upload the file every ``wandb_model_log_interval`` epochs."""
        if self.model_interval > 0 and epoch % self.model_interval == 0:
            artifact = self.wandb.Artifact(f"model_{self.run.id}", type="model", metadata={"epoch": epoch})
            artifact.add_file(str(path))
            self.run.log_artifact(artifact)

    def close(self) -> None:
        """See the base class."""
        self.run.finish()
