"""An encoder that begins as wav2vec 2.0.

Baevski et al., "wav2vec 2.0: A Framework for Self-Supervised Learning of Speech Representations", 2020,
https://arxiv.org/abs/2006.11477
"""
from espnet2.asr.encoder.self_supervised_encoder import SelfSupervisedEncoder
from espnet2.layers.wav2vec2 import build_wav2vec2


class Wav2Vec2Encoder(SelfSupervisedEncoder):
    """wav2vec 2.0 on waveforms, which are taken as they are, without normalisation.

    Args:
        input_size: 1, a sample.
        w2v_url: A file, a folder of Hugging Face, or the address of a published file.
        w2v_dir_path: Where the published file is looked for.
        output_size: D; a linear map follows if the network's size is another one.
        normalize_before: Normalise the output.
        freeze_finetune_updates: Steps of training before the network learns too.

    Raises:
        InputError: If the input is not a waveform, or the weights are nowhere or unreadable.
    """

    def __init__(
        self,
        input_size: int,
        w2v_url: str,
        w2v_dir_path: str = "./",
        output_size: int = 256,
        normalize_before: bool = False,
        freeze_finetune_updates: int = 0,
    ) -> None:
        model = build_wav2vec2(w2v_url, w2v_dir_path)
        super().__init__(input_size, model, output_size, normalize_before, freeze_finetune_updates)
