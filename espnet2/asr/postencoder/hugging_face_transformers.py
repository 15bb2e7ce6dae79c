"""An encoder of Hugging Face between encoder and decoder."""
# Shapes: B batch, S frames, D model size
import torch
from torch import Tensor

from espnet2.asr.abs_postencoder import AbsPostEncoder
from espnet2.layers.hugging_face import build_hugging_face, without_embedding
from espnet2.layers.length_adaptor import length_adaptor, shorten
from espnet2.layers.mask import make_pad_mask
from espnet2.layers.pretrained import mark_pretrained
from espnet2.utils.errors import InputError


class HuggingFaceTransformersPostEncoder(AbsPostEncoder):
    """Shorten the frames, bring them to the network's size, apply the network.

    Of a network with encoder and decoder only the encoder is used. It reads vectors, so its embedding of tokens is left out.

    Args:
        input_size: Size of what the encoder gives.
        model_name_or_path: A folder, or the name of a published model.
        length_adaptor_n_layers: How many times the number of frames is halved before.
        lang_token_id: Not supported: -1.

    Raises:
        InputError: If transformers is not installed or the model is nowhere, or a language token is asked for.
    """

    def __init__(
        self, input_size: int, model_name_or_path: str, length_adaptor_n_layers: int = 0, lang_token_id: int = -1
    ) -> None:
        super().__init__()
        if lang_token_id != -1:
            raise InputError("postencoder_conf: lang_token_id is not supported; leave it out")
        model, is_pretrained = build_hugging_face("AutoModel", model_name_or_path)
        if model.config.is_encoder_decoder:
            model = model.get_encoder()
        self.transformer = without_embedding(model)
        if is_pretrained:
            mark_pretrained(self.transformer)
        self.num_halvings = length_adaptor_n_layers
        self.length_adaptor = length_adaptor(input_size, length_adaptor_n_layers)
        self._output_size = int(model.config.hidden_size)
        self.linear_in = torch.nn.Linear(input_size, self._output_size)

    def output_size(self) -> int:
        """Model size D of the network."""
        return self._output_size

    def forward(self, input: Tensor, input_lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Work on the encoded frames.

        Raises:
            TooShortUttError: If the length adaptor leaves no frame.

        Shapes:
            input (B, S, D'), input_lengths (B,) -> (B, S // 2 ** n, D), (B,)
        """
        x, lengths = shorten(self.length_adaptor, self.num_halvings, input, input_lengths)
        attention_mask = (~make_pad_mask(lengths, x.size(1))).to(x.device, torch.long)
        output = self.transformer(inputs_embeds=self.linear_in(x), attention_mask=attention_mask)
        return output.last_hidden_state, lengths
