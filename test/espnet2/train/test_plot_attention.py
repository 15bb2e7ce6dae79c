import numpy as np
import torch
from PIL import Image
from tiny_training import TinyFactory, TinyModel

from espnet2.train.plot_attention import (
    MARGIN,
    PANEL,
    attention_image,
    attention_weights,
    draw_attention,
    without_padding,
)


def batches_of(batch_size, number=3):
    factory = TinyFactory(range(number), batch_size, dtype=torch.float32)
    return [(ids, {**batch, "utt_id": ids}) for ids, batch in factory.build_iter(1)]


def test_weights_are_kept_for_the_pass_only():
    model = TinyModel().eval()
    _, batch = batches_of(2)[0]
    weights = attention_weights(model, batch)
    assert list(weights) == ["attention"]
    assert weights["attention"].shape == (2, 2, 4, 4)
    torch.testing.assert_close(weights["attention"].sum(-1), torch.ones(2, 2, 4))
    assert model.attention.attn is None
    assert model.attention.keep_attention is False


def test_padding_is_cut():
    model = TinyModel().eval()
    alone = attention_weights(model, batches_of(1)[0][1])["attention"][0]
    together = attention_weights(model, batches_of(3)[0][1])["attention"][0]
    assert together.shape == (2, 5, 5)
    torch.testing.assert_close(without_padding(together), alone)
    cross = torch.zeros(2, 7, 5)
    cross[:, :, :3] = 1 / 3
    assert without_padding(cross).shape == (2, 7, 3)


def test_pixels_show_the_weights():
    weights = torch.zeros(2, 2, 4)
    weights[:, 1, 3] = 1.0
    picture = np.asarray(attention_image(weights, "title"))
    assert picture.shape[1] == 2 * (PANEL[0] + MARGIN) + MARGIN
    high, low = picture[MARGIN + PANEL[1] - 5, MARGIN + PANEL[0] - 5], picture[MARGIN + 5, MARGIN + 5]
    assert high.sum() > 400  # yellow, at the bottom right
    assert low.tolist() == [68, 1, 84]  # the dark end of viridis
    assert attention_image(torch.rand(1, 30, 2000), "long").size == attention_image(torch.ones(1, 1, 1), "1").size


def test_files(tmp_path):
    pictures = dict(draw_attention(TinyModel().eval(), batches_of(2), 7, tmp_path))
    assert set(pictures) == {f"attention_utt{n}" for n in range(3)}
    assert pictures["attention_utt1"] == tmp_path / "utt1" / "attention.7ep.png"
    assert all(Image.open(path).size[1] > PANEL[1] for path in pictures.values())


def test_layers_over_blocks_have_no_pictures(tmp_path, monkeypatch):
    weights = {"blocks": torch.rand(6, 2, 4, 4), "whole": torch.rand(2, 2, 4, 4)}
    monkeypatch.setattr("espnet2.train.plot_attention.attention_weights", lambda model, batch: weights)
    drawn = [name for name, _ in draw_attention(TinyModel(), [(["a", "b"], {})], 1, tmp_path)]
    assert drawn == ["whole_a", "whole_b"]
