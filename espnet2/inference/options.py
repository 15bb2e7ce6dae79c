"""The options of the inference doors."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from espnet2.config.cli import ConfigParser
from espnet2.config.nested import NestedDictAction
from espnet2.config.options import add_options, field_default, option, required_names
from espnet2.utils.errors import InputError
from espnet2.utils.types import float_or_none, int_or_none, str2triple_str, str_or_none


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
    dtype: str = option(
        "float32",
        "Precision; bfloat16 and float16: where that is safe",
        choices=("float32", "float64", "bfloat16", "float16"),
    )
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
class SoundOptions:
    """Sound of a set."""

    strict_rate: bool = option(False, "Refuse audio at another rate than the model's instead of resampling it")


@dataclass
class LongOptions:
    """Long recordings of a set."""

    long_seconds: float = option(60.0, "A longer utterance is cut in its pauses and recognised piece by piece; 0: never")


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
    transducer_conf: dict | None = option(
        None, "Options of a transducer's search as key=value, such as search_type=maes", action=NestedDictAction
    )
    word_times: bool = option(
        False, "Tell when each word is spoken and how sure it is; in a set, as word|start|end|confidence in <n>best_recog/words"
    )
    num_threads: int | None = option(None, "Threads on the CPU; none: as torch chooses", int_or_none)


@dataclass
class MaskCTCOptions:
    """Mask-CTC."""

    maskctc_n_iterations: int = option(10, "Most times that the decoder is asked to fill in masked tokens")
    maskctc_threshold_probability: float = option(0.999, "Tokens that CTC gives a lower probability are masked")


@dataclass
class SimulationOptions:
    """Simulated streaming."""

    streaming: bool = option(
        False, "Search whole utterances block by block, as if they came live (see also espnet2.bin.asr_inference_streaming)"
    )


@dataclass
class UnsupportedOptions:
    """Not supported; kept so that complete old command lines and configurations are understood."""

    word_lm_train_config: str | None = option(None, "Word language model", str_or_none)
    word_lm_file: str | None = option(None, "Word language model", str_or_none)
    enh_s2t_task: bool = option(False, "Enhancement and recognition")
    multi_asr: bool = option(False, "Several speakers")
    hugging_face_decoder: bool = option(False, "Decoder of Hugging Face")
    hugging_face_decoder_conf: dict = option({}, "Its arguments", action=NestedDictAction)
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
class GenerateOptions:
    """Language model and search."""

    lm_train_config: str | None = option(None, "config.yaml of the language model; none: beside the weights", str_or_none)
    lm_file: str | None = option(None, "Weights of the language model", str_or_none, required=True)
    ngram_file: str | None = option(None, "N-gram model, ARPA or KenLM binary", str_or_none)
    ngram_scorer: str = option("full", "Whether the n-gram model judges all tokens or candidates", choices=("full", "part"))
    token_type: str | None = option(None, "The unit of the text; none: as trained", str_or_none)
    bpemodel: str | None = option(None, "The sentencepiece model; none: as trained", str_or_none)
    quantize_lm: bool = option(False, "Quantise the language model dynamically")
    quantize_modules: list = option(["Linear"], "Kinds of torch.nn modules that are quantised", nargs="*")
    quantize_dtype: str = option("qint8", "What their weights become", choices=("qint8", "float16"))
    maxlen: int = option(100, "Most tokens that are added to a text")
    minlen: int = option(0, "Fewest")
    beam_size: int = option(20, "Hypotheses kept of each text")
    nbest: int = option(1, "Results written of each text")
    ngram_weight: float = option(0.0, "Weight of the n-gram model; the language model has 1")
    penalty: float = option(0.0, "Bonus of each token, against short results")
    normalize_length: bool = option(False, "Rank results by score per token")


@dataclass
class TranscribeOptions:
    """Input and output."""

    exp: str | None = option(None, "Experiment folder; short for --model_tag", str_or_none)
    format: str = option(
        "text",
        "text: one line 'file<tab>text' each; json: a list with words, times and segments; tsv: a line for each segment; "
        "srt and vtt: subtitles",
        choices=("text", "json", "tsv", "srt", "vtt"),
    )
    output: str | None = option(None, "File to write; none: standard output", str_or_none)
    output_dir: str | None = option(None, "Folder to write a file for each input to, instead", str_or_none)
    progress: str = option(
        "auto", "Show a bar of the seconds done; auto: on a terminal", choices=("auto", "true", "false")
    )
    long_seconds: float = option(30.0, "A file that is longer is cut in its pauses; 0: never")
    segment_seconds: float = option(20.0, "No piece of it is longer")
    overlap_seconds: float = option(2.0, "What two pieces share where there is no pause to cut in")
    pause_seconds: float = option(1.0, "A pause as long always separates pieces")
    strict_rate: bool = option(False, "Refuse audio at another rate than the model's instead of resampling it")
    batch_size: int = option(1, "Files, or pieces of long files, transcribed together")
    ngpu: int = option(0, "GPUs: 0 or 1")
    log_level: str = option(
        "WARNING", "How much is logged", choices=("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "NOTSET")
    )


def make_parser(description: str, *groups: type, foreign: tuple[type, ...] = ()) -> ConfigParser:
    """A parser of some groups of options.

    Args:
        description: What the door does.
        groups: Their options.
        foreign: Groups of other doors, whose options configurations may have: without effect, and not in the help. One that is
            given is told.
    """
    parser = ConfigParser(description=description)
    for options in groups:
        add_options(parser, options)
    for field in (field for options in foreign for field in fields(options)):
        parser.add_argument(f"--{field.name}", action=_Foreign, help=argparse.SUPPRESS)
    return parser


class _Foreign(argparse.Action):
    """Keeps the word, so that ``parse_required`` tells that nothing comes of it."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        setattr(namespace, self.dest, values)


def parse_required(parser: ConfigParser, cmd: Sequence[str] | None, *groups: type) -> argparse.Namespace:
    """Parse a command line; exits with the usage if a required option of the groups has no value."""
    args = parser.parse_args(cmd)
    for action in parser._actions:
        if isinstance(action, _Foreign) and getattr(args, action.dest) is not None:
            print(f"WARNING: {action.dest} has no effect in {parser.prog}; it is an option of other doors", file=sys.stderr)
    missing = [f"--{name}" for name in required_names(*groups) if not getattr(args, name)]
    if missing:
        parser.error(f"required: {', '.join(missing)}")
    return args
