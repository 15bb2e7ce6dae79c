"""Mask-CTC recogniser: CTC, and a decoder that learns to fill in hidden labels.

Higuchi et al., "Mask CTC: Non-Autoregressive End-to-End ASR with CTC and Mask Predict", 2020,
https://arxiv.org/abs/2005.08700, section 3.
"""
# Shapes: B batch, S frames after the encoder, L labels, D model size, V vocabulary (the mask is token V)
from collections.abc import Sequence

import torch
from torch import Tensor

from espnet2.asr.abs_decoder import AbsDecoder
from espnet2.asr.abs_encoder import AbsEncoder
from espnet2.asr.abs_frontend import AbsFrontend
from espnet2.asr.abs_postencoder import AbsPostEncoder
from espnet2.asr.abs_preencoder import AbsPreEncoder
from espnet2.asr.abs_specaug import AbsSpecAug
from espnet2.asr.ctc import CTC
from espnet2.asr.decoder.mlm_decoder import MLMDecoder
from espnet2.asr.espnet_model import ESPnetASRModel, Stats
from espnet2.asr.labels import mask_labels, token_accuracy
from espnet2.layers.abs_normalize import AbsNormalize
from espnet2.layers.label_smoothing import LabelSmoothingLoss
from espnet2.utils.errors import InputError

EVALUATION_SEED = 0


class MaskCTCModel(ESPnetASRModel):
    """Hybrid of CTC and a masked language model, ``loss = ctc_weight * ctc + (1 - ctc_weight) * mlm``.

    Which labels are hidden is drawn for each batch; in evaluation the same batch always has the same ones, so that
    epochs can be compared.

    Args:
        vocab_size, token_list, frontend, specaug, normalize, preencoder, encoder, postencoder, ctc, ctc_weight,
            interctc_weight, ignore_id, lsm_weight, length_normalized_loss, report_cer, report_wer, sym_space,
            sym_blank, extract_feats_in_collect_stats: See ``ESPnetASRModel``.
        decoder: An ``MLMDecoder``; dropped if ``ctc_weight`` is 1.
        joint_network: There must be none.
        sym_mask: Token of the mask, put after the vocabulary.

    Attributes:
        mask_token: Id of the mask, V.
        token_list: The vocabulary and the mask.

    Raises:
        InputError: If the decoder is another one, or as in ``ESPnetASRModel``.
    """

    def __init__(
        self,
        vocab_size: int,
        token_list: Sequence[str],
        frontend: AbsFrontend | None,
        specaug: AbsSpecAug | None,
        normalize: AbsNormalize | None,
        preencoder: AbsPreEncoder | None,
        encoder: AbsEncoder,
        postencoder: AbsPostEncoder | None,
        decoder: AbsDecoder | None,
        ctc: CTC,
        joint_network: torch.nn.Module | None = None,
        ctc_weight: float = 0.5,
        interctc_weight: float = 0.0,
        ignore_id: int = -1,
        lsm_weight: float = 0.0,
        length_normalized_loss: bool = False,
        report_cer: bool = True,
        report_wer: bool = True,
        sym_space: str = "<space>",
        sym_blank: str = "<blank>",
        sym_mask: str = "<mask>",
        extract_feats_in_collect_stats: bool = True,
    ) -> None:
        if joint_network is not None or not isinstance(decoder, MLMDecoder | None):
            raise InputError(f"model: maskctc needs decoder: mlm, not a {type(decoder).__name__}")
        super().__init__(
            vocab_size,
            token_list,
            frontend,
            specaug,
            normalize,
            preencoder,
            encoder,
            postencoder,
            decoder,
            ctc,
            ctc_weight=ctc_weight,
            interctc_weight=interctc_weight,
            ignore_id=ignore_id,
            lsm_weight=lsm_weight,
            length_normalized_loss=length_normalized_loss,
            report_cer=report_cer,
            report_wer=report_wer,
            sym_space=sym_space,
            sym_blank=sym_blank,
            extract_feats_in_collect_stats=extract_feats_in_collect_stats,
        )
        self.mask_token = vocab_size
        self.token_list.append(sym_mask)
        self.criterion_att = LabelSmoothingLoss(vocab_size + 1, ignore_id, lsm_weight, length_normalized_loss)

    def _attention_loss(
        self, encoder_out: Tensor, encoder_out_lens: Tensor, text: Tensor, text_lengths: Tensor, stats: Stats
    ) -> Tensor:
        """Loss of the hidden labels; puts it and their accuracy into ``stats``."""
        generator = None if self.training else torch.Generator(text.device).manual_seed(EVALUATION_SEED)
        ys_in, ys_out = mask_labels(text, text_lengths, self.mask_token, self.eos, self.ignore_id, generator)
        logits, _ = self.decoder(encoder_out, encoder_out_lens, ys_in, text_lengths)
        loss = self.criterion_att(logits, ys_out)
        stats["loss_mlm"] = loss.detach()
        stats["acc_mlm"] = token_accuracy(logits.detach(), ys_out, self.ignore_id)
        return loss
