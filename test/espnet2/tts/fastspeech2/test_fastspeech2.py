"""FastSpeech 2: pitch and energy, learned alignment, synthesis in a batch as alone, refusals."""
import pytest
import torch

from espnet2.tts.fastspeech2.fastspeech2 import FastSpeech2
from espnet2.utils.errors import InputError

SMALL = {
    "adim": 8, "aheads": 2, "elayers": 1, "eunits": 16, "dlayers": 1, "dunits": 16, "postnet_layers": 2, "postnet_chans": 6,
    "duration_predictor_chans": 6, "pitch_predictor_chans": 6, "energy_predictor_chans": 6, "pitch_embed_kernel_size": 3,
}  # fmt: skip


def model(**options):
    torch.manual_seed(0)
    network = FastSpeech2(9, 5, **{**SMALL, **options})
    torch.nn.init.constant_(network.duration_predictor.linear.bias, 1.0)
    return network


def batch(per_token=True):
    torch.manual_seed(1)
    text, text_lengths = torch.randint(1, 8, (2, 4)), torch.tensor([4, 2])
    durations, frames = torch.tensor([[2, 1, 0, 3, 1], [1, 2, 2, 0, 0]]), torch.tensor([7, 5])
    values = {f"{name}": torch.randn(2, 5 if per_token else 7, 1) for name in ("pitch", "energy")}
    lengths = {f"{name}_lengths": text_lengths + 1 if per_token else frames for name in values}
    given = {"durations": durations, "durations_lengths": text_lengths + 1} if per_token else {}
    feats = torch.randn(2, 7, 5)
    return {"text": text, "text_lengths": text_lengths, "feats": feats, "feats_lengths": frames, **values, **lengths, **given}


@pytest.mark.parametrize("learn_alignment", [False, True])
def test_step(learn_alignment):
    network = model(learn_alignment=learn_alignment)
    loss, stats, weight = network(**batch(per_token=not learn_alignment))
    loss.backward()
    assert weight == 2
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
    losses = {"l1_loss", "duration_loss", "pitch_loss", "energy_loss", *(["align_loss", "bin_loss"] if learn_alignment else [])}
    assert set(stats) == losses | {"encoder_alpha", "decoder_alpha", "loss"}
    torch.testing.assert_close(stats["loss"], sum(stats[name] for name in losses))


def test_predictors_need_not_teach_the_encoder():
    network = model(stop_gradient_from_pitch_predictor=True)
    hs = torch.randn(1, 3, 8, requires_grad=True)
    predicted = network._predict(hs, torch.zeros(1, 3, dtype=torch.bool))
    predicted["pitch"].sum().backward()
    assert hs.grad is None
    predicted["energy"].sum().backward()
    assert hs.grad.abs().sum() > 0


@pytest.mark.parametrize("kind", ["transformer", "conformer"])
@torch.no_grad()
def test_a_batch_gives_what_its_rows_give(kind):
    network = model(encoder_type=kind, decoder_type=kind).eval()
    text, lengths = torch.randint(1, 8, (3, 6)), torch.tensor([6, 2, 4])
    options = {"alpha": 1.3, "pitch_scale": 1.2, "energy_scale": lambda energy: energy + 1.0}
    together = network.inference_batch(text, lengths, **options)
    for row, length in enumerate(lengths):
        alone = network.inference(text[row, :length], **options)
        assert set(alone) == {"feat_gen", "pitch", "energy", "duration"}
        torch.testing.assert_close(together[row], alone, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_control():
    network, text = model().eval(), torch.tensor([1, 2, 3])
    plain = network.inference(text)
    high = network.inference(text, pitch_scale=2.0, energy_scale=lambda energy: energy - 1.0)
    torch.testing.assert_close(high["pitch"], plain["pitch"] * 2.0)
    torch.testing.assert_close(high["energy"], plain["energy"] - 1.0)
    assert high["duration"].equal(plain["duration"]) and not high["feat_gen"].allclose(plain["feat_gen"])
    slow = network.inference(text, alpha=2.0)
    assert slow["duration"].equal(plain["duration"] * 2) and slow["pitch"].equal(plain["pitch"])


@torch.no_grad()
def test_teacher_forcing():
    network, data = model().eval(), batch()
    given = {name: data[name][0] for name in ("durations", "pitch", "energy")}
    forced = network.inference(data["text"][0], **given, use_teacher_forcing=True)
    assert forced["feat_gen"].shape == (7, 5)
    for name in ("pitch", "energy"):
        torch.testing.assert_close(forced[name], given[name])


@torch.no_grad()
def test_teacher_forcing_aligns_by_itself():
    network, data = model(learn_alignment=True).eval(), batch(per_token=False)
    given = {name: data[name][0] for name in ("feats", "pitch", "energy")}
    forced = network.inference(data["text"][0], **given, use_teacher_forcing=True)
    assert forced["duration"].sum() == 7 and (forced["duration"] >= 1).all()
    torch.testing.assert_close((forced["pitch"][:, 0] * forced["duration"]).sum(), given["pitch"].sum())
    with pytest.raises(InputError, match="needs the speech"):
        network.inference(data["text"][0], use_teacher_forcing=True)


@pytest.mark.parametrize("name", ["pitch", "energy", "durations"])
def test_something_is_missing(name):
    data = batch()
    del data[name]
    with pytest.raises(InputError, match=f"FastSpeech2 needs {name}"):
        model()(**data)


def test_values_of_frames_and_of_tokens_are_not_mixed_up():
    with pytest.raises(InputError, match="7 values for 5 tokens.*to true"):
        model()(**{**batch(), "pitch": torch.zeros(2, 7, 1)})
    with pytest.raises(InputError, match="5 values for 7 frames.*to false"):
        model(learn_alignment=True)(**{**batch(per_token=False), "energy": torch.zeros(2, 5, 1)})


def test_learned_alignment_takes_no_durations():
    with pytest.raises(InputError, match="finds the durations itself"):
        model(learn_alignment=True)(**batch())
    with pytest.raises(InputError, match="reduction_factor: 1"):
        model(learn_alignment=True, reduction_factor=2)
