"""Generators, discriminators and filter banks against the package parallel-wavegan, with its weights; see reference/README.md."""

import pytest
import torch

from espnet2.config.registry import import_class
from espnet2.gan_tts.hifigan.discriminators import HiFiGANMultiScaleMultiPeriodDiscriminator
from espnet2.gan_tts.losses import MultiResolutionSTFTLoss
from espnet2.gan_tts.melgan.pqmf import PQMF
from espnet2.gan_tts.pwg.residual import with_joined_outputs
from espnet2.gan_tts.style_melgan import discriminator as style_melgan
from espnet2.layers.weight_norm import in_known_form, remove_weight_norm
from test.espnet2.gan_tts.references import flat, read_reference

GENERATORS = {
    "melgan_generator": "melgan.generator:MelGANGenerator",
    "multiband_melgan_generator": "melgan.generator:MelGANGenerator",
    "pwg_generator": "pwg.generator:ParallelWaveGANGenerator",
    "pwg_generator_smooth": "pwg.generator:ParallelWaveGANGenerator",
    "pwg_generator_without_context": "pwg.generator:ParallelWaveGANGenerator",
    "pwg_generator_melgan": "pwg.generator:ParallelWaveGANGenerator",
    "style_melgan_generator": "style_melgan.generator:StyleMelGANGenerator",
    "style_melgan_generator_sigmoid": "style_melgan.generator:StyleMelGANGenerator",
    "hifigan_generator": "hifigan.generator:HiFiGANGenerator",
    "hifigan_generator_single": "hifigan.generator:HiFiGANGenerator",
}
DISCRIMINATORS = {
    "melgan_discriminator": "melgan.discriminators:MelGANMultiScaleDiscriminator",
    "pwg_discriminator": "pwg.discriminators:ParallelWaveGANDiscriminator",
    "pwg_discriminator_powers": "pwg.discriminators:ParallelWaveGANDiscriminator",
    "pwg_residual_discriminator": "pwg.discriminators:ResidualParallelWaveGANDiscriminator",
    "style_melgan_discriminator": "style_melgan.discriminator:StyleMelGANDiscriminator",
    "hifigan_discriminator": "hifigan.discriminators:HiFiGANMultiScaleMultiPeriodDiscriminator",
    "hifigan_discriminator_weight_norm": "hifigan.discriminators:HiFiGANMultiScaleMultiPeriodDiscriminator",
}


def loaded(path, reference):
    module = import_class(f"espnet2.gan_tts.{path}")(**reference.config).eval()
    state = with_joined_outputs(reference.state)
    if "upsample_net.melgan.3.weight" in state:  # the package normalises all convolutions there but the transposed ones
        state = in_known_form(state, module.state_dict())
    module.load_state_dict(state)
    return module


def close(ours, theirs):
    assert len(ours) == len(theirs)
    for our, their in zip(ours, theirs):
        torch.testing.assert_close(our, their, atol=1e-5, rtol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("name", GENERATORS)
def test_generators(name):
    reference = read_reference(name)
    module = loaded(GENERATORS[name], reference)
    call, inputs = module, reference.inputs
    if name.startswith("pwg"):
        call, inputs = module.piece, inputs[::-1]  # noise first, there
    close([call(*inputs)], reference.outputs)
    remove_weight_norm(module)
    assert not any(key.endswith("weight_g") for key in module.state_dict())
    close([call(*inputs)], reference.outputs)
    frames = inputs[0].size(2) - 2 * getattr(module, "context_frames", 0)
    assert module.num_features == inputs[0].size(1)
    assert reference.outputs[0].shape[1:] == (module.num_signals, frames * module.upsample_factor)


@torch.no_grad()
@pytest.mark.parametrize("name", ("pwg_generator", "style_melgan_generator"))
def test_whole_utterances_with_the_noise_that_is_drawn(name):
    reference = read_reference(f"{name}_whole")
    feats, noise = reference.inputs
    module = loaded(GENERATORS[name], reference)
    close([module(feats.T[None], noise).flatten()], [reference.outputs[0].flatten()])
    torch.manual_seed(3)
    drawn = torch.randn(noise.shape)
    torch.manual_seed(3)
    torch.testing.assert_close(module(feats.T[None]), module(feats.T[None], drawn))


@torch.no_grad()
@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_discriminators(name, monkeypatch):
    if name.startswith("style"):
        monkeypatch.setattr(style_melgan.torch, "randint", lambda *_: torch.tensor(7))
    reference = read_reference(name)
    module = loaded(DISCRIMINATORS[name], reference)
    for _ in range(2):
        verdicts = module(*reference.inputs)
        assert all(isinstance(outputs, list) for outputs in verdicts)
        verdicts = [outputs[-1:] for outputs in verdicts] if name.startswith("pwg") else verdicts  # it has no others
        close(flat(verdicts), reference.outputs)
        remove_weight_norm(module)


@torch.no_grad()
@pytest.mark.parametrize("name", ("pqmf", "pqmf_of_2"))
def test_filter_banks(name):
    reference = read_reference(name)
    bank = PQMF(**reference.config)
    for key, value in reference.state.items():
        if key != "updown_filter":  # it is the same for all
            torch.testing.assert_close(getattr(bank, key), value, atol=1e-6, rtol=1e-5)
    bank.load_state_dict(reference.state)
    (wav,) = reference.inputs
    bands = bank.analysis(wav)
    close([bands, bank.synthesis(bands)], reference.outputs)


def test_spectra():
    reference = read_reference("stft_loss")
    made, real = (wav.unsqueeze(1) for wav in reference.inputs)
    close([MultiResolutionSTFTLoss(**reference.config)(made, real)], [sum(reference.outputs)])


def test_the_first_scale_is_normalised_by_its_singular_value():
    module = HiFiGANMultiScaleMultiPeriodDiscriminator(**read_reference("hifigan_discriminator").config)
    names = {name.rsplit(".", 1)[1] for name in module.msd.discriminators[0].state_dict()}
    assert names == {"bias", "weight_orig", "weight_u", "weight_v"}
