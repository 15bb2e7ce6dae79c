"""Options that autoregressive synthesisers share."""

from espnet2.tts.parts.autoregressive_options import AutoregressiveOptions


def test_parts_follow_the_options():
    options = AutoregressiveOptions(postnet_layers=2, postnet_chans=6, guided_attn_loss_sigma=0.3, bce_pos_weight=7.0)
    assert [layer[0].out_channels for layer in options.make_postnet(5, 0.5).postnet] == [6, 5]
    assert options.make_guided_attention_loss().sigma == 0.3
    assert AutoregressiveOptions(use_guided_attn_loss=False).make_guided_attention_loss() is None
    assert options.make_loss().bce_criterion.pos_weight == 7.0 and options.make_loss().use_masking
