"""Speed of synthesis: training steps, real-time factors, and the first audio of a stream; a part of `make bench`.

Networks and optimisers are those of the recipes; weights are random, and a token is made to last six frames as in speech.
"""

# Shapes: B utterances, L tokens, T frames, N samples
import functools
import inspect
import math
import statistics
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bench_timing import median_seconds, medians_in_turn

CONF = Path(__file__).resolve().parents[1] / "egs2"
RECIPES = {
    "Tacotron 2": "allison/tts1/conf/train_tacotron2.yaml",
    "Transformer-TTS": "allison/tts1/conf/train_transformer.yaml",
    "FastSpeech 2": "allison/tts1/conf/train_fastspeech2.yaml",
    "VITS": "ljspeech/tts1/conf/train_vits.yaml",
    "HiFi-GAN V3": "allison/tts1/conf/train_hifigan_v3.yaml",
    "HiFi-GAN V1": "ljspeech/tts1/conf/train_hifigan_v1.yaml",
    "Multi-band MelGAN": "allison/tts1/conf/train_multiband_melgan.yaml",
    "Parallel WaveGAN": "allison/tts1/conf/train_parallel_wavegan.yaml",
    "StyleMelGAN": "allison/tts1/conf/train_style_melgan.yaml",
}
RATE, HOP, OTHER_RATE = 22050, 256, 16000
TOKENS = ["<blank>", "<unk>", "<space>", *"abcdefghijklmnopqrstuvwxyz',.", "<sos/eos>"]
FRAMES_PER_TOKEN = 6
NUM_UTTERANCES, SECONDS, NUM_TOKENS = 8, 3.0, 40  # of a batch
SENTENCE = "the quick brown fox jumps over the lazy dog, and the dog sleeps on."
LONG_TEXT = " ".join([SENTENCE] * 10)
# What is synthesised, and the vocoder: Griffin-Lim, or none where the network makes waveforms.
VOICES = (
    ("Tacotron 2", None),
    ("Transformer-TTS", None),
    ("FastSpeech", None),
    ("FastSpeech 2", None),
    ("FastSpeech 2", "HiFi-GAN V3"),
    ("FastSpeech 2", "HiFi-GAN V1"),
    ("FastSpeech 2", "Multi-band MelGAN"),
    ("FastSpeech 2", "StyleMelGAN"),
    ("FastSpeech 2", "Parallel WaveGAN"),
    ("VITS", None),
    ("JETS", None),
)
TRAINED = ("Tacotron 2", "Transformer-TTS", "FastSpeech", "FastSpeech 2", "FastSpeech 2, learned alignment")
TRAINED_BY_TWO = ("HiFi-GAN V3", "Multi-band MelGAN", "StyleMelGAN", "Parallel WaveGAN", "VITS", "JETS")


class Network(NamedTuple):
    """A model with random weights.

    Attributes:
        task: What built it.
        args: Its options.
        model: In training mode.
    """

    task: Any
    args: Any
    model: Any

    @property
    def size(self) -> str:
        """Weights of what synthesises."""
        part = getattr(self.model.tts, "generator", self.model.tts)
        return f"{sum(p.numel() for p in part.parameters()) / 1e6:.1f} M"

    def save(self, folder: Path) -> None:
        """Write it as a training does: its configuration and weights."""
        import torch

        from espnet2.config.yaml import dump_yaml

        folder.mkdir(parents=True)
        dump_yaml(vars(self.args), folder / "config.yaml")
        torch.save(self.model.state_dict(), folder / "model.pth")


def build_network(name: str) -> Network:
    """A network of ``RECIPES``, or one that is made of their parts."""
    import torch

    from espnet2.tasks.gan_tts import GANTTSTask
    from espnet2.tasks.tts import TTSTask

    options = network_options(name)
    task = GANTTSTask if "optim2" in options else TTSTask
    args = task.default_args()
    features = {"feats_extract": "fbank", "feats_extract_conf": {"fs": RATE}} if name != "VITS" else {}
    text = {"token_list": TOKENS, "token_type": "char", "cleaner": None}
    plain = dict.fromkeys(("normalize", "pitch_normalize", "energy_normalize"))
    vars(args).update({**options, **features, **text, **plain})
    torch.manual_seed(0)
    model = task.build_model(args)
    with torch.no_grad():
        fix_durations(model.tts)
    return Network(task, args, model)


def network_options(name: str) -> dict[str, Any]:
    """The options of a recipe; HiFi-GAN's discriminators are those of V3's recipe, which are small, and take part from the start."""
    from espnet2.config.yaml import load_yaml
    from espnet2.tts.fastspeech.fastspeech import FastSpeech

    recipe = {key: load_yaml(CONF / path) for key, path in RECIPES.items()}
    small = {"discriminator_params": recipe["HiFi-GAN V3"]["tts_conf"]["discriminator_params"]}
    variances = recipe["FastSpeech 2"]["tts_conf"]
    if name.startswith("FastSpeech 2"):
        return {**recipe["FastSpeech 2"], "tts_conf": {**variances, "learn_alignment": name != "FastSpeech 2"}}
    if name == "FastSpeech":
        known = inspect.signature(FastSpeech).parameters
        conf = {key: value for key, value in variances.items() if key in known}
        without = {"pitch_extract": None, "energy_extract": None}
        return {**recipe["FastSpeech 2"], **without, "tts": "fastspeech", "tts_conf": conf}
    if name == "JETS":
        own = {key: recipe["VITS"]["tts_conf"][key] for key in ("sampling_rate", "mel_loss_params")}
        return {**recipe["VITS"], "tts": "jets", "tts_conf": {**own, **small, "generator_params": variances}}
    options = recipe[name]
    if "optim2" in options:
        conf = options["tts_conf"]
        own = {"mel_loss_params": {**conf["mel_loss_params"], "fs": RATE}, **small} if "mel_loss_params" in conf else {}
        options |= {"tts_conf": {**conf, "sampling_rate": RATE, **own}, "adversarial_start": 0}
    return options


def fix_durations(tts: Any) -> None:
    """Let each token last ``FRAMES_PER_TOKEN``, whatever is said."""
    import torch

    predictor: Any = getattr(getattr(tts, "generator", tts), "duration_predictor", None)
    if hasattr(predictor, "linear"):
        torch.nn.init.zeros_(predictor.linear.weight)
        torch.nn.init.constant_(predictor.linear.bias, math.log(FRAMES_PER_TOKEN + 1))
    elif predictor is not None:  # a flow, whose first map is undone last: (noise - m) / exp(logs)
        first = predictor.flows[0]
        torch.nn.init.constant_(first.logs, 7.0)
        torch.nn.init.constant_(first.m, -math.log(FRAMES_PER_TOKEN - 0.5) * math.exp(7.0))


def random_batch(name: str) -> dict[str, Any]:
    """What the training of a network gets."""
    import torch

    samples = int(RATE * SECONDS)
    frames = 1 + samples // HOP
    speech, text = torch.randn(NUM_UTTERANCES, samples) * 0.1, torch.randint(2, 30, (NUM_UTTERANCES, NUM_TOKENS))
    batch = {"speech": speech, "text": text}
    tokens = NUM_TOKENS + 1
    if name in ("FastSpeech", "FastSpeech 2"):
        durations = torch.full((NUM_UTTERANCES, tokens), frames // tokens)
        durations[:, -1] += frames % tokens
        batch["durations"] = durations
    if name.startswith("FastSpeech 2") or name == "JETS":
        values = tokens if name == "FastSpeech 2" else frames
        batch |= {key: torch.randn(NUM_UTTERANCES, values, 1) for key in ("pitch", "energy")}
    return batch | {f"{key}_lengths": torch.full((NUM_UTTERANCES,), value.size(1)) for key, value in batch.items()}


def bench_step(name: str, network: Network, runs: int) -> None:
    """Features, forward, backward and update, in both turns if there are two players."""
    from espnet2.train.distributed import Distributed
    from espnet2.train.options import TrainerOptions

    task, args, model = network
    optimizers = task.build_optimizers(args, model)
    schedulers = task.build_schedulers(args, optimizers)
    if not isinstance(optimizers, Mapping):
        optimizers, schedulers = {"default": optimizers[0]}, {"default": schedulers[0]}
    loop = task.loop_class(args)(model, optimizers, schedulers, TrainerOptions(grad_clip=args.grad_clip), Distributed())
    batch = random_batch(name)
    parts: Counter[str] = Counter()

    def report(stats: Mapping[str, Any], weight: Any) -> None:
        for key, value in stats.items():
            for part in ("forward", "backward", "optim_step"):
                if key.endswith(f"{part}_time"):
                    parts[part] += value

    loop.report = report
    seconds = median_seconds(lambda: loop.step(batch), runs)
    told = ", ".join(f"{part} {value / (runs + 1):.2f}" for part, value in parts.items())
    print(f"training step, {name}, {network.size}".ljust(58), f"{seconds:.3f} s ({told})", flush=True)


def build_voice(folder: Path, name: str, vocoder: str | None) -> Any:
    """A synthesiser that makes as many frames of a text as speech would have."""
    from espnet2.inference.text2speech import Text2Speech

    files: dict[str, Any] = {}
    for part, prefix in ((name, ""), (vocoder, "vocoder_")):
        if part is not None:
            config, weights = folder / part / "config.yaml", folder / part / "model.pth"
            if not weights.exists():
                build_network(part).save(folder / part)
            files |= {f"{prefix or 'train_'}config": str(config), f"{prefix or 'model_'}file": str(weights)}
    return Text2Speech(**files, maxlenratio=FRAMES_PER_TOKEN, minlenratio=FRAMES_PER_TOKEN)


def bench_real_time_factors(folder: Path, runs: int) -> None:
    """One sentence at a time; the frames are the same at both rates, so are the times."""
    voices = [build_voice(folder, *parts) for parts in VOICES]
    samples = [len(voice(SENTENCE)["wav"]) for voice in voices]
    times = medians_in_turn([functools.partial(voice, SENTENCE) for voice in voices], runs)
    for (name, vocoder), number, elapsed in zip(VOICES, samples, times):
        label = name if name in ("VITS", "JETS") else f"{name} + {vocoder or 'Griffin-Lim'}"
        told = ", ".join(f"{elapsed * rate / number:.4f} at {rate} Hz" for rate in (RATE, OTHER_RATE))
        print(f"synthesis, {label}, {number // HOP} frames".ljust(58), f"RTF {told}, {1000 * elapsed:.0f} ms", flush=True)


def bench_first_audio(folder: Path, runs: int) -> None:
    """A long text in a stream: the time to the first chunk, and that to the last as a share of the speech."""
    text2speech = build_voice(folder, "FastSpeech 2", "HiFi-GAN V3")
    firsts, totals = [], []
    for run in range(runs + 1):
        start = time.perf_counter()
        times, samples = [], 0
        for chunk in text2speech.stream(LONG_TEXT):
            times.append(time.perf_counter() - start)
            samples += len(chunk)
        if run > 0:
            firsts.append(times[0])
            totals.append(times[-1] * RATE / samples)
    told = f"first audio after {statistics.median(firsts):.3f} s, RTF of all {statistics.median(totals):.4f}"
    print(f"stream, FastSpeech 2 + HiFi-GAN V3, {len(LONG_TEXT)} characters".ljust(58), f"{told} at {RATE} Hz")


def bench_synthesis(folder: Path, runs: int) -> None:
    """All of it."""
    print(
        f"training steps: {NUM_UTTERANCES} utterances of {SECONDS:.3g} s at {RATE} Hz, {NUM_TOKENS} tokens each; networks of "
        "the recipes (of two players: millions of the generator's weights; HiFi-GAN's discriminators are the small ones of the V3 recipe)"
    )
    for name in (*TRAINED, *TRAINED_BY_TWO):
        bench_step(name, build_network(name), max(1, runs - 3 if name in TRAINED_BY_TWO else runs - 2))
    bench_real_time_factors(folder, runs)
    bench_first_audio(folder, runs)
