"""Speech recogniser: CTC and attention decoder, or transducer, over one encoder.

Watanabe et al., "Hybrid CTC/Attention Architecture for End-to-End Speech Recognition", 2017,
https://www.merl.com/publications/docs/TR2017-190.pdf; intermediate CTC losses: Lee and Watanabe, 2021,
https://arxiv.org/abs/2102.03216.
"""
# Shapes: B batch, N samples, T frames, S frames after the encoder, F features, L labels, D model size, V vocabulary
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from espnet2.asr.abs_decoder import AbsDecoder
from espnet2.asr.abs_encoder import AbsEncoder
from espnet2.asr.abs_frontend import AbsFrontend
from espnet2.asr.abs_postencoder import AbsPostEncoder
from espnet2.asr.abs_preencoder import AbsPreEncoder
from espnet2.asr.abs_specaug import AbsSpecAug
from espnet2.asr.ctc import CTC
from espnet2.asr.decoder.linear_decoder import LinearDecoder
from espnet2.asr.error_calculator import CTCErrorCalculator, ErrorCalculator
from espnet2.asr.labels import add_sos_eos, token_accuracy
from espnet2.asr.model_checks import check_options
from espnet2.asr.transducer import network_of, transducer_error_rates, transducer_losses
from espnet2.layers.abs_normalize import AbsNormalize
from espnet2.layers.label_smoothing import LabelSmoothingLoss
from espnet2.layers.mask import make_pad_mask
from espnet2.layers.too_short import least_length
from espnet2.train.abs_espnet_model import AbsESPnetModel

Stats = dict[str, Tensor | float | None]


class ESPnetASRModel(AbsESPnetModel):
    """Hybrid CTC/attention recogniser, ``loss = ctc_weight * ctc + (1 - ctc_weight) * attention``.

    With a joint network it is a transducer, ``loss = transducer + ctc_weight * ctc``.

    Args:
        vocab_size: V.
        token_list: The vocabulary; blank comes first, sos/eos last.
        frontend: Waveform to features; None when features are the input.
        specaug: Augmentation of features in training.
        normalize: Normalisation of features.
        preencoder: Between features and encoder.
        encoder: Encoder.
        postencoder: Between encoder and decoder.
        decoder: Attention decoder; dropped if ``ctc_weight`` is 1. With a joint network: prediction network.
        ctc: CTC head; dropped if ``ctc_weight`` is 0.
        joint_network: Joint network of a transducer.
        aux_ctc: Layer number (as text) -> name of the data that the CTC loss of this intermediate layer is to predict.
        ctc_weight: Share of the CTC loss, from 0 to 1.
        interctc_weight: Share of the intermediate layers in the CTC loss, from 0 to below 1.
        ignore_id: Padding of labels.
        lsm_weight: Label smoothing of the attention loss.
        length_normalized_loss: Divide the attention loss by the number of labels instead of the batch size.
        report_cer: Report character error rates in evaluation.
        report_wer: Report word error rates in evaluation.
        sym_space: Token of a space.
        sym_blank: Token of the CTC blank.
        sym_sos: Token that starts a sentence.
        sym_eos: Token that ends a sentence.
        transducer_multi_blank_durations: Not supported.
        transducer_multi_blank_sigma: Has no meaning without the former.
        autocast_frontend: Extract features in reduced precision too, when the rest is.
        extract_feats_in_collect_stats: False collects the numbers of samples only.
        lang_token_id: Label to put before each target of the decoder; -1 for none.

    Raises:
        InputError: If an option is out of its range, parts are missing, or something unsupported is asked for.
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
        aux_ctc: Mapping[str, str] | None = None,
        ctc_weight: float = 0.5,
        interctc_weight: float = 0.0,
        ignore_id: int = -1,
        lsm_weight: float = 0.0,
        length_normalized_loss: bool = False,
        report_cer: bool = True,
        report_wer: bool = True,
        sym_space: str = "<space>",
        sym_blank: str = "<blank>",
        sym_sos: str = "<sos/eos>",
        sym_eos: str = "<sos/eos>",
        transducer_multi_blank_durations: Sequence[int] = (),
        transducer_multi_blank_sigma: float = 0.05,
        autocast_frontend: bool = False,
        extract_feats_in_collect_stats: bool = True,
        lang_token_id: int = -1,
    ) -> None:
        super().__init__()
        check_options(ctc_weight, interctc_weight, decoder, encoder, transducer_multi_blank_durations)
        self.token_list = list(token_list)
        self.vocab_size = vocab_size
        self.ignore_id = ignore_id
        self.blank_id = self._token_id(sym_blank, 0)
        self.sos = self._token_id(sym_sos, vocab_size - 1)
        self.eos = self._token_id(sym_eos, vocab_size - 1)
        self.ctc_weight = ctc_weight
        self.interctc_weight = interctc_weight
        self.aux_ctc = dict(aux_ctc or {})
        self.autocast_frontend = autocast_frontend
        self.extract_feats_in_collect_stats = extract_feats_in_collect_stats
        self.lang_token_id = lang_token_id

        self.frontend = frontend
        self.specaug = specaug
        self.normalize = normalize
        self.preencoder = preencoder
        self.encoder = encoder
        self.postencoder = postencoder
        # Any: their losses are computed only where they are there
        self.decoder: Any = None if ctc_weight == 1.0 and joint_network is None else decoder
        self.ctc: Any = None if ctc_weight == 0.0 else ctc
        self.joint_network: Any = joint_network
        if encoder.interctc_use_conditioning:
            encoder.conditioning_layer = torch.nn.Linear(vocab_size, encoder.output_size())

        self.criterion_att = LabelSmoothingLoss(vocab_size, ignore_id, lsm_weight, length_normalized_loss)
        self.error_calculator: Any = None
        self.ctc_error_calculator: Any = None
        if report_cer or report_wer:
            self.error_calculator = ErrorCalculator(token_list, sym_space, sym_blank, report_cer, report_wer)
        # Other releases give a transducer that reports error rates none of CTC, so neither is it given here.
        if self.ctc is not None and (joint_network is None or self.error_calculator is None):
            self.ctc_error_calculator = CTCErrorCalculator(token_list, sym_space, sym_blank)

    def _token_id(self, symbol: str, fallback: int) -> int:
        return self.token_list.index(symbol) if symbol in self.token_list else fallback

    def forward(  # type: ignore[override]
        self, speech: Tensor, speech_lengths: Tensor, text: Tensor, text_lengths: Tensor, **kwargs: Any
    ) -> tuple[Tensor, Stats, Tensor]:
        """Loss of a batch.

        Args:
            speech: Waveforms, or features if there is no frontend.
            speech_lengths: Their lengths.
            text: Labels; padding may hold anything.
            text_lengths: Their numbers.
            **kwargs: Targets of ``aux_ctc`` by name, with their lengths as ``<name>_lengths``; others are left alone.

        Returns:
            The loss, what is to be reported, and the batch size as the weight of both.

        Shapes:
            speech (B, N), speech_lengths (B,), text (B, L), text_lengths (B,) -> scalar, statistics, scalar
        """
        text = text[:, : int(text_lengths.max())]
        text = text.masked_fill(make_pad_mask(text_lengths, text.size(1)), self.ignore_id)
        encoded, encoder_out_lens = self.encode(speech, speech_lengths)
        encoder_out, intermediate = encoded if isinstance(encoded, tuple) else (encoded, [])

        stats: Stats = {}
        losses = []
        if self.ctc is not None:
            loss_ctc = self._ctc_loss(encoder_out, encoder_out_lens, text, text_lengths, "ctc", stats)
            if self.interctc_weight > 0:
                loss_inter = self._intermediate_loss(intermediate, encoder_out_lens, text, text_lengths, kwargs, stats)
                loss_ctc = (1.0 - self.interctc_weight) * loss_ctc + self.interctc_weight * loss_inter
            losses.append(self.ctc_weight * loss_ctc)
        if self.joint_network is not None:
            losses.append(self._transducer_loss(encoder_out, encoder_out_lens, text, text_lengths, stats))
        elif self.decoder is not None:
            loss_att = self._attention_loss(encoder_out, encoder_out_lens, text, text_lengths, stats)
            losses.append((1.0 - self.ctc_weight) * loss_att)
        loss = torch.stack(losses).sum()
        stats["loss"] = loss.detach()
        return loss, stats, text_lengths.new_tensor(len(text))

    def collect_feats(  # type: ignore[override]
        self, speech: Tensor, speech_lengths: Tensor, **kwargs: Any
    ) -> dict[str, Tensor]:
        """Features before normalisation, to collect their mean and variance.

        Shapes:
            speech (B, N), speech_lengths (B,) -> feats (B, T, F), feats_lengths (B,)
        """
        if self.extract_feats_in_collect_stats:
            feats, feats_lengths = self._extract_feats(speech, speech_lengths)
        else:
            feats, feats_lengths = speech, speech_lengths
        return {"feats": feats, "feats_lengths": feats_lengths}

    def sample_rates(self) -> dict[str, int]:
        """The rate of the front end, or of an encoder that hears the waveform itself."""
        rate = (self.encoder if self.frontend is None else self.frontend).sample_rate
        return {} if rate is None else {"speech": rate}

    @torch.no_grad()
    def least_lengths(self) -> dict[str, int]:
        """The shortest speech that leaves a frame for the decoder, found by trying; not known of features."""
        if self.frontend is None:
            return {}
        was_training, like = self.training, next(self.parameters())

        def leaves_a_frame(num_samples: int) -> bool:
            lengths = torch.tensor([num_samples], device=like.device)
            return int(self.encode(like.new_zeros(1, num_samples), lengths)[1]) > 0

        self.eval()
        try:
            return {"speech": least_length(leaves_a_frame)}
        finally:
            self.train(was_training)

    def encode(self, speech: Tensor, speech_lengths: Tensor) -> tuple[Any, Tensor]:
        """From speech to what the decoder reads.

        Returns:
            Encoded frames, or a pair of them and a list of (layer, its output) if the encoder has intermediate ones.

        Raises:
            TooShortUttError: If even the longest utterance is too short.

        Shapes:
            speech (B, N), speech_lengths (B,) -> (B, S, D), (B,)
        """
        device = speech.device.type
        autocast = self.autocast_frontend and torch.is_autocast_enabled(device)
        with torch.autocast(device, enabled=autocast):
            feats, feats_lengths = self._extract_feats(speech, speech_lengths)
            if self.specaug is not None and self.training:
                feats, feats_lengths = self.specaug(feats, feats_lengths)
            if self.normalize is not None:
                feats, feats_lengths = self.normalize(feats, feats_lengths)
        if self.preencoder is not None:
            feats, feats_lengths = self.preencoder(feats, feats_lengths)
        extra = {"ctc": self.ctc} if self.encoder.needs_ctc else {}
        encoded, encoder_out_lens, _ = self.encoder(feats, feats_lengths, **extra)
        encoder_out, intermediate = encoded if isinstance(encoded, tuple) else (encoded, None)
        if self.postencoder is not None:
            encoder_out, encoder_out_lens = self.postencoder(encoder_out, encoder_out_lens)
        return (encoder_out if intermediate is None else (encoder_out, intermediate)), encoder_out_lens

    def _extract_feats(self, speech: Tensor, speech_lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Shapes: speech (B, N), speech_lengths (B,) -> (B, T, F), (B,)."""
        speech = speech[:, : int(speech_lengths.max())]
        return (speech, speech_lengths) if self.frontend is None else self.frontend(speech, speech_lengths)

    def _ctc_loss(
        self, encoder_out: Tensor, encoder_out_lens: Tensor, text: Tensor, text_lengths: Tensor, name: str, stats: Stats
    ) -> Tensor:
        """CTC loss of one layer; puts ``loss_<name>`` and, in evaluation, ``cer_<name>`` into ``stats``."""
        loss = self.ctc(encoder_out, encoder_out_lens, text, text_lengths)
        stats[f"loss_{name}"] = loss.detach()
        if not self.training and self.ctc_error_calculator is not None:
            stats[f"cer_{name}"] = self.ctc_error_calculator(self.ctc.argmax(encoder_out), text)
        return loss

    def _intermediate_loss(
        self,
        intermediate: Sequence[tuple[int, Tensor]],
        encoder_out_lens: Tensor,
        text: Tensor,
        text_lengths: Tensor,
        batch: Mapping[str, Tensor],
        stats: Stats,
    ) -> Tensor:
        """Mean of the CTC losses of intermediate layers, each of them for the text or for its auxiliary target."""
        losses = []
        for layer, hs_pad in intermediate:
            labels, lengths = text, text_lengths
            target = self.aux_ctc.get(str(layer))
            if target is not None and target in batch:
                lengths = batch[f"{target}_lengths"]
                labels = batch[target].masked_fill(make_pad_mask(lengths, batch[target].size(1)), self.ignore_id)
            name = f"interctc_layer{layer}"
            losses.append(self._ctc_loss(hs_pad, encoder_out_lens, labels, lengths, name, stats))
        return torch.stack(losses).mean()

    def _decoder_labels(self, text: Tensor, text_lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the decoder reads, what it is to predict, and their numbers."""
        if self.lang_token_id != -1:
            text, text_lengths = F.pad(text, (1, 0), value=self.lang_token_id), text_lengths + 1
        ys_in, ys_out = add_sos_eos(text, text_lengths, self.sos, self.eos, self.ignore_id)
        return ys_in, ys_out, text_lengths + 1

    def _attention_loss(
        self, encoder_out: Tensor, encoder_out_lens: Tensor, text: Tensor, text_lengths: Tensor, stats: Stats
    ) -> Tensor:
        """Loss of the decoder; puts it, the accuracy and, in evaluation, the error rates into ``stats``."""
        if isinstance(self.decoder, LinearDecoder):
            return self._class_loss(encoder_out, encoder_out_lens, text, text_lengths, stats)
        ys_in, ys_out, ys_lens = self._decoder_labels(text, text_lengths)
        logits, _ = self.decoder(encoder_out, encoder_out_lens, ys_in, ys_lens)
        loss = self.criterion_att(logits, ys_out)
        stats["loss_att"] = loss.detach()
        stats["acc"] = token_accuracy(logits.detach(), ys_out, self.ignore_id)
        if not self.training and self.error_calculator is not None:
            references = ys_out[:, :-1].masked_fill(ys_out[:, :-1] == self.eos, -1)
            stats["cer"], stats["wer"] = self.error_calculator(logits.argmax(-1), references)
        return loss

    def _class_loss(
        self, encoder_out: Tensor, encoder_out_lens: Tensor, text: Tensor, text_lengths: Tensor, stats: Stats
    ) -> Tensor:
        """As ``_attention_loss``, of a decoder that gives the whole utterance one label."""
        loss, best = self.decoder.loss(encoder_out, encoder_out_lens, text, text_lengths)
        stats["loss_att"] = loss.detach()
        stats["acc"] = (best == text).float().mean()
        if not self.training and self.error_calculator is not None:
            stats["cer"], stats["wer"] = self.error_calculator(best, text)
        return loss

    def _transducer_loss(
        self, encoder_out: Tensor, encoder_out_lens: Tensor, text: Tensor, text_lengths: Tensor, stats: Stats
    ) -> Tensor:
        """Loss of a transducer; puts it and, in evaluation, the error rates of a search into ``stats``."""
        loss = self.nll(encoder_out, encoder_out_lens, text, text_lengths).mean()
        stats["loss_transducer"] = loss.detach()
        if not self.training and self.error_calculator is not None:
            network = network_of(self.decoder, self.joint_network, self.blank_id)
            speech = (encoder_out, encoder_out_lens)
            rates = transducer_error_rates(self.error_calculator, network, *speech, text, text_lengths)
            stats["cer_transducer"], stats["wer_transducer"] = rates
        return loss

    def nll(self, encoder_out: Tensor, encoder_out_lens: Tensor, ys_pad: Tensor, ys_pad_lens: Tensor) -> Tensor:
        """Negative log-likelihood of each transcript by the decoder, to rescore hypotheses.

        Shapes:
            encoder_out (B, S, D), encoder_out_lens (B,), ys_pad (B, L), ys_pad_lens (B,) -> (B,)
        """
        if self.joint_network is not None:
            speech, text = (encoder_out, encoder_out_lens), (ys_pad, ys_pad_lens)
            return transducer_losses(self.decoder, self.joint_network, *speech, *text, self.blank_id)
        ys_pad = ys_pad.masked_fill(make_pad_mask(ys_pad_lens, ys_pad.size(1)), self.ignore_id)
        ys_in, ys_out, ys_lens = self._decoder_labels(ys_pad, ys_pad_lens)
        logits, _ = self.decoder(encoder_out, encoder_out_lens, ys_in, ys_lens)
        return F.cross_entropy(logits.transpose(1, 2), ys_out, ignore_index=self.ignore_id, reduction="none").sum(1)
