"""The options of data: which files are read, and what is done to speech and text before a batch is made."""

from dataclasses import dataclass

from espnet2.config.options import option
from espnet2.utils.errors import InputError
from espnet2.utils.types import float_or_none, parse_size, parse_size_or_none, str2triple_str, str_or_none


@dataclass
class DataOptions:
    """Training and valid data."""

    train_data_path_and_name_and_type: list = option(
        [], "A training file as 'path,name,type', e.g. wav.scp,speech,sound", str2triple_str, action="append"
    )
    valid_data_path_and_name_and_type: list = option(
        [], "A valid file as 'path,name,type'", str2triple_str, action="append"
    )
    num_workers: int = option(1, "Processes that read data beside the training; 0: the training reads itself")
    allow_variable_data_keys: bool = option(False, "Accept data names that the task does not know")
    allow_multi_rates: bool = option(False, "Accept audio of several sample rates")
    max_cache_size: int = option(0, "Bytes of read data kept in memory, e.g. 10MB", parse_size)
    valid_max_cache_size: int | None = option(None, "The same for the valid set; none: 5% of it", parse_size_or_none)
    max_cache_fd: int = option(32, "Accepted and not needed: an archive is opened for each read")
    max_bad_utterances: int = option(100, "Damaged utterances that are left out and reported before training stops")
    multi_task_dataset: bool = option(False, "Not supported; kept so that old configurations are understood")

    def __post_init__(self):
        if self.multi_task_dataset:
            raise InputError("multi_task_dataset: true is not supported. Give the files of one task only.")


@dataclass
class TextOptions:
    """From text to tokens."""

    token_type: str = option("bpe", "The unit of the text: bpe, char, word, phn, hugging_face, whisper_en or whisper_multilingual")
    token_list: str | list | None = option(None, "A file of tokens, one a line; line number = id", required=True)
    bpemodel: str | None = option(
        None, "The sentencepiece model of token_type bpe; the tokenizer's folder of hugging_face and whisper_*", str_or_none
    )
    non_linguistic_symbols: str | None = option(None, "A file of symbols that are one token", str_or_none)
    cleaner: str | list | None = option(None, "How text is cleaned before it is split", str_or_none)
    g2p: str | None = option(None, "From words to phonemes, for token_type phn", str_or_none)
    use_preprocessor: bool = option(True, "Whether text and speech are preprocessed at all")


@dataclass
class AugmentOptions:
    """Changes made to speech when it is read."""

    speech_volume_normalize: float | None = option(None, "Scale speech to this greatest amplitude", float_or_none)
    rir_scp: str | None = option(None, "List of room impulse responses, 'path' or 'id path' a line", str_or_none)
    rir_apply_prob: float = option(1.0, "How often an impulse response is applied in training")
    noise_scp: str | None = option(None, "List of noise recordings, 'path' or 'id path' a line", str_or_none)
    noise_apply_prob: float = option(1.0, "How often noise is added in training")
    noise_db_range: str = option("13_15", "The signal-to-noise ratio in dB, 'low_high' or one number", str)
    short_noise_thres: float = option(0.5, "Warn when a noise is shorter than this part of the speech")
