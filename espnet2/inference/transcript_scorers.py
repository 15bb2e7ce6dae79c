"""Models that judge whole transcripts in one pass, for rescoring."""
# Shapes: U utterances, N transcripts of each, L tokens of the longest, T frames, D model size, V vocabulary
from typing import Any

import torch
from torch import Tensor

from espnet2.search.rescoring import TranscriptScorer


def decoder_scorer(asr_model: Any) -> TranscriptScorer:
    """Log-probabilities of transcripts by a recogniser's attention decoder, eos included."""

    def judge(encoded: Tensor, lengths: Tensor, transcripts: Tensor, num_tokens: Tensor) -> Tensor:
        # utterance after utterance: the decoder's output for all of them may be large
        return -torch.stack(
            [
                asr_model.nll(
                    frames[:length].expand(len(ids), -1, -1), length.expand(len(ids)), ids[:, : int(num.max())], num
                )
                for frames, length, ids, num in zip(encoded, lengths, transcripts, num_tokens)
            ]
        )

    return judge


def lm_scorer(lm: Any, sos: int, eos: int) -> TranscriptScorer:
    """Log-probabilities of transcripts by a language model, eos included."""

    def judge(encoded: Tensor, lengths: Tensor, transcripts: Tensor, num_tokens: Tensor) -> Tensor:
        return torch.stack([score(ids, num) for ids, num in zip(transcripts, num_tokens)])

    def score(ids: Tensor, num_tokens: Tensor) -> Tensor:
        """One utterance: (N, L), (N,) -> (N,)."""
        targets = torch.nn.functional.pad(ids, (0, 1)).scatter(1, num_tokens.unsqueeze(1), eos)
        inputs = torch.nn.functional.pad(ids, (1, 0), value=sos)
        logits, _ = lm(inputs, None)
        log_probs = logits.log_softmax(-1).gather(2, targets.unsqueeze(2)).squeeze(2)
        is_after_eos = torch.arange(targets.size(1), device=ids.device) > num_tokens.unsqueeze(1)
        return log_probs.masked_fill(is_after_eos, 0.0).sum(1)

    return judge
