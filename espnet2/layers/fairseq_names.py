"""fairseq's names of the weights of wav2vec 2.0 and HuBERT, and torchaudio's for the same.

The correspondence is that of torchaudio.models.wav2vec2.utils.import_fairseq_model, which needs fairseq itself; here the
names are enough.
"""
import re
from collections.abc import Iterable

_LAYER = r"encoder\.layers\.(\d+)\."
_OUR_LAYER = r"encoder.transformer.layers.\1."
_CONV = "encoder.transformer.pos_conv_embed.conv."
_NAMES = (
    (r"feature_extractor\.conv_layers\.(\d+)\.0\.(weight|bias)", r"feature_extractor.conv_layers.\1.conv.\2"),
    (r"feature_extractor\.conv_layers\.(\d+)\.2\.(?:1\.)?(weight|bias)", r"feature_extractor.conv_layers.\1.layer_norm.\2"),
    (r"post_extract_proj\.(weight|bias)", r"encoder.feature_projection.projection.\1"),
    (r"layer_norm\.(weight|bias)", r"encoder.feature_projection.layer_norm.\1"),
    (r"encoder\.pos_conv\.0\.bias", f"{_CONV}bias"),
    (r"encoder\.pos_conv\.0\.weight_g", f"{_CONV}parametrizations.weight.original0"),
    (r"encoder\.pos_conv\.0\.weight_v", f"{_CONV}parametrizations.weight.original1"),
    (r"encoder\.layer_norm\.(weight|bias)", r"encoder.transformer.layer_norm.\1"),
    (_LAYER + r"self_attn\.([qkv]_proj|out_proj)\.(weight|bias)", _OUR_LAYER + r"attention.\2.\3"),
    (_LAYER + r"self_attn_layer_norm\.(weight|bias)", _OUR_LAYER + r"layer_norm.\2"),
    (_LAYER + r"final_layer_norm\.(weight|bias)", _OUR_LAYER + r"final_layer_norm.\2"),
    (_LAYER + r"fc1\.(weight|bias)", _OUR_LAYER + r"feed_forward.intermediate_dense.\2"),
    (_LAYER + r"fc2\.(weight|bias)", _OUR_LAYER + r"feed_forward.output_dense.\2"),
)
_WRAPPERS = r"(?:w2v_encoder\.)?(?:w2v_model\.)?"

# (pattern, replacement) for the checkpoint of a recogniser.
FAIRSEQ_WEIGHTS = (
    *((rf"^encoder\.encoders\.{_WRAPPERS}{old}$", f"encoder.encoders.{new}") for old, new in _NAMES),
    (rf"^encoder\.encoders\.{_WRAPPERS}mask_emb$", "encoder.mask_generator.mask_embedding"),
)


def is_of_fairseq(names: Iterable[str]) -> bool:
    """Whether a network's weights are named as by fairseq."""
    return any("post_extract_proj." in name for name in names)


def torchaudio_name(name: str) -> str | None:
    """torchaudio's name of a weight, given fairseq's; None for the heads of training, which torchaudio's network lacks."""
    for old, new in _NAMES:
        match = re.fullmatch(_WRAPPERS + old, name)
        if match:
            return match.expand(new)
    return None
