"""Language models in the search of a transducer."""

import pytest
import torch

from espnet2.lm.seq_rnn_lm import SequentialRNNLM
from espnet2.lm.transformer_lm import TransformerLM
from espnet2.search.transducer.language_model import LanguageModel
from espnet2.search.transducer.options import TransducerOptions
from espnet2.search.transducer.prefix import Prefix
from espnet2.search.transducer.search import TransducerSearch
from test.espnet2.search.transducer import tiny

V, WEIGHT = 4, 0.7
LMS = {
    "lstm": lambda: SequentialRNNLM(V, 8, nlayers=2),
    "gru": lambda: SequentialRNNLM(V, 8, nlayers=1, rnn_type="gru"),
    "transformer": lambda: TransformerLM(V, "sinusoidal", 8, 8, 2, 16, 2),
}


@pytest.fixture(params=LMS)
def lm(request):
    torch.manual_seed(3)
    lm = LMS[request.param]().eval()
    with torch.no_grad():
        for parameter in lm.parameters():
            parameter.mul_(2.0)
    return lm


@torch.no_grad()
def lm_score(lm, labels):
    """Log-probability of labels (blank first), sos in its place, without eos."""
    tokens = torch.tensor([[V - 1, *labels[1:]]])
    log_probs = lm(tokens, None)[0].log_softmax(-1)[0]
    return sum(float(log_probs[position, label]) for position, label in enumerate(labels[1:]))


def search(lm, kind, beam_size, nbest, **options):
    options = TransducerOptions(**{"search_type": kind, "score_norm": False, **options})
    fused = LanguageModel(lm, WEIGHT, sos=V - 1, device=torch.device("cpu"))
    return TransducerSearch(tiny.network(V), beam_size, options, fused, nbest)


@pytest.mark.parametrize(
    ("kind", "beam_size", "combine", "most", "options"),
    [
        ("tsd", 1000, lambda ways: torch.logsumexp(ways, 0), 1, {}),
        ("alsd", 1000, lambda ways: torch.logsumexp(ways, 0), None, {}),
        ("default", 80, torch.amax, None, {}),
    ],
)
def test_a_score_is_the_transducers_plus_the_weighted_one(lm, kind, beam_size, combine, most, options):
    encoded = tiny.speech(3)
    of_transducer = tiny.transcripts(V, encoded[0], 3 if kind == "tsd" else 2, combine, labels_of_a_frame=most)
    fused = {labels: score + WEIGHT * lm_score(lm, labels) for labels, score in of_transducer.items()}
    found = search(lm, kind, beam_size, 500, **options)(encoded, torch.tensor([3]))[0]
    scores = {tuple(h.yseq.tolist()): h.score for h in found}
    compared = [labels for labels in fused if kind != "default" or labels in scores]
    assert len(compared) > 3 and found[0].score >= max(fused.values()) - 1e-4
    assert [scores[labels] for labels in compared] == pytest.approx([fused[labels] for labels in compared], abs=1e-4)


@pytest.mark.parametrize("kind", ["default", "tsd", "alsd", "nsc", "maes"])
def test_utterances_together_are_as_alone(lm, kind):
    encoded, lengths = tiny.speech(8, 3), torch.tensor([8, 5, 6])
    options = {"expansion_beta": 1} if kind == "maes" else {}
    engine = search(lm, kind, 3, 3, **options)
    together = engine(encoded, lengths)
    for row, length in enumerate(lengths):
        alone = engine(encoded[row : row + 1, :length], lengths[row : row + 1])[0]
        assert [h.yseq.tolist() for h in together[row]] == [h.yseq.tolist() for h in alone]
        assert [h.score for h in together[row]] == pytest.approx([h.score for h in alone], abs=1e-4)


@torch.no_grad()
def test_states_of_several_batches_are_joined(lm):
    """What follows prefixes that were judged apart, against whole sequences."""
    model = LanguageModel(lm, 1.0, sos=V - 1, device=torch.device("cpu"))
    root = Prefix((0,), torch.zeros(1))
    model.judge([root])
    first, second = child(root, 1), child(root, 2)
    model.judge([first])
    model.judge([second])
    longer = [child(first, 2), child(second, 1), child(first, 1)]
    model.judge(longer)
    for prefix in longer:
        tokens = torch.tensor([[V - 1, *prefix.labels[1:]]])
        expected = lm(tokens, None)[0][0, -1].log_softmax(-1)
        assert torch.allclose(torch.from_numpy(prefix.lm_scores), expected, atol=1e-5)


def child(prefix, label):
    prefix.state = torch.zeros(1)  # of a prediction network that is not there
    return prefix.child(label)
