"""VITS against reference arrays: every part, both players' losses, and synthesis."""

import numpy as np
import pytest
import torch
import yaml

from espnet2.gan_tts.espnet_model import ESPnetGANTTSModel
from espnet2.gan_tts.vits.vits import VITS
from espnet2.tts.feats_extract.spectrum import LinearSpectrogram
from test.shared import SHARED, needs_shared

pytestmark = needs_shared
TEXT_ENCODER_BLOCKS = 2


@pytest.fixture(scope="module")
def case():
    folder = SHARED / "parity" / "vits"
    config = yaml.safe_load((folder / "config.yaml").read_text())
    extract = LinearSpectrogram(**config["feats_extract_conf"])
    model = ESPnetGANTTSModel(
        extract, None, None, None, None, None, VITS(19, extract.output_size(), **config["tts_conf"])
    )
    model.load_state_dict(torch.load(folder / "model.pth", weights_only=True))
    inputs = {name: torch.from_numpy(value) for name, value in np.load(folder / "input.npz").items()}
    outputs = {name: torch.from_numpy(value) for name, value in np.load(folder / "output.npz").items()}
    return model.eval(), inputs, outputs


def seed() -> None:
    """As the reference, which draws a number for each layer of the text encoder before anything else."""
    torch.manual_seed(0)
    torch.rand(TEXT_ENCODER_BLOCKS)


def close(ours, theirs, atol=1e-5, rtol=1e-5):
    torch.testing.assert_close(ours, theirs, atol=atol, rtol=rtol)


@torch.no_grad()
def test_encoders_and_flow(case):
    model, inputs, outputs = case
    generator = model.tts.generator
    hidden, *prior = generator.text_encoder(inputs["text"], inputs["text_lengths"])
    for name, ours in zip(("x", "m", "logs", "mask"), (hidden, *prior), strict=True):
        close(ours, outputs[f"text_encoder_{name}"])
    torch.manual_seed(0)
    posterior = generator.posterior_encoder(outputs["feats"].transpose(1, 2), outputs["feats_lengths"])
    for name, ours in zip(("z", "m", "logs", "mask"), posterior, strict=True):
        close(ours, outputs[f"posterior_{name}"])
    mean, mask = outputs["posterior_m"], outputs["posterior_mask"]
    flowed = generator.flow(mean, mask)
    close(flowed, outputs["flow_of_posterior_m"])
    close(generator.flow.inverse(flowed, mask), outputs["flow_inverse"])


@torch.no_grad()
def test_decoder_discriminators_and_mel_loss(case):
    model, inputs, outputs = case
    close(model.tts.generator.decoder(outputs["posterior_m"][:, :, :16]), outputs["decoder_of_posterior_m"])
    for i, layers in enumerate(model.tts.discriminator(inputs["speech"][:, None, :8192])):
        for j, ours in enumerate(layers):
            close(ours, outputs[f"disc_{i}_{j}"])
    loss = model.tts.mel_loss(outputs["decoder_of_posterior_m"], inputs["speech"][:, None, :2560])
    close(loss, outputs["mel_loss"], rtol=3e-5)  # logarithms of what another transform leaves near silence


@torch.no_grad()
@pytest.mark.parametrize("is_kept", (False, True))
def test_losses(case, is_kept):
    model, inputs, outputs = case
    model.tts._kept = None
    for is_generator, prefix in ((False, "dis_"), (True, "gen_")):
        if not is_kept:
            model.tts._kept = None
        if is_generator and is_kept:
            assert model.tts._kept is not None
        else:
            seed()
        result = model(**inputs, forward_generator=is_generator)
        assert result["optim_idx"] == (0 if is_generator else 1)
        for name, ours in {"loss": result["loss"], **result["stats"]}.items():
            close(ours, outputs[prefix + name][0], rtol=3e-5)


@torch.no_grad()
def test_synthesis(case):
    model, inputs, outputs = case
    text = inputs["text"][:1]
    free = model.tts.inference(text[0], noise_scale=0.0, noise_scale_dur=0.0)
    close(free["wav"][None], outputs["inference_wav"])
    close(free["duration"][None].float(), outputs["inference_dur"])
    feats = model.feats_extract(inputs["speech"][:1], inputs["speech_lengths"][:1])[0]
    seed()
    forced = model.tts.inference(text[0], feats[0], use_teacher_forcing=True)
    for name in ("wav", "att_w", "duration"):
        close(forced[name].float(), outputs[f"teacher_{name}"])
