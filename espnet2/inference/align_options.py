"""The options of the alignment door."""

from dataclasses import dataclass

from espnet2.config.options import option
from espnet2.utils.types import int_or_none, str_or_none


@dataclass
class AlignOptions:
    """Alignment."""

    model_tag: str | None = option(None, "Experiment folder or .pth, in place of the two below", str_or_none)
    asr_train_config: str | None = option(None, "config.yaml of the recogniser; none: beside the weights", str_or_none)
    asr_model_file: str | None = option(None, "Weights of the recogniser", str_or_none)
    fs: int = option(16000, "Sampling rate of waveforms; sound files know their own")
    ngpu: int = option(0, "GPUs: 0 or 1")
    batch_size: int = option(1, "Accepted; windows go one after another")
    dtype: str = option("float32", "Precision of the computation", choices=("float32", "float64"))
    kaldi_style_text: bool = option(True, "Whether each line of the text begins with the name of its utterance")
    text_converter: str = option(
        "tokenize", "How text becomes tokens; classic, by the characters of pieces, is refused", choices=("tokenize", "classic")
    )
    time_stamps: str = option("auto", "Accepted; times are those of the frames", choices=("auto", "fixed"))
    min_window_size: int | None = option(None, "Accepted; parts follow from the memory that the search needs", int_or_none)
    max_window_size: int | None = option(None, "Accepted, like min_window_size", int_or_none)
    set_blank: int | None = option(None, "Id of blank; only 0 is there", int_or_none)
    gratis_blank: bool = option(False, "Whether anything may be between utterances, not just silence")
    replace_spaces_with_blanks: bool = option(False, "Whether blanks stand between words, in place of <space>")
    scoring_length: int | None = option(None, "Frames of the stretch whose mean is the score; none: 30", int_or_none)
    print_utt_text: bool = option(True, "Whether the text is told")
    print_utt_score: bool = option(True, "Whether the score is told")
