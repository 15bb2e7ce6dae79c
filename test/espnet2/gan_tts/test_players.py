"""Whole models of two players: turns, what is kept between them, conditions, refusals."""

import pytest
import torch

from espnet2.gan_tts.jets.generator import upsample
from espnet2.gan_tts.losses import FeatureMatchLoss, GeneratorAdversarialLoss
from espnet2.gan_tts.segments import random_segments, segments
from espnet2.tts.feats_extract.spectrum import LinearSpectrogram
from espnet2.utils.errors import InputError
from test.espnet2.gan_tts.tiny_gan import HOP, batch, tiny_jets, tiny_joint, tiny_vits, tiny_vocoder


@pytest.mark.parametrize("build", (tiny_vits, tiny_vocoder, tiny_jets, tiny_joint, lambda: tiny_joint("tacotron2")))
def test_each_turn_teaches_its_player_only(build):
    model = build()
    for is_generator in (False, True):
        model.zero_grad()
        model(**batch(), forward_generator=is_generator)["loss"].backward()
        if not is_generator:
            assert all(p.grad is None for p in model.tts.generator.parameters())
            assert all(p.grad is not None for p in model.tts.discriminator.parameters())
    with_gradients = [p.grad is not None and bool(p.grad.isfinite().all()) for p in model.tts.generator.parameters()]
    assert sum(with_gradients) > 0.9 * len(with_gradients)  # the durations' first coupling may be left out


def test_what_is_kept_serves_the_other_turn_of_the_same_batch():
    model, one, other = tiny_vocoder(), batch(0), batch(1)
    model(**one, forward_generator=False)
    made = model.tts._kept.made
    assert not model.tts._kept.is_for(0, other["speech"])
    assert not model.tts._kept.is_for(1, one["speech"])
    assert model.tts._kept.is_for(0, one["speech"])
    model(**one)
    assert model.tts._kept is None
    model(**one)
    assert model.tts._kept.made is not made


def test_speaker_language_and_vector():
    model = tiny_vits(spks=3, langs=2, spk_embed_dim=4, global_channels=6)
    known = {"sids": torch.tensor([[1], [2]]), "lids": torch.tensor([[1], [0]]), "spembs": torch.randn(2, 4)}
    assert model(**batch(), **known)["loss"].isfinite()
    one = {name: value[0] for name, value in known.items()}
    wav = model.eval().inference(torch.tensor([1, 2, 3]), **one)["wav"]
    assert wav.dim() == 1 and len(wav) % HOP == 0
    with pytest.raises(InputError, match="needs sids"):
        model(**batch())
    with pytest.raises(InputError, match="global_channels"):
        tiny_vits(spks=3)


def test_given_durations_and_tempo():
    model = tiny_vits().eval()
    text = torch.tensor([1, 2, 3])
    output = model.inference(text, durations=torch.tensor([2, 0, 3]))
    assert output["wav"].shape == (5 * HOP,) and output["att_w"].sum(0).tolist() == [2, 0, 3]
    torch.manual_seed(0)
    plain = model.inference(text, noise_scale_dur=0.0)["duration"].sum()
    assert model.inference(text, noise_scale_dur=0.0, alpha=4.0)["duration"].sum() > plain


def test_without_weight_norm_the_same_is_made():
    model = tiny_vits().eval()
    text, frames = torch.tensor([1, 2, 3]), torch.tensor([4, 4, 4])
    torch.manual_seed(0)
    before = model.inference(text, durations=frames)["wav"]
    model.tts.remove_weight_norm()
    assert not any(name.endswith("weight_g") for name in model.tts.generator.state_dict())
    torch.manual_seed(0)
    torch.testing.assert_close(model.inference(text, durations=frames)["wav"], before)


def test_segments_beyond_the_end_are_zeros():
    x = torch.arange(1.0, 11.0).view(2, 1, 5)
    assert segments(x, torch.tensor([0, 3]), 4).tolist() == [[[1, 2, 3, 4]], [[9, 10, 0, 0]]]
    _, starts = random_segments(x, torch.tensor([5, 2]), 3)
    assert starts[1] == 0 and starts[0] <= 2


def test_losses_of_known_verdicts():
    made = [[torch.tensor([1.0, 2.0]), torch.tensor([0.0])], [torch.tensor([0.5]), torch.tensor([3.0])]]
    real = [[torch.tensor([1.0, 1.0]), torch.tensor([1.0])], [torch.tensor([0.0]), torch.tensor([1.0])]]
    assert GeneratorAdversarialLoss(False)(made) == 1.0 + 4.0
    assert GeneratorAdversarialLoss(True, "hinge")(made) == (0.0 - 3.0) / 2
    assert FeatureMatchLoss(False, False, True)(made, real) == (0.5 + 1.0) + (0.5 + 2.0)
    assert FeatureMatchLoss(True, True, False)(made, real) == (0.5 + 0.5) / 2


def test_refusals():
    model = tiny_vits()
    with pytest.raises(InputError, match="hop_length is 32"):
        type(model)(LinearSpectrogram(256, hop_length=32), None, None, None, None, None, model.tts)
    with pytest.raises(InputError, match="upsample_kernel_sizes"):
        tiny_vits(decoder_upsample_kernel_sizes=[15, 16])
    with pytest.raises(InputError, match="hinge"):
        GeneratorAdversarialLoss(loss_type="wgan")


def test_jets_keys_and_synthesis():
    model = tiny_jets().eval()
    tops = {name.split(".")[2] for name in model.state_dict() if name.startswith("tts.generator.")}
    predictors = {f"{name}_predictor" for name in ("duration", "pitch", "energy")}
    assert tops == {"encoder", "decoder", "alignment_module", "generator", "pitch_embed", "energy_embed", *predictors}
    text = torch.tensor([1, 2, 3])
    output = model.inference(text)
    assert output["duration"].shape == (3,) and len(output["wav"]) == HOP * output["duration"].sum()
    forced = model.inference(text, speech=batch()["speech"][0], use_teacher_forcing=True)
    assert len(forced["wav"]) == HOP * (3000 // HOP + 1)


def test_frames_of_jets_do_not_see_padded_tokens():
    hs, durations = torch.randn(1, 3, 4), torch.tensor([[2, 1, 3]])
    alone = upsample(hs, durations, torch.tensor([3]))
    padded = torch.cat([hs, torch.randn(1, 2, 4)], 1), torch.tensor([[2, 1, 3, 0, 0]])
    torch.testing.assert_close(upsample(*padded, torch.tensor([3])), alone)
    one = upsample(hs[:, :1], torch.tensor([[4]]), torch.tensor([1]))
    torch.testing.assert_close(one, hs[:, :1].expand(-1, 4, -1))


def test_joint_synthesis_is_the_vocoder_of_the_features():
    model = tiny_joint().eval()
    assert {name.split(".")[2] for name in model.state_dict() if "tts.generator" in name} == {"text2mel", "vocoder"}
    output = model.inference(torch.tensor([1, 2, 3]), alpha=2.0)
    wav = model.tts.generator.vocoder(output["feat_gen"].T[None]).flatten()
    torch.testing.assert_close(output["wav"], wav)
    with pytest.raises(InputError, match="subbands 4 must be the generator's out_channels 1"):
        tiny_joint(use_pqmf=True)


def test_speakers_that_a_vits_does_not_have():
    generator = tiny_vits(spks=3, spk_embed_dim=4, global_channels=4).eval().tts
    text, vector = torch.tensor([1, 2]), torch.ones(1, 4)
    assert "wav" in generator.inference(text, sids=torch.tensor([2]), spembs=vector)
    with pytest.raises(InputError, match="sids must be 0 to 2"):
        generator.inference(text, sids=torch.tensor([3]), spembs=vector)
    with pytest.raises(InputError, match="spembs have 5 values"):
        generator.inference(text, sids=torch.tensor([1]), spembs=torch.ones(5))
    with pytest.raises(InputError, match="needs spembs"):
        generator.inference(text, sids=torch.tensor([1]))
