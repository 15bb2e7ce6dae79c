"""Networks of waveforms: an utterance of a batch comes out as it does alone, and frames are made audible piece by piece."""

import pytest
import torch

from test.espnet2.gan_tts.tiny_gan import HOP, tiny_jets, tiny_joint, tiny_vits

LENGTHS = (7, 1, 4)
BUILDS = {
    "vits": lambda: tiny_vits(text_encoder_positionwise_conv_kernel_size=3),
    "vits of several": lambda: tiny_vits(spks=3, langs=2, spk_embed_dim=4, global_channels=6, use_only_mean_in_flow=False),
    "jets": tiny_jets,
    "joint": tiny_joint,
    "joint with tacotron2": lambda: tiny_joint("tacotron2"),
}


@pytest.fixture(params=BUILDS)
def model(request):
    torch.manual_seed(0)
    model = BUILDS[request.param]().eval()
    for name, parameter in model.tts.generator.named_parameters():
        if name.endswith("proj.weight") or "output_conv" in name:  # zero or next to it when fresh
            torch.nn.init.normal_(parameter, 0.0, 0.3)
    return model


def streams(number=3):
    return [torch.Generator().manual_seed(seed) for seed in range(number)]


def conditions():
    generator = torch.Generator().manual_seed(4)
    numbers = {"sids": torch.tensor([[1], [2], [0]]), "lids": torch.tensor([[1], [0], [1]])}
    return {**numbers, "spembs": torch.randn(3, 4, generator=generator)}


def options_of(model):
    return {"maxlenratio": 3.0, "threshold": 2.0} if hasattr(model.tts.generator, "text2mel") else {"alpha": 1.3}


def known_conditions(model):
    return conditions() if model.tts.spks else {}


def test_together_as_alone(model):
    text = torch.randint(1, 12, (3, 7), generator=torch.Generator().manual_seed(3))
    given, options = known_conditions(model), options_of(model)
    together = model.inference_batch(text, torch.tensor(LENGTHS), generators=streams(), **given, **options)
    for row, (length, stream) in enumerate(zip(LENGTHS, streams())):
        own = {name: value[row] for name, value in given.items()}
        has_stream = {} if type(model.tts).__name__ == "JETS" else {"generator": stream}
        alone = model.inference(text[row, :length], **own, **options, **has_stream)
        assert together[row].keys() == alone.keys()
        for name, value in alone.items():
            torch.testing.assert_close(together[row][name], value, atol=1e-5, rtol=1e-5)
        assert len(alone["wav"]) % HOP == 0 and alone["wav"].abs().max() > 1e-3


def test_frames_are_made_audible_piece_by_piece(model):
    tts, text = model.tts, torch.tensor([3, 1, 4, 1, 5])
    given = {name: value[0] for name, value in known_conditions(model).items()}
    stream = {} if type(tts).__name__ == "JETS" else {"generator": streams()[0]}
    made = tts.inference(text, **given, **options_of(model), **stream, return_frames=True)
    frames = made["frames"].repeat(4, 1)
    whole = tts.to_wave(frames, made.get("condition"))
    reach = tts.receptive_frames
    assert 0 < reach < len(frames) // 2
    part = tts.to_wave(frames[: 8 + reach], made.get("condition"))
    torch.testing.assert_close(part[: 8 * HOP], whole[: 8 * HOP], atol=1e-5, rtol=1e-5)
