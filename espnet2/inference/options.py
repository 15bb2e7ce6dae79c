"""The options of the inference doors."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields

from espnet2.config.cli import ConfigParser
from espnet2.config.nested import NestedDictAction
from espnet2.config.options import add_options, field_default, option, required_names
from espnet2.utils.errors import InputError
from espnet2.utils.types import float_or_none, str2triple_str, str_or_none


@dataclass
class SetOptions:
    """Data, machine and output."""

    output_dir: str = option(None, "Where results are written", required=True)
    data_path_and_name_and_type: list = option(
        [], "A file as 'path,name,type', e.g. wav.scp,speech,sound", str2triple_str, action="append", required=True
    )
    key_file: str | None = option(None, "A file whose first column names the utterances to do", str_or_none)
    allow_variable_data_keys: bool = option(False, "Accept data names that the task does not know")
    batch_size: int = option(1, "Utterances done together")
    num_workers: int = option(1, "Processes that read data; 0: none but this one")
    ngpu: int = option(0, "GPUs: 0 or 1")
    seed: int = option(0, "Seed of the random numbers")
    dtype: str = option("float32", "Precision of the computation", choices=("float32", "float64"))
    log_level: str = option(
        "INFO", "How much is logged", choices=("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "NOTSET")
    )

    @property
    def device(self) -> str:
        """Where to compute.

        Raises:
            InputError: If more than one GPU is asked for.
        """
        if self.ngpu > 1:
            raise InputError(f"--ngpu {self.ngpu}: one process uses one GPU; run more jobs instead.")
        return "cuda" if self.ngpu else "cpu"


@dataclass
class RecogniserOptions:
    """Models."""

    model_tag: str | None = option(None, "Experiment folder or .pth, in place of the two below", str_or_none)
    asr_train_config: str | None = option(None, "config.yaml of the recogniser; none: beside the weights", str_or_none)
    asr_model_file: str | None = option(None, "Weights of the recogniser", str_or_none)
    lm_train_config: str | None = option(None, "config.yaml of the language model", str_or_none)
    lm_file: str | None = option(None, "Weights of the language model", str_or_none)
    ngram_file: str | None = option(None, "N-gram model, ARPA or KenLM binary", str_or_none)
    token_type: str | None = option(None, "The unit of the text; none: as trained", str_or_none)
    bpemodel: str | None = option(None, "The sentencepiece model; none: as trained", str_or_none)
    quantize_asr_model: bool = option(False, "Quantise the recogniser dynamically")
    quantize_lm: bool = option(False, "Quantise the language model dynamically")
    quantize_modules: list = option(["Linear"], "Kinds of torch.nn modules that are quantised", nargs="*")
    quantize_dtype: str = option("qint8", "What their weights become", choices=("qint8", "float16"))


@dataclass
class UnsupportedOptions:
    """Not supported; kept so that complete old command lines and configurations are understood."""

    word_lm_train_config: str | None = option(None, "Word language model", str_or_none)
    word_lm_file: str | None = option(None, "Word language model", str_or_none)
    transducer_conf: dict | None = option(None, "Transducer search", action=NestedDictAction)
    streaming: bool = option(False, "Simulated streaming")
    enh_s2t_task: bool = option(False, "Enhancement and recognition")
    multi_asr: bool = option(False, "Several speakers")
    hugging_face_decoder: bool = option(False, "Decoder of Hugging Face")
    hugging_face_decoder_conf: dict = option({}, "Its arguments", action=NestedDictAction)
    time_sync: bool = option(False, "Time-synchronous search")
    lid_prompt: bool = option(False, "Language prompt")
    lang_prompt_token: str | None = option(None, "Language prompt", str_or_none)
    nlp_prompt_token: str | None = option(None, "Prompt in words", str_or_none)
    prompt_token_file: str | None = option(None, "Tokens of prompts", str_or_none)
    partial_ar: bool = option(False, "Partially autoregressive search")
    threshold_probability: float = option(0.99, "Its threshold")
    max_seq_len: int = option(5, "Its longest segment")
    max_mask_parallel: int = option(-1, "Its parallel masks")

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) not in (field_default(field), None, {}):
                what = field.metadata["flag"]["help"]
                raise InputError(f"{field.name}: not supported ({what[0].lower()}{what[1:]}). Leave this option out.")


@dataclass
class PerplexityOptions:
    """Language model."""

    train_config: str | None = option(None, "config.yaml of the language model", str_or_none)
    model_file: str | None = option(None, "Weights of the language model", str_or_none, required=True)
    log_base: float | None = option(None, "Base of the logarithm; none: e", float_or_none)


@dataclass
class TranscribeOptions:
    """Input and output."""

    exp: str | None = option(None, "Experiment folder; short for --model_tag", str_or_none)
    format: str = option("text", "text: one line 'file<tab>text' each; json: one list", choices=("text", "json"))
    output: str | None = option(None, "File to write; none: standard output", str_or_none)
    batch_size: int = option(1, "Files transcribed together")
    ngpu: int = option(0, "GPUs: 0 or 1")
    log_level: str = option(
        "WARNING", "How much is logged", choices=("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "NOTSET")
    )


def make_parser(description: str, *groups: type) -> ConfigParser:
    """A parser of some groups of options."""
    parser = ConfigParser(description=description)
    for options in groups:
        add_options(parser, options)
    return parser


def parse_required(parser: ConfigParser, cmd: Sequence[str] | None, *groups: type) -> argparse.Namespace:
    """Parse a command line; exits with the usage if a required option of the groups has no value."""
    args = parser.parse_args(cmd)
    missing = [f"--{name}" for name in required_names(*groups) if not getattr(args, name)]
    if missing:
        parser.error(f"required: {', '.join(missing)}")
    return args
