"""Features to samples, at once and in chunks."""

import pytest
import torch

from espnet2.gan_tts.hifigan.generator import HiFiGANGenerator
from espnet2.gan_tts.vocoder import FeatureVocoder
from espnet2.inference.vocoder import FIRST_CHUNK, LONGEST_CHUNK, Vocoder, chunks

SIZES = [
    {"upsample_scales": [4, 4], "upsample_kernel_sizes": [8, 8]},
    {"upsample_scales": [5, 3], "upsample_kernel_sizes": [10, 6], "use_additional_convs": False},
    {"upsample_scales": [16], "upsample_kernel_sizes": [32], "resblock_kernel_sizes": [3], "resblock_dilations": [[1]]},
]


@pytest.mark.parametrize("num_frames", [1, FIRST_CHUNK, 2 * FIRST_CHUNK + 1, 777, 5000])
def test_chunks_grow(num_frames):
    found = list(chunks(num_frames))
    lengths = [end - start for start, end in found]
    assert [start for start, _ in found] == [0, *(end for _, end in found[:-1])]
    assert sum(lengths) == num_frames and max(lengths) < LONGEST_CHUNK + FIRST_CHUNK
    assert min(lengths) >= min(FIRST_CHUNK, num_frames)
    for one, other in zip(lengths, lengths[1:-1]):
        assert other == min(2 * one, LONGEST_CHUNK)


@torch.no_grad()
@pytest.mark.parametrize("sizes", SIZES)
def test_chunks_are_the_whole(sizes):
    torch.manual_seed(0)
    generator = HiFiGANGenerator(20, 1, 16, **sizes)
    torch.nn.init.normal_(generator.output_conv[1].weight)
    network = FeatureVocoder(generator, torch.ones(20), torch.full((20,), 2.0)).eval()
    vocoder = Vocoder(network, 16000, generator.upsample_factor, generator.receptive_frames)
    feats = torch.randn(150, 20)
    found = list(vocoder.stream(feats))
    assert len(found) == 3 and len(found[0]) == FIRST_CHUNK * generator.upsample_factor
    torch.testing.assert_close(torch.cat(found), vocoder(feats), atol=1e-5, rtol=1e-5)


def test_what_cannot_be_cut_comes_at_once_with_its_own_numbers():
    vocoder = Vocoder(lambda feats: torch.rand(len(feats)), 16000, 1)
    feats = torch.zeros(500, 1)
    (whole,) = vocoder.stream(feats, torch.Generator().manual_seed(1))
    torch.testing.assert_close(vocoder(feats, torch.Generator().manual_seed(1)), whole)
