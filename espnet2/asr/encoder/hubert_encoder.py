"""An encoder that begins as HuBERT.

Hsu et al., "HuBERT: Self-Supervised Speech Representation Learning by Masked Prediction of Hidden Units", 2021,
https://arxiv.org/abs/2106.07447
"""
from torchaudio.models import Wav2Vec2Model
from torchaudio.models.wav2vec2.components import MaskGenerator

from espnet2.asr.encoder.self_supervised_encoder import SelfSupervisedEncoder
from espnet2.layers.wav2vec2 import build_wav2vec2


class HubertEncoder(SelfSupervisedEncoder):
    """HuBERT on waveforms, which are taken as they are, without normalisation. In training frames are hidden.

    Args:
        input_size: 1, a sample.
        hubert_url: A file, a folder of Hugging Face, or the address of a published file.
        hubert_dir_path: Where the published file is looked for.
        output_size: D; a linear map follows if the network's size is another one.
        normalize_before: Normalise the output.
        freeze_finetune_updates: Steps of training before the network learns too.
        dropout: Dropout after each branch.
        activation_dropout: Dropout inside the feed-forward networks.
        mask_length: Frames of a hidden span.
        mask_prob: Share of frames that spans would hide if they never overlapped.
        mask_selection: How span lengths are drawn: static, uniform, normal or poisson.
        mask_other: Second argument of the draw.
        apply_mask: Whether anything is hidden.
        mask_channel_length: Dimensions of a hidden span.
        mask_channel_prob: The same share, of dimensions.
        mask_channel_selection: How these span lengths are drawn.
        mask_channel_other: Second argument of the draw.
        layerdrop: Probability of leaving a layer out in training.
        feature_grad_mult: How much the convolutions learn; 0: not at all.

    Raises:
        InputError: If the input is not a waveform, or the weights are nowhere or unreadable.
    """

    def __init__(
        self,
        input_size: int,
        hubert_url: str = "./",
        hubert_dir_path: str = "./",
        output_size: int = 256,
        normalize_before: bool = False,
        freeze_finetune_updates: int = 0,
        dropout: float = 0.0,
        activation_dropout: float = 0.1,
        mask_length: int = 10,
        mask_prob: float = 0.75,
        mask_selection: str = "static",
        mask_other: float = 0.0,
        apply_mask: bool = True,
        mask_channel_length: int = 64,
        mask_channel_prob: float = 0.5,
        mask_channel_selection: str = "static",
        mask_channel_other: float = 0.0,
        layerdrop: float = 0.1,
        feature_grad_mult: float = 0.0,
    ) -> None:
        model = build_wav2vec2(hubert_url, hubert_dir_path)
        _set_dropout(model, dropout, activation_dropout, layerdrop)
        mask_generator = MaskGenerator(
            model.encoder.feature_projection.projection.out_features,
            mask_prob=mask_prob if apply_mask else 0.0,
            mask_selection=mask_selection,
            mask_other=mask_other,
            mask_length=mask_length,
            no_mask_overlap=False,
            mask_min_space=1,
            mask_channel_prob=mask_channel_prob if apply_mask else 0.0,
            mask_channel_selection=mask_channel_selection,
            mask_channel_other=mask_channel_other,
            mask_channel_length=mask_channel_length,
            no_mask_channel_overlap=False,
            mask_channel_min_space=1,
        )
        super().__init__(
            input_size,
            model,
            output_size,
            normalize_before,
            freeze_finetune_updates,
            mask_generator=mask_generator,
            feature_grad_mult=feature_grad_mult,
        )


def _set_dropout(model: Wav2Vec2Model, dropout: float, activation_dropout: float, layerdrop: float) -> None:
    transformer = model.encoder.transformer
    transformer.layer_drop = layerdrop
    transformer.dropout.p = dropout
    for layer in transformer.layers:
        layer.dropout.p = dropout
        layer.feed_forward.intermediate_dropout.p = activation_dropout
        layer.feed_forward.output_dropout.p = dropout
