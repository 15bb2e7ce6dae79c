"""A recording of known words, and a recogniser that hears exactly those whose time lies in what it is given."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import torch

from espnet2.search.hypothesis import Hypothesis, Word
from espnet2.text.build_tokenizer import build_tokenizer
from espnet2.text.token_id_converter import TokenIDConverter

RATE = 1000  # enough for levels
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def spoken(seconds, seed=0, pause_part=0.1):
    """Noise wherever a word is: samples and words. A part of the words is followed by a pause, none in the second quarter."""
    random = np.random.default_rng(seed)
    samples = (1e-3 * random.standard_normal(round(seconds * RATE))).astype(np.float32)
    words, time = [], 0.5
    while time < seconds - 2:
        duration = random.uniform(0.2, 0.5)
        name = "".join(random.choice(list(LETTERS), random.integers(2, 6)))
        words.append(Word(name, round(time, 3), round(time + duration, 3), 0.9))
        first = round(time * RATE)
        burst = 0.2 * random.standard_normal(round(duration * RATE))
        samples[first : first + len(burst)] += burst.astype(np.float32)
        time += duration
        if random.random() < pause_part and not seconds / 4 < time < seconds / 2:
            time += random.uniform(0.3, 2.5)
    return samples, words


class Hearing:
    """In the place of ``Speech2Text``. Words that are cut by an edge of the piece are misheard.

    Args:
        samples: The whole recording, of which pieces are views.
        words: What is said in it.
        token_type: ``char`` or ``word``.
        tells_words: Whether the words' times are told.
        jitter_seconds: How wrong they are at most.
    """

    def __init__(self, samples, words, token_type="char", tells_words=True, jitter_seconds=0.0):
        self.samples, self.words, self.tells_words, self.jitter = samples, words, tells_words, jitter_seconds
        self.random = np.random.default_rng(1)
        self.tokenizer = build_tokenizer(token_type)
        units = sorted({word.word for word in words} | {"misheard"}) if token_type == "word" else ["<space>", *LETTERS]
        tokens = ["<blank>", "<unk>", *units, "<sos/eos>"]
        self.converter = TokenIDConverter(tokens)
        self.asr_model = SimpleNamespace(sos=len(tokens) - 1, eos=len(tokens) - 1)
        self.batches = []
        self.num_misheard = 0

    def __call__(self, speech):
        self.batches.append([len(piece) for piece in speech])
        return [self.hear(piece) for piece in speech]

    def hear(self, piece):
        offset = piece.__array_interface__["data"][0] - self.samples.__array_interface__["data"][0]
        start = offset / self.samples.itemsize / RATE
        end = start + len(piece) / RATE
        heard = []
        for word in self.words:
            if word.end_seconds <= start or word.start_seconds >= end:
                continue
            whole = start <= word.start_seconds and word.end_seconds <= end
            self.num_misheard += not whole
            shift = self.random.uniform(-self.jitter, self.jitter) - start
            times = max(word.start_seconds, start) + shift, min(word.end_seconds, end) + shift
            heard.append(
                replace(word, word=word.word if whole else "misheard", start_seconds=times[0], end_seconds=times[1])
            )
        tokens = self.tokenizer.text2tokens(" ".join(word.word for word in heard))
        ids = self.converter.tokens2ids(tokens)
        yseq = torch.tensor([self.asr_model.sos, *ids, self.asr_model.eos])
        hypothesis = Hypothesis(
            yseq, -float(len(ids)), {"ctc": -2.0 * len(ids)}, words=heard if self.tells_words else None
        )
        return [(self.tokenizer.tokens2text(tokens), tokens, ids, hypothesis)]
