"""The options of training: the loop, the processes it runs in, and the optimiser. No torch is imported here."""

from dataclasses import dataclass
from typing import Any

from espnet2.config.nested import NestedDictAction
from espnet2.config.options import option
from espnet2.optimizers.registry import optim_choices
from espnet2.schedulers.registry import scheduler_choices
from espnet2.utils.errors import InputError
from espnet2.utils.types import int_or_none, str2triple_str, str_or_none

DEFAULT_CRITERIA = [
    ("train", "loss", "min"),
    ("valid", "loss", "min"),
    ("train", "acc", "max"),
    ("valid", "acc", "max"),
]


@dataclass
class TrainerOptions:
    """Epochs, updates, checkpoints and reports."""

    max_epoch: int = option(40, "The number of epochs to train for")
    patience: int | None = option(None, "Stop after so many epochs without improvement", type=int_or_none)
    val_scheduler_criterion: list[str] = option(
        ["valid", "loss"], "Phase and value that a plateau scheduler watches", nargs=2, type=str
    )
    early_stopping_criterion: list[str] = option(
        ["valid", "loss", "min"], "Phase, value and direction (min or max) for early stopping", nargs=3, type=str
    )
    best_model_criterion: list[tuple[str, str, str]] = option(
        DEFAULT_CRITERIA,
        "What makes a model the best: 'phase,value,min|max', one or more",
        nargs="+",
        type=str2triple_str,
    )
    keep_nbest_models: list[int] = option(
        [10], "Keep and average the best N models; several N may be given", nargs="+", type=int
    )
    nbest_averaging_interval: int = option(0, "Average the best models every N epochs too (0: only at the end)")
    grad_clip: float = option(5.0, "Largest norm of the gradient; 0 or less only measures it")
    grad_clip_type: float = option(2.0, "Order of that norm")
    grad_noise: bool = option(False, "Add decaying Gaussian noise to the gradients")
    accum_grad: int = option(1, "Batches whose gradients make one update")
    no_forward_run: bool = option(False, "Only read the data, to measure how fast it comes")
    resume: bool = option(False, "Continue from checkpoint.pth of the output directory if there is one")
    train_dtype: str = option("float32", "Type of the weights", choices=["float16", "float32", "float64"])
    use_amp: bool = option(False, "Mixed precision: bfloat16 where the device has it, else float16 with a scaled loss")
    use_tf32: bool = option(False, "Let float32 products on the GPU use TensorFloat-32")
    log_interval: int | None = option(
        None, "Batches between two log lines; none: a twentieth of the epoch, at least 10", type=int_or_none
    )
    num_att_plot: int = option(3, "Utterances whose attention is drawn each epoch; 0 for none")
    use_matplotlib: bool = option(True, "Draw curves and attention under the output directory")
    use_tensorboard: bool = option(True, "Write tensorboard files under the output directory")
    create_graph_in_tensorboard: bool = option(False, "Write the model's graph to tensorboard")
    use_wandb: bool = option(False, "Report to Weights & Biases")
    wandb_project: str | None = option(None, "W&B project", type=str_or_none)
    wandb_id: str | None = option(None, "W&B run id", type=str_or_none)
    wandb_entity: str | None = option(None, "W&B entity", type=str_or_none)
    wandb_name: str | None = option(None, "W&B run name", type=str_or_none)
    wandb_model_log_interval: int = option(-1, "Upload the model to W&B every N epochs (-1: never)")
    detect_anomaly: bool = option(False, "Let autograd find the operation that makes a NaN (slow)")
    cudnn_enabled: bool = option(True, "Use cuDNN")
    cudnn_benchmark: bool = option(False, "Let cuDNN try its algorithms and keep the fastest")
    cudnn_deterministic: bool = option(True, "Only deterministic algorithms of cuDNN")
    init_param: list[str] = option(
        [],
        "Start from weights of a file: <file>[:<its part>[:<part of the model>[:<left out, ...>]]]",
        nargs="*",
        type=str,
    )
    ignore_init_mismatch: bool = option(False, "Leave out weights of --init_param whose name or shape does not fit")
    freeze_param: list[str] = option([], "Modules or parameters that are not trained, by name", nargs="*", type=str)
    use_adapter: bool = option(False, "Train adapters, small additions, instead of the model itself")
    adapter: str = option("lora", "Kind of adapter", choices=["lora", "houlsby"])
    save_strategy: str = option(
        "all",
        "Which weights the model files hold; checkpoint.pth always has all",
        choices=["all", "adapter_only", "required_grad_only"],
    )
    adapter_conf: dict[str, Any] = option(
        {},
        "Keyword arguments of the adapter: rank, alpha, dropout_rate, target_modules, bias_type (lora); "
        "bottleneck, target_layers (houlsby)",
        action=NestedDictAction,
    )


@dataclass
class DistributedOptions:
    """Which processes train together, and how they find each other."""

    dist_backend: str = option("nccl", "Collectives: nccl (GPU) or gloo; without a GPU gloo is taken")
    dist_init_method: str = option("env://", "How processes meet: env://, tcp://host:port or file:///shared/file")
    dist_world_size: int | None = option(None, "Number of processes in all", type=int_or_none)
    dist_rank: int | None = option(None, "Number of this process among them", type=int_or_none)
    local_rank: int | None = option(None, "Number of this process on its machine; its GPU", type=int_or_none)
    dist_master_addr: str | None = option(None, "Host of rank 0, for env://", type=str_or_none)
    dist_master_port: int | None = option(None, "Port of rank 0, for env://", type=int_or_none)
    dist_launcher: str | None = option(
        None, "Who started the processes", type=str_or_none, choices=["slurm", "mpi", None]
    )
    multiprocessing_distributed: bool = option(False, "Start one process per GPU of this machine")
    unused_parameters: bool = option(
        False, "Allow parameters that take no part in a step (find_unused_parameters of DDP)"
    )
    gradient_as_bucket_view: bool = option(True, "Let DDP keep gradients in its buckets, which saves a copy")
    ddp_comm_hook: str | None = option(
        None,
        "Compress gradients on the wire",
        type=str_or_none,
        choices=["fp16_compress_hook", "bf16_compress_hook", None],
    )
    sharded_ddp: bool = option(False, "Fairscale's sharded training; not supported")
    use_deepspeed: bool = option(False, "Train through DeepSpeed; not supported")
    deepspeed_config: str | None = option(None, "DeepSpeed's configuration file; not supported", type=str_or_none)

    def __post_init__(self) -> None:
        for name in ("sharded_ddp", "use_deepspeed", "deepspeed_config"):
            if getattr(self, name):
                raise InputError(f"--{name} is not supported; --multiprocessing_distributed true trains on several GPUs.")


@dataclass
class OptimOptions:
    """The optimiser and the schedule of its learning rate; names are those of the registries."""

    optim: str = option("adadelta", "The optimiser", type=optim_choices.parse)
    optim_conf: dict[str, Any] = option({}, "Keyword arguments of the optimiser", action=NestedDictAction)
    scheduler: str | None = option(None, "The learning rate schedule", type=scheduler_choices.parse)
    scheduler_conf: dict[str, Any] = option({}, "Keyword arguments of the schedule", action=NestedDictAction)
    exclude_weight_decay: bool = option(False, "No weight decay for biases, normalisations and embeddings")
    exclude_weight_decay_conf: dict[str, Any] = option(
        {},
        "Exceptions from that: bias_weight_decay, normalization_weight_decay (true: decay them)",
        action=NestedDictAction,
    )
