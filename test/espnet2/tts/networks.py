"""Small synthesisers for tests."""

import torch

IDIM, ODIM = 10, 5
STYLE = {"gst_tokens": 3, "gst_heads": 2, "gst_conv_layers": 1, "gst_conv_chans_list": [2], "gst_gru_units": 3}
EVERYTHING = {"spks": 3, "langs": 2, "spk_embed_dim": 3, "use_gst": True, **STYLE}
CONDITIONS = {"spembs": torch.tensor([[1.0, 2.0, 3.0], [3.0, 1.0, 1.0]]), "sids": torch.tensor([[1], [2]])}
CONDITIONS["lids"] = torch.tensor([[1], [0]])


def batch(lengths=(4, 4), num_frames=(12, 12)):
    """Text and frames of two utterances, padded with 0."""
    generator = torch.Generator().manual_seed(1)
    text, feats = torch.zeros(2, max(lengths), dtype=torch.long), torch.zeros(2, max(num_frames), ODIM)
    for row in range(2):
        text[row, : lengths[row]] = torch.randint(1, IDIM - 1, (lengths[row],), generator=generator)
        feats[row, : num_frames[row]] = torch.randn(num_frames[row], ODIM, generator=generator)
    return {
        "text": text,
        "text_lengths": torch.tensor(lengths),
        "feats": feats,
        "feats_lengths": torch.tensor(num_frames),
    }


def row_of(values, row):
    """One utterance of a batch, as a batch."""
    return {name: value[row : row + 1] for name, value in values.items()}


def random_statistics(model):
    """Batch normalisation with statistics that are not those of a fresh model."""
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return model
