"""Tiny recognisers that stream."""

import pytest

from test.espnet2.inference.streaming_models import ENCODERS, load, write_streaming


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Experiment folders by encoder."""
    folder = tmp_path_factory.mktemp("streaming")
    return {name: write_streaming(folder / name, name) for name in ENCODERS}


@pytest.fixture(scope="module")
def recogniser(models):
    """A greedy one that tells the times of words."""
    return load(models["contextual_block_conformer"], decoding_mode="ctc_greedy", word_times=True)
