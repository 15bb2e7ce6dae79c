"""The options of the synthesis doors."""

from dataclasses import dataclass

from espnet2.config.nested import NestedDictAction
from espnet2.config.options import option
from espnet2.utils.types import str_or_none


@dataclass
class SynthesiserOptions:
    """Models."""

    model_tag: str | None = option(None, "Experiment folder or .pth, in place of the two below", str_or_none)
    train_config: str | None = option(None, "config.yaml of the synthesiser; none: beside the weights", str_or_none)
    model_file: str | None = option(None, "Weights of the synthesiser", str_or_none)
    vocoder_tag: str | None = option(None, "Experiment folder of a vocoder, in place of the two below", str_or_none)
    vocoder_config: str | None = option(None, "Configuration of the vocoder; none: beside its weights", str_or_none)
    vocoder_file: str | None = option(
        None, "Weights of a vocoder: .pth of this toolkit, .pkl of ParallelWaveGAN; none: Griffin-Lim", str_or_none
    )
    vocoder_conf: dict = option({}, "Options of Griffin-Lim as key=value: iterations, momentum, fs", action=NestedDictAction)


@dataclass
class SynthesisOptions:
    """Synthesis."""

    threshold: float = option(0.5, "Probability at which an autoregressive model ends")
    minlenratio: float = option(0.0, "Least frames of an autoregressive model, per token")
    maxlenratio: float = option(10.0, "Most frames of an autoregressive model, per token")
    use_teacher_forcing: bool = option(False, "Feed the true features in place of the model's own")
    use_att_constraint: bool = option(False, "Let attention move on only, and not far")
    backward_window: int = option(1, "How many tokens back it may look then")
    forward_window: int = option(3, "How many tokens ahead")
    speed_control_alpha: float = option(1.0, "Durations are multiplied by this: above 1 is slower")
    pitch_scale: float = option(1.0, "Pitch is multiplied by this (FastSpeech2)")
    energy_scale: float = option(1.0, "Energy is multiplied by this (FastSpeech2)")
    noise_scale: float = option(0.667, "Variation of the sound (VITS)")
    noise_scale_dur: float = option(0.8, "Variation of durations (VITS)")
    always_fix_seed: bool = option(False, "Draw the same random numbers for each utterance")
    prefer_normalized_feats: bool = option(False, "Give the vocoder normalised features")
    max_chars: int = option(250, "A longer text is cut at sentences, and the pieces are joined; 0: never")
    pause_seconds: float = option(0.2, "Silence between such pieces")


@dataclass
class SayOptions:
    """Input and output."""

    exp: str | None = option(None, "Experiment folder; short for --model_tag", str_or_none)
    vocoder: str | None = option(None, "Experiment folder of a vocoder; short for --vocoder_tag", str_or_none)
    file: str | None = option(None, "A text file to read aloud; '-': standard input", str_or_none)
    output: str = option("out.wav", "Where the sound goes: a wav or flac file; '-': raw 16-bit samples on standard output")
    stream: bool = option(False, "Write each chunk as soon as it is ready")
    sid: int | None = option(None, "Number of the speaker, of a model of several", int)
    lid: int | None = option(None, "Number of the language, of a model of several", int)
    spembs: str | None = option(None, "File (.npy) with the speaker's vector, of a model that is told one", str_or_none)
    reference: str | None = option(None, "Recording whose style is taken, of a model with use_gst", str_or_none)
    ngpu: int = option(0, "GPUs: 0 or 1")
    seed: int = option(777, "Seed of the random numbers")
    num_threads: int = option(0, "Threads on the CPU; 0: as torch chooses")
    log_level: str = option(
        "INFO", "How much is logged", choices=("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "NOTSET")
    )


@dataclass
class EvaluationOptions:
    """Evaluation of synthesised speech."""

    hyp_dir: str = option(None, "What tts_inference has written: wav/wav.scp, durations, focus_rates", required=True)
    ref_wavscp: str = option(None, "wav.scp of recordings of the same utterances", required=True)
    ref_text: str = option(None, "Their texts", required=True)
    output_dir: str | None = option(None, "Where results are written; none: <hyp_dir>/score_tts", str_or_none)
    score_asr: str = option(
        "none", "Who reads what was said: none, whisper, whisper:<folder>, espnet2:<experiment folder>"
    )
    log_dir: str | None = option(None, "Folder of tts_inference.*.log, for the real-time factor", str_or_none)
    num_plots: int = option(5, "Utterances whose spectrograms are drawn")
    log_level: str = option(
        "INFO", "How much is logged", choices=("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "NOTSET")
    )
