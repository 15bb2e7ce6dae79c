"""Tokens of a published model."""
import pickle

import pytest

from espnet2.text.build_tokenizer import build_tokenizer
from espnet2.utils.errors import InputError


@pytest.fixture
def folder(tmp_path):
    """A byte-level tokenizer of a few pieces, as Whisper's is one of many."""
    transformers = pytest.importorskip("transformers", reason="the tokenizers are its")
    tokenizers = pytest.importorskip("tokenizers", reason="comes with transformers")
    letters = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    pieces = [*letters, "he", "ll", "Ġw", "<|endoftext|>", "<|en|>"]
    model = tokenizers.models.BPE({p: n for n, p in enumerate(pieces)}, [("h", "e"), ("l", "l"), ("Ġ", "w")])
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|endoftext|>")
    fast.add_special_tokens({"additional_special_tokens": ["<|en|>"]})
    fast.save_pretrained(tmp_path)
    return tmp_path


@pytest.mark.parametrize("token_type", ["hugging_face", "whisper_multilingual"])
def test_text_to_tokens_and_back(folder, token_type):
    tokenizer = pickle.loads(pickle.dumps(build_tokenizer(token_type, folder)))
    tokens = tokenizer.text2tokens("hello wé")
    assert tokens[:4] == ["he", "ll", "o", "Ġw"]
    assert tokenizer.tokens2text(["<|en|>", *tokens, "<|endoftext|>"]) == "hello wé"


def test_without_a_folder_it_is_refused():
    with pytest.raises(InputError, match="token_type whisper_en needs --bpemodel, a folder"):
        build_tokenizer("whisper_en", "whisper_en")
