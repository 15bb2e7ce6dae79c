"""Tiny synthesisers with random weights, saved as a training saves them."""
import torch

from espnet2.tasks.tts import TTSTask

TOKENS = ["<blank>", "<unk>", "<space>", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ.,!?'", "<sos/eos>"]
SIZES = ["adim=16", "aheads=2", "elayers=1", "eunits=32", "dlayers=1", "dunits=32", "postnet_layers=2", "postnet_chans=8",
         "duration_predictor_chans=8", "pitch_predictor_chans=8", "energy_predictor_chans=8", "conformer_dec_kernel_size=7"]  # fmt: skip


def save_fastspeech2(folder, *words):
    """An experiment folder of a FastSpeech 2 that speaks about four frames a token."""
    words = ["--tts", "fastspeech2", *(part for size in SIZES for part in ("--tts_conf", size)), *words]
    return save_model(folder, "--pitch_extract", "yin", "--energy_extract", "energy", *words)


def save_model(folder, *words):
    """An experiment folder of any synthesiser of the task tts."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens = folder / "tokens.txt"
    tokens.write_text("".join(f"{token}\n" for token in TOKENS))
    parser = TTSTask.get_parser()
    command = ["--output_dir", str(folder), "--token_list", str(tokens), "--token_type", "char", "--cleaner", "tacotron"]
    command += ["--normalize", "none"]
    args = parser.parse_args([*command, "--ngpu", "0", *words])
    torch.manual_seed(0)
    model = TTSTask.build_model(args)
    if hasattr(model.tts, "duration_predictor"):
        torch.nn.init.constant_(model.tts.duration_predictor.linear.bias, 1.6)
    TTSTask.save_config(args, False)
    torch.save(model.state_dict(), folder / "train.loss.ave.pth")
    return folder
