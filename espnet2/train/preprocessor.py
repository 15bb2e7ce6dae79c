"""From what the files hold to what the model reads: augmented speech, and text as token ids."""

# T samples, C channels, L tokens

import logging
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from espnet2.text.abs_tokenizer import AbsTokenizer
from espnet2.text.build_tokenizer import build_tokenizer
from espnet2.text.cleaner import TextCleaner
from espnet2.text.token_id_converter import TokenIDConverter
from espnet2.train.augment import (
    add_noise,
    parse_db_range,
    read_noise,
    read_rir,
    read_sources,
    reverberate,
    speech_power,
)
from espnet2.utils.errors import InputError

_MANY_TOKENS = 500


class CommonPreprocessor:
    """Speech: in training room, noise and a least length; always volume and channels. Text: clean, split, number.

    Args:
        train: Whether to augment.
        token_type: The tokens' unit; None leaves text alone.
        token_list: A file or a list of tokens.
        bpemodel: The sentencepiece model of token_type bpe.
        text_cleaner: Names of cleaners.
        g2p_type: From words to phonemes.
        unk_symbol: The token for what is not in the list.
        space_symbol: The token of a blank between characters.
        non_linguistic_symbols: Symbols that are one token.
        delimiter: Between words.
        force_single_channel: Average the channels.
        rir_scp: List of impulse responses; one is chosen at random.
        rir_apply_prob: How often.
        noise_scp: List of noises.
        noise_apply_prob: How often.
        noise_db_range: Signal-to-noise ratio in dB, ``low_high``.
        short_noise_thres: Warn when noise is shorter than this part of the speech.
        aux_task_names: Further data that is text.
        speech_volume_normalize: The greatest amplitude that speech is scaled to.
        speech_name: The speech's data name.
        text_name: The text's data name.
        fs: The sample rate; impulse responses and noises with another are refused. 0: not checked.
        nonsplit_symbol: Further symbols that the tokenizer keeps whole.
        min_sample_size: Shorter speech is padded to this in training; -1: not at all.
        audio_pad_value: With this value.
    Raises:
        InputError: If options do not fit together, files are missing, or an option is not supported.
    """

    def __init__(
        self,
        train: bool,
        use_lang_prompt: bool = False,
        use_nlp_prompt: bool = False,
        token_type: str | None = None,
        token_list: str | Iterable[str] | None = None,
        bpemodel: str | None = None,
        text_cleaner: str | Iterable[str] | None = None,
        g2p_type: str | None = None,
        unk_symbol: str = "<unk>",
        space_symbol: str = "<space>",
        non_linguistic_symbols: str | Iterable[str] | None = None,
        delimiter: str | None = None,
        force_single_channel: bool = False,
        rir_scp: str | None = None,
        rir_apply_prob: float = 1.0,
        noise_scp: str | None = None,
        noise_apply_prob: float = 1.0,
        noise_db_range: str = "3_10",
        short_noise_thres: float = 0.5,
        aux_task_names: Sequence[str] | None = None,
        speech_volume_normalize: float | None = None,
        speech_name: str = "speech",
        text_name: str = "text",
        fs: int = 0,
        nonsplit_symbol: Iterable[str] | None = None,
        data_aug_effects: list | None = None,
        data_aug_num: Sequence[int] = (1, 1),
        data_aug_prob: float = 0.0,
        min_sample_size: int = -1,
        audio_pad_value: float = 0.0,
        whisper_language: str | None = None,
        whisper_task: str | None = None,
    ):
        asked = {
            "use_lang_prompt": use_lang_prompt,
            "use_nlp_prompt": use_nlp_prompt,
            "data_aug_effects": data_aug_effects,
            "whisper_language": whisper_language,
            "whisper_task": whisper_task,
        }
        _refuse_unsupported(asked)
        self.train = train
        self.speech_name = speech_name
        self.text_names = (text_name, *(aux_task_names or ()))
        self.force_single_channel = force_single_channel
        self.speech_volume_normalize = speech_volume_normalize
        self.min_sample_size = min_sample_size
        self.audio_pad_value = audio_pad_value
        self.fs = fs
        self.rirs = read_sources(rir_scp) if train and rir_scp is not None else []
        self.rir_apply_prob = rir_apply_prob
        self.noises = read_sources(noise_scp) if train and noise_scp is not None else []
        self.noise_apply_prob = noise_apply_prob
        self.noise_db_range = parse_db_range(noise_db_range)
        self.short_noise_thres = short_noise_thres
        self.tokenizer: AbsTokenizer | None = None
        self.text_cleaner = TextCleaner(text_cleaner)
        if token_type is not None:
            if token_list is None:
                raise InputError(f"token_type {token_type} needs a token_list.")
            self.tokenizer = build_tokenizer(
                token_type=token_type,
                bpemodel=bpemodel,
                delimiter=delimiter,
                space_symbol=space_symbol,
                non_linguistic_symbols=non_linguistic_symbols,
                g2p_type=g2p_type,
                nonsplit_symbol=nonsplit_symbol,
            )
            self.converter = TokenIDConverter(token_list, unk_symbol=unk_symbol)

    def __repr__(self) -> str:
        words = f"train={self.train}, speech={self.speech_name}, text={self.text_names}"
        return f"{type(self).__name__}({words}, rirs={len(self.rirs)}, noises={len(self.noises)})"

    def __call__(self, uid: str, data: dict[str, Any]) -> dict[str, np.ndarray]:
        """Preprocess one utterance.

        Args:
            uid: Its id, for messages.
            data: Speech (T,) or (T, C), texts as str; other names pass as they are.
        Returns:
            The same names; speech of the same shape (T padded to ``min_sample_size``, (T,) when a single channel is
            forced), texts as ids (L,) int64.
        """
        data = dict(data)
        if self.speech_name in data:
            data[self.speech_name] = self._speech(data[self.speech_name])
        for name in self.text_names:
            if self.tokenizer is not None and isinstance(data.get(name), str):
                data[name] = self._ids(uid, data[name], self.tokenizer)
        return data

    def _speech(self, speech: np.ndarray) -> np.ndarray:
        if self.train:
            speech = self._augmented(speech)
            missing = self.min_sample_size - len(speech)
            if missing > 0:
                pad = ((0, missing), *((0, 0),) * (speech.ndim - 1))
                speech = np.pad(speech, pad, constant_values=self.audio_pad_value)
        if self.speech_volume_normalize is not None:
            speech = speech * (self.speech_volume_normalize / max(float(np.abs(speech).max()), 1e-12))
        if self.force_single_channel and speech.ndim > 1:
            speech = speech.mean(axis=1)
        return speech

    def _augmented(self, speech: np.ndarray) -> np.ndarray:
        """Room, then noise, then no clipping."""
        has_rir = bool(self.rirs) and self.rir_apply_prob >= np.random.random()
        has_noise = bool(self.noises) and self.noise_apply_prob >= np.random.random()
        if not has_rir and not has_noise:
            return speech
        channels = speech[None] if speech.ndim == 1 else speech.T  # (C, T)
        power = speech_power(channels)
        if has_rir:
            source = self.rirs[np.random.randint(len(self.rirs))]
            channels = reverberate(channels, read_rir(source, self.fs))
        if has_noise:
            source = self.noises[np.random.randint(len(self.noises))]
            noise = read_noise(source, channels.shape[1], self.short_noise_thres, self.fs)
            channels = add_noise(channels, noise, np.random.uniform(*self.noise_db_range), power)
        channels = channels / max(float(np.abs(channels).max()), 1.0)
        return (channels[0] if speech.ndim == 1 else channels.T).astype(speech.dtype)

    def unknown_tokens(self, text: str) -> list[str]:
        """Tokens of a text that are not in the list, each once, in the order of the text."""
        if self.tokenizer is None:
            return []
        tokens = dict.fromkeys(self.tokenizer.text2tokens(self.text_cleaner(text)))
        return [token for token in tokens if token not in self.converter.token2id]

    def _ids(self, uid: str, text: str, tokenizer: AbsTokenizer) -> np.ndarray:
        tokens = tokenizer.text2tokens(self.text_cleaner(text))
        if len(tokens) > _MANY_TOKENS:
            logging.warning(f"utterance '{uid}' has {len(tokens)} tokens; is that one utterance?")
        return np.asarray(self.converter.tokens2ids(tokens), np.int64)


def _refuse_unsupported(asked: dict[str, Any]) -> None:
    for name, value in asked.items():
        if value:
            raise InputError(f"preprocessor: {name} is not supported; remove it.")
