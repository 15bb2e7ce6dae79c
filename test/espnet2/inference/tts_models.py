"""Tiny synthesisers with random weights, saved as a training saves them."""
import torch

from espnet2.tasks.gan_tts import GANTTSTask
from espnet2.tasks.tts import TTSTask
from espnet2.tts.fastspeech.fastspeech import FastSpeech
from test.espnet2.gan_tts.tiny_gan import BLOCKS, SHARED_CONF, UPSAMPLING

TOKENS = ["<blank>", "<unk>", "<space>", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ.,!?'", "<sos/eos>"]
SIZES = ["adim=16", "aheads=2", "elayers=1", "eunits=32", "dlayers=1", "dunits=32", "postnet_layers=2", "postnet_chans=8",
         "duration_predictor_chans=8", "pitch_predictor_chans=8", "energy_predictor_chans=8", "conformer_dec_kernel_size=7"]  # fmt: skip


def save_fastspeech2(folder, *words):
    """An experiment folder of a FastSpeech 2 that speaks about four frames a token."""
    words = ["--tts", "fastspeech2", *(part for size in SIZES for part in ("--tts_conf", size)), *words]
    return save_model(folder, "--pitch_extract", "yin", "--energy_extract", "energy", *words)


def save_model(folder, *words, task=TTSTask, tts_conf=None):
    """An experiment folder of any synthesiser."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens = folder / "tokens.txt"
    tokens.write_text("".join(f"{token}\n" for token in TOKENS))
    parser = task.get_parser()
    command = ["--output_dir", str(folder), "--token_list", str(tokens), "--token_type", "char", "--cleaner", "tacotron"]
    command += ["--normalize", "none"]
    args = parser.parse_args([*command, "--ngpu", "0", *words])
    args.tts_conf.update(tts_conf or {})
    torch.manual_seed(0)
    model = task.build_model(args)
    for module in model.modules():
        if isinstance(module, FastSpeech):
            torch.nn.init.constant_(module.duration_predictor.linear.bias, 1.6)
    task.save_config(args, False)
    torch.save(model.state_dict(), folder / "train.loss.ave.pth")
    return folder


CHANNELS = ("embed_dim", "eunits", "econv_chans", "adim", "dunits", "prenet_units", "postnet_chans")
TACOTRON2 = {**dict.fromkeys(CHANNELS, 8), "reduction_factor": 2}
STACK = {"adim": 8, "aheads": 2, "elayers": 1, "eunits": 8, "dlayers": 1, "dunits": 8, "postnet_chans": 8}
TRANSFORMER = {**STACK, "embed_dim": 8, "eprenet_conv_chans": 8, "dprenet_units": 8}
VITS = {"hidden_channels": 8, "text_encoder_blocks": 1, "posterior_encoder_layers": 2, "flow_flows": 2, "flow_layers": 1}
VITS |= {"stochastic_duration_predictor_flows": 2, "decoder_channels": 8}
PREDICTORS = {f"{name}_predictor_chans": 8 for name in ("duration", "pitch", "energy")}
LARGER = {"generator_channels": 8, "segment_size": 8}


def _with(prefix):
    return {f"{prefix}{name}": value for name, value in {**UPSAMPLING, **BLOCKS}.items()}


TEXT2MEL = {
    "fastspeech2": {**STACK, **PREDICTORS},
    "tacotron2": TACOTRON2,
}
VOICES = {
    "tacotron2": TACOTRON2,
    "transformer": TRANSFORMER,
    "fastspeech": {**STACK, "duration_predictor_chans": 8},
    "fastspeech2": TEXT2MEL["fastspeech2"],
    "vits": {"generator_params": {**VITS, **_with("decoder_")}},
    "jets": {"generator_params": {**STACK, **PREDICTORS, **LARGER, **_with("generator_")}},
    **{
        f"joint_{name}": {
            "text2mel_type": name,
            "text2mel_params": conf,
            "vocoder_params": {"channels": 8, **UPSAMPLING, **BLOCKS},
        }
        for name, conf in TEXT2MEL.items()
    },
}


def save_voice(folder, name, **conf):
    """A small synthesiser of each family, by the keys of ``VOICES``; those of features have 20 mel bands and a hop of 64."""
    features = {"fs": 16000, "n_fft": 256, "hop_length": 64, "n_mels": 20}
    words = [f"{key}={value}" for key, value in features.items() if name != "vits" or key in ("n_fft", "hop_length")]
    words = [part for word in words for part in ("--feats_extract_conf", word)]
    kind = "joint_text2wav" if name.startswith("joint") else name
    tts_conf = {**VOICES[name], **conf}
    if kind not in ("vits", "jets", "joint_text2wav"):
        return save_model(folder, "--tts", kind, *words, tts_conf=tts_conf)
    extract = [] if name == "vits" else ["--feats_extract", "fbank"]
    return save_model(folder, "--tts", kind, *extract, *words, task=GANTTSTask, tts_conf={**SHARED_CONF, **tts_conf})
