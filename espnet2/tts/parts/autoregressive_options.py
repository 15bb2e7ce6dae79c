"""The options that synthesisers which write frame after frame share: names and defaults are those of ``tts_conf``."""

from dataclasses import dataclass

from espnet2.tts.parts.guided_attention_loss import GuidedAttentionLoss
from espnet2.tts.parts.postnet import Postnet
from espnet2.tts.parts.speaker import ConditionOptions
from espnet2.tts.parts.tacotron_loss import TacotronLoss


@dataclass
class AutoregressiveOptions(ConditionOptions):
    """What they are made of (and the keys of ``ConditionOptions``).

    Args:
        embed_dim: Size of the tokens' embedding.
        adim: Size of the attention, or of the model.
        postnet_layers: Convolutions that correct the frames; 0 for none.
        postnet_chans: Their channels.
        postnet_filts: Their taps (odd).
        use_batch_norm: Normalise after all convolutions.
        reduction_factor: Frames of a step.
        use_masking: Leave padding out of the losses.
        use_weighted_masking: That, and count all utterances alike. Without either, padding counts like speech.
        bce_pos_weight: How much a frame to stop at counts.
        loss_type: ``L1``, ``L2`` or ``L1+L2``.
        use_guided_attn_loss: Teach the attention to go from left to right.
        guided_attn_loss_sigma: How far from the diagonal is still free of charge.
        guided_attn_loss_lambda: How much that counts.
    """

    embed_dim: int = 512
    adim: int = 512
    postnet_layers: int = 5
    postnet_chans: int = 512
    postnet_filts: int = 5
    use_batch_norm: bool = True
    reduction_factor: int = 1
    use_masking: bool = True
    use_weighted_masking: bool = False
    bce_pos_weight: float = 5.0
    loss_type: str = "L1+L2"
    use_guided_attn_loss: bool = True
    guided_attn_loss_sigma: float = 0.4
    guided_attn_loss_lambda: float = 1.0

    def make_loss(self) -> TacotronLoss:
        """The distance from the speech, and whether to stop."""
        return TacotronLoss(self.loss_type, self.use_masking, self.use_weighted_masking, self.bce_pos_weight)

    def make_guided_attention_loss(self) -> GuidedAttentionLoss | None:
        """The loss of the attention, if it is wanted."""
        if not self.use_guided_attn_loss:
            return None
        return GuidedAttentionLoss(self.guided_attn_loss_sigma, self.guided_attn_loss_lambda)

    def make_postnet(self, odim: int, dropout_rate: float) -> Postnet:
        """The convolutions after the decoder."""
        return Postnet(
            odim, self.postnet_layers, self.postnet_chans, self.postnet_filts, self.use_batch_norm, dropout_rate
        )
