"""Vocoders of each kind of generator: training, synthesis, pieces of utterances, files, refusals."""

import pytest
import torch

from espnet2.gan_tts.abs_gan_tts import discriminator_choices
from espnet2.gan_tts.generators import build_generator
from espnet2.gan_tts.melgan.pqmf import PQMF
from espnet2.gan_tts.nonlinear import build_padding, build_pooling
from espnet2.gan_tts.parallel_wavegan import load_generator, save_generator
from espnet2.gan_tts.segments import random_segments
from espnet2.utils.errors import InputError
from test.espnet2.gan_tts.tiny_gan import BLOCKS, HOP, UPSAMPLING, batch, tiny_joint, tiny_vocoder

MELGAN = {"channels": 64, "upsample_scales": [8, 8], "stacks": 2}
WAVENET = {"layers": 4, "stacks": 2, "residual_channels": 4, "gate_channels": 8, "skip_channels": 6}
KINDS = {
    "hifigan": {"generator_params": {"channels": 8, **UPSAMPLING, **BLOCKS}},
    "melgan": {"generator_type": "melgan_generator", "generator_params": MELGAN},
    "multiband": {
        "generator_type": "melgan_generator",
        "generator_params": {"channels": 16, "upsample_scales": [4, 4], "stacks": 2, "out_channels": 4},
        "use_pqmf": True,
    },
    "multiband_hifigan": {
        "generator_params": {"channels": 8, "out_channels": 2, "upsample_scales": [8, 4], "upsample_kernel_sizes": [16, 8], **BLOCKS},
        "use_pqmf": True,
        "pqmf_params": {"subbands": 2, "cutoff_ratio": 0.267},
    },
    "pwg": {
        "generator_type": "parallel_wavegan_generator",
        "generator_params": {**WAVENET, "upsample_params": {"upsample_scales": [8, 8]}},
    },
    "style": {
        "generator_type": "style_melgan_generator",
        "generator_params": {"in_channels": 4, "channels": 4, "noise_upsample_scales": [4], "upsample_scales": [8, 8]},
    },
}  # fmt: skip
LOCAL = ("hifigan", "melgan", "multiband", "multiband_hifigan")
JUDGES = {
    "melgan_multi_scale_discriminator": {
        "scales": 2,
        "channels": 4,
        "max_downsample_channels": 8,
        "downsample_scales": [2],
    },
    "parallel_wavegan_discriminator": {"layers": 4, "conv_channels": 4},
    "residual_parallel_wavegan_discriminator": WAVENET,
    "style_melgan_discriminator": {
        "window_sizes": [128, 256],
        "pqmf_params": [[1, None, None, None], [2, 62, 0.267, 9.0]],
        "discriminator_params": {"channels": 4, "max_downsample_channels": 8, "downsample_scales": [2]},
    },
}

SPECTRA = {"fft_sizes": [64, 128], "hop_sizes": [10, 20], "win_lengths": [40, 80]}


def generator_of(kind):
    return tiny_vocoder(**KINDS[kind]).eval().tts.generator


@pytest.mark.parametrize("kind", KINDS)
def test_training_and_synthesis(kind):
    model = tiny_vocoder(**KINDS[kind])
    assert model.tts.hop_length == HOP
    for is_generator in (False, True):
        model.zero_grad()
        model(**batch(), forward_generator=is_generator)["loss"].backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.tts.generator.parameters())
    with torch.no_grad():
        feats, own = torch.randn(7, 20), model.eval().tts.vocoder()
        torch.manual_seed(1)
        wav = model.tts.inference(torch.zeros(1), feats)["wav"]
        assert wav.shape == (7 * HOP,)
        torch.manual_seed(1)
        torch.testing.assert_close(own(feats), wav)


@pytest.mark.parametrize("kind", JUDGES)
def test_discriminators_teach(kind):
    model = tiny_vocoder(
        discriminator_type=kind, discriminator_params=JUDGES[kind], use_stft_loss=True, stft_loss_params=SPECTRA
    )
    model(**batch(), forward_generator=False)["loss"].backward()
    assert all(p.grad is not None for p in model.tts.discriminator.parameters())
    output = model(**batch())
    parts = [output["stats"][f"generator_{name}_loss"] for name in ("adv", "feat_match", "mel", "stft")]
    torch.testing.assert_close(output["loss"].detach(), torch.stack(parts).sum())


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_files_of_the_package(kind, tmp_path):
    model = tiny_vocoder(**KINDS[kind]).eval()
    for parameter in model.tts.generator.parameters():
        parameter.add_(0.1 * torch.randn_like(parameter))
    own = model.tts.vocoder()
    features = {**model.feats_extract.get_parameters(), "fs": model.tts.fs}
    path = save_generator(tmp_path, own, model.tts.generator_params, features)
    loaded, rate, hop = load_generator(path)
    assert (rate, hop) == (16000, HOP)
    state = torch.load(path, weights_only=True)["model"]["generator"]
    assert any(".conv1x1_skip." in name for name in state) == (kind == "pwg")  # apart, as the package has them
    feats = torch.randn(9, 20)
    torch.manual_seed(1)
    wav = own(feats)
    torch.manual_seed(1)
    torch.testing.assert_close(loaded(feats), wav)


@torch.no_grad()
@pytest.mark.parametrize("kind", LOCAL)
def test_how_far_samples_look(kind):
    generator = generator_of(kind).double()
    reach = generator.receptive_frames
    c = torch.randn(1, 20, 2 * reach + 21, dtype=torch.float64)
    middle = reach + 10
    other = c.clone()
    other[..., middle] += 1.0
    changed = (generator(c) - generator(other)).abs().view(-1, HOP).amax(1) > 0
    frames = changed.nonzero().flatten()
    assert frames.min() >= middle - reach and frames.max() <= middle + reach
    assert frames.max() - frames.min() >= 2 * (reach - 2)  # and not much less far


def test_what_cannot_be_cut():
    assert generator_of("pwg").receptive_frames is None and generator_of("style").receptive_frames is None


def test_old_filter_banks(tmp_path):
    model = tiny_vocoder(**KINDS["multiband"])
    features = {**model.feats_extract.get_parameters(), "fs": 16000}
    path = save_generator(tmp_path, model.tts.vocoder(), model.tts.generator_params, features)
    config = (tmp_path / "config.yml").read_text()
    start = config.index("pqmf_params:")
    (tmp_path / "config.yml").write_text(config[:start] + "version: 0.4.2\n")
    assert load_generator(path)[0].generator.pqmf.options["cutoff_ratio"] == 0.15
    (tmp_path / "config.yml").write_text(config[:start] + "version: 0.5.5\n")
    assert load_generator(path)[0].generator.pqmf.options["cutoff_ratio"] == 0.142


def test_bands_are_put_together_again():
    wav = torch.randn(1, 1, 400).cumsum(-1)
    bank = PQMF()
    again = bank.synthesis(bank.analysis(wav))
    assert again.shape == wav.shape and bank.analysis(wav[..., :399]).shape == (1, 4, 99)
    middle = slice(64, -64)
    assert (again - wav)[..., middle].norm() < 0.01 * wav[..., middle].norm()
    assert not bank.state_dict()


def test_pieces_with_what_is_around_them():
    x, lengths = torch.arange(1.0, 9.0).view(1, 1, 8), torch.tensor([8])
    piece, starts = random_segments(x, lengths, 8, context=2)
    assert starts.tolist() == [0] and piece.flatten().tolist() == [1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8]
    piece, starts = random_segments(x, lengths, 3, context=1)
    assert piece.flatten()[1] == starts[0] + 1.0 and piece.size(2) == 5


@torch.no_grad()
@pytest.mark.parametrize("kind", ("multiband", "pwg", "style"))
def test_joint_training(kind):
    conf = {name.replace("generator_", "vocoder_"): value for name, value in KINDS[kind].items()}
    model = tiny_joint(**conf)
    assert model.tts.hop_length == HOP and model(**batch())["loss"].isfinite()
    output = model.eval().inference(torch.tensor([1, 2, 3]), alpha=2.0)
    assert len(output["wav"]) == HOP * len(output["feat_gen"])


@pytest.mark.parametrize(
    ("conf", "message"),
    (
        ({"generator_type": "melgan_generator", "generator_params": {"out_channels": 4}}, "set use_pqmf: true"),
        ({"generator_type": "melgan_generator", "generator_params": {"channels": 100}}, "cannot be halved 4 times"),
        ({"generator_type": "melgan_generator", "generator_params": {"stack_kernel_size": 2}}, "must be odd"),
        ({"generator_params": {"in_channels": 80}}, "in_channels is 80, but there are 20 features"),
        ({"generator_params": {"use_causal_conv": True}}, "use_causal_conv: true is not supported"),
        (
            {"use_pqmf": True, "generator_params": {"out_channels": 4}, "pqmf_params": {"taps": 61}},
            "taps 61 must be even",
        ),
        ({"generator_type": "parallel_wavegan_generator", "generator_params": {"layers": 31}}, "multiple of stacks"),
        (
            {"generator_type": "parallel_wavegan_generator", "generator_params": {"upsample_net": "UpsampleNetwork"}},
            "aux_context_window must be 0",
        ),
        (
            {"generator_type": "style_melgan_generator", "generator_params": {"gated_function": "relu"}},
            "gated_function",
        ),
        ({"generator_type": "vqvae"}, "unknown 'vqvae'"),
        (
            {"discriminator_type": "style_melgan_discriminator", "discriminator_params": {}},
            "longer than the 512 samples",
        ),
        ({"use_stft_loss": True, "stft_loss_params": {"hop_sizes": [1]}}, "equally many"),
        (
            {"use_stft_loss": True, "stft_loss_params": {"hop_size": 1}},
            "no option 'hop_size'. Did you mean 'hop_sizes'",
        ),
        ({"use_stft_loss": True}, "too long for the 512 samples"),
    ),
)
def test_refusals(conf, message):
    with pytest.raises(InputError, match=message):
        tiny_vocoder(**conf)(**batch())


def test_refusals_of_parts():
    with pytest.raises(InputError, match="kernel_sizes"):
        discriminator_choices.build("melgan_multi_scale_discriminator", {"kernel_sizes": [4, 3]})
    with pytest.raises(InputError, match="multiples of the numbers of bands"):
        discriminator_choices.build("style_melgan_discriminator", {"window_sizes": [512]})
    with pytest.raises(InputError, match="no padding 'ReflectionPad'"):
        build_padding("ReflectionPad", 1, {})
    with pytest.raises(InputError, match="AvgPool1d or MaxPool1d"):
        build_pooling("AvgPool2d", {})
    assert build_generator("hifigan_generator", {"in_channels": 80, "use_causal_conv": False}, 80).num_features == 80
