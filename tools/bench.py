"""Speed on this machine: start-up, training steps, decoding, synthesis. Medians of several runs; `make bench`.

Models have random weights, so the length of a result is fixed at about as many tokens as the speech would have.
"""

import argparse
import functools
import resource
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench_synthesis import bench_synthesis
from bench_timing import machine, median_seconds, medians_in_turn

ROOT = Path(__file__).resolve().parents[1]
TOKENS = ["<blank>", "<unk>", *"abcdefghijklmnopqrstuvwxyz' .", "<sos/eos>"]
# The size that README figures are given for.
ENCODER = {"output_size": 144, "attention_heads": 4, "linear_units": 576, "num_blocks": 6, "macaron_style": True,
           "use_cnn_module": True, "cnn_module_kernel": 15, "rel_pos_type": "latest", "input_layer": "conv2d"}
DECODER = {"attention_heads": 4, "linear_units": 576, "num_blocks": 3}
# About 10 million parameters.
LARGER_ENCODER = {**ENCODER, "output_size": 176, "linear_units": 704, "num_blocks": 8}
LARGER_DECODER = {**DECODER, "linear_units": 704, "num_blocks": 5}
LMS = {  # as wide as the decoder; of the default widths: 256 units, 1024 in the feed-forward networks
    "LM 144": {"layer": 3, "head": 4, "embed_unit": 144, "att_unit": 144, "unit": 576},
    "LM 256": {"layer": 3},
}
TOKENS_PER_SECOND = 9.3
CHUNK = 10240  # 640 ms


def bench_startup(folder: Path, runs: int) -> None:
    """Time to the help text, and to the first hypothesis."""

    def call(*words: str, folder: Path = ROOT) -> Callable[[], object]:
        return lambda: subprocess.run(words, cwd=folder, check=True, capture_output=True)

    recipe = ROOT / "egs2" / "mini_an4" / "asr1"
    for door in ("asr_train", "asr_inference"):
        seconds = median_seconds(call(sys.executable, "-m", f"espnet2.bin.{door}", "--help"), runs)
        print(f"{door} --help".ljust(40), f"{seconds:.3f} s")
    print("asr.sh --help".ljust(40), f"{median_seconds(call('./asr.sh', '--help', folder=recipe), runs):.3f} s")
    code = "import sys, espnet2; assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)

    config, weights, millions = build_recogniser(folder / "larger", LARGER_ENCODER, LARGER_DECODER)
    code = (
        "import numpy, resource, sys; from espnet2.bin.asr_inference import Speech2Text\n"
        f"recogniser = Speech2Text({str(config)!r}, {str(weights)!r}, beam_size=10, ctc_weight=0.3, maxlenratio=-20)\n"
        "recogniser(numpy.random.default_rng(0).standard_normal(34400).astype('float32') * 0.1)"
    )
    seconds = median_seconds(call(sys.executable, "-c", code), runs)
    print(f"process to first result, {millions:.1f} M parameters".ljust(40), f"{seconds:.2f} s")


def build_recogniser(
    folder: Path,
    encoder: dict[str, Any],
    decoder: dict[str, Any],
    is_transducer: bool = False,
    encoder_name: str = "conformer",
) -> tuple[Path, Path, float]:
    """A configuration and random weights; and how many million parameters."""
    import torch

    from espnet2.config.yaml import dump_yaml
    from espnet2.tasks.asr import ASRTask

    torch.manual_seed(0)
    folder.mkdir()
    args = ASRTask.default_args()
    args.token_list, args.token_type = TOKENS, "char"
    args.encoder, args.encoder_conf = encoder_name, encoder
    if encoder_name != "conformer":
        args.normalize = None  # what streams cannot be normalised by its own mean
    args.decoder, args.decoder_conf = ("transducer", decoder) if is_transducer else ("transformer", decoder)
    args.frontend_conf = {"n_fft": 512, "hop_length": 160}
    args.model_conf = {"ctc_weight": 0.3, "report_cer": False, "report_wer": False}
    dump_yaml(vars(args), folder / "config.yaml")
    model = ASRTask.build_model(args)
    torch.save(model.state_dict(), folder / "model.pth")
    return folder / "config.yaml", folder / "model.pth", sum(p.numel() for p in model.parameters()) / 1e6


def build_lm(folder: Path, conf: dict[str, int]) -> dict[str, str]:
    """A Transformer language model of random weights, as arguments of ``Speech2Text``."""
    import torch

    from espnet2.config.yaml import dump_yaml
    from espnet2.tasks.lm import LMTask

    torch.manual_seed(0)
    folder.mkdir()
    args = LMTask.default_args()
    args.token_list, args.token_type, args.lm, args.lm_conf = TOKENS, "char", "transformer", conf
    dump_yaml(vars(args), folder / "config.yaml")
    torch.save(LMTask.build_model(args).state_dict(), folder / "model.pth")
    return {"lm_train_config": str(folder / "config.yaml"), "lm_file": str(folder / "model.pth")}


def bench_training(config: Path, name: str, runs: int) -> None:
    """Forward, backward and update for 400,000 samples: 13 utterances of 1.92 s, 18 tokens each."""
    import torch

    from espnet2.tasks.asr import ASRTask

    model, _ = ASRTask.build_model_from_file(config, None)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    speech, text = torch.randn(13, 30770) * 0.1, torch.randint(2, 30, (13, 18))
    lengths, text_lengths = torch.full((13,), 30770), torch.full((13,), 18)
    parts: dict[str, list[float]] = {"forward": [], "backward": [], "update": []}

    def step() -> None:
        optimizer.zero_grad()
        times = [time.perf_counter()]
        loss = model(speech=speech, speech_lengths=lengths, text=text, text_lengths=text_lengths)[0]
        times.append(time.perf_counter())
        loss.backward()
        times.append(time.perf_counter())
        optimizer.step()
        times.append(time.perf_counter())
        for values, start, end in zip(parts.values(), times, times[1:]):
            values.append(end - start)

    seconds = median_seconds(step, 4 * runs)
    told = ", ".join(f"{part} {statistics.median(values):.2f}" for part, values in parts.items())
    print(f"training step, {name}, 25 s of speech".ljust(40), f"{seconds:.3f} s ({told})")


def bench_decoding(config: Path, weights: Path, folder: Path, runs: int) -> None:
    """Beam 10, ctc_weight 0.3: 50 utterances of 2.15 s, and 16 of 12 s; one at a time and 16 together."""
    import numpy as np

    from espnet2.inference.speech2text import Speech2Text

    rng = np.random.default_rng(0)
    models = {"": {}, **{name: {**build_lm(folder / name, conf), "lm_weight": 0.3} for name, conf in LMS.items()}}
    for number, seconds in ((50, 2.15), (16, 12.0)):
        tokens = round(TOKENS_PER_SECOND * seconds)
        speech = [(rng.standard_normal(int(16000 * seconds)) * 0.1).astype("float32") for _ in range(number)]
        recognisers = [
            Speech2Text(
                str(config), str(weights), **lm, beam_size=10, ctc_weight=0.3, maxlenratio=-tokens, minlenratio=1 - tokens
            )
            for lm in models.values()
        ]
        for size in (1, 16):

            def decode(recogniser: Any, speech: Sequence[Any] = speech, size: int = size) -> None:
                for i in range(0, len(speech), size):
                    recogniser(speech[i : i + size])

            actions = [functools.partial(decode, recogniser) for recogniser in recognisers]
            for what, elapsed in zip(models, medians_in_turn(actions, runs)):
                print(
                    f"decoding{what and f' with {what}'}, {seconds:.4g} s, {tokens} tokens, {size} at a time".ljust(54),
                    f"RTF {elapsed / number / seconds:.4f}, {1000 * elapsed / number:.0f} ms an utterance",
                )


def build_streaming(folder: Path, block_size: int, **options: Any) -> Any:
    """A streaming recogniser of random weights that finds as many tokens as the speech so far would have."""
    from espnet2.inference.speech2text_streaming import Speech2TextStreaming

    hop = 2 * block_size // 5
    blocks = {name: value for name, value in ENCODER.items() if name != "rel_pos_type"}
    sizes = {"block_size": block_size, "hop_size": hop, "look_ahead": hop}
    config, weights, _ = build_recogniser(
        folder, {**blocks, **sizes}, DECODER, encoder_name="contextual_block_conformer"
    )
    return Speech2TextStreaming(
        str(config), str(weights), beam_size=10, ctc_weight=0.3, maxlenratio=TOKENS_PER_SECOND / 25,  # frames per second
        disable_repetition_detection=True, **options,
    )


def bench_streaming(folder: Path, block_sizes: Sequence[int]) -> None:
    """Beam 10, ctc_weight 0.3: chunks of 640 ms, 12 s and 2.15 s long, and the latency of a stream in real time."""
    import numpy as np

    from espnet2.inference.latency import latency_report, play

    rng = np.random.default_rng(0)
    for block_size in block_sizes:
        recogniser = build_streaming(folder / f"block{block_size}", block_size, word_times=True)
        for number, seconds in ((3, 12.0), (10, 2.15)):
            speech = [(rng.standard_normal(int(16000 * seconds)) * 0.1).astype("float32") for _ in range(number + 1)]
            times = [
                play(recogniser.open_stream(), [wave[i : i + CHUNK] for i in range(0, len(wave), CHUNK)], 16000)
                for wave in speech
            ]
            hop = 2 * block_size // 5
            print(f"streaming, block {block_size}, hop {hop}, look-ahead {hop}, {seconds:.4g} s:")
            print(textwrap.indent(str(latency_report(times[1:])), "    "))


def bench_pool(folder: Path, num_streams: int = 16, seconds: float = 6.4) -> None:
    """Several streams at once: the share of real time that all of them take together."""
    import numpy as np

    from espnet2.inference.stream_pool import StreamPool

    recogniser = build_streaming(folder / "pool", 40)
    waves = (np.random.default_rng(0).standard_normal((num_streams, int(16000 * seconds))) * 0.1).astype("float32")
    for _ in range(2):  # the first time warms up
        pool = StreamPool(recogniser)
        streams = [pool.open() for _ in waves]
        steps = []
        for i in range(0, waves.shape[1], CHUNK):
            for stream, wave in zip(streams, waves):
                pool.feed(stream, wave[i : i + CHUNK])
            start = time.perf_counter()
            pool.run()
            steps.append(time.perf_counter() - start)
        start = time.perf_counter()
        pool.finish(*streams)
        elapsed = sum(steps) + time.perf_counter() - start
    print(
        f"{num_streams} streams at once, {seconds:.4g} s".ljust(40),
        f"aggregate RTF {elapsed / num_streams / seconds:.4f}: {1000 * statistics.median(steps):.0f} ms for 640 ms of all,"
        f" {elapsed / seconds:.2f} of real time",
    )


def bench_long_stream(folder: Path, minutes: int = 10) -> None:
    """Ten minutes without a pause: what a chunk costs in the last minute and in the second, and how memory grows."""
    import numpy as np

    stream = build_streaming(folder / "long", 40).open_stream()
    wave = (np.random.default_rng(0).standard_normal(16000 * 60) * 0.1).astype("float32")
    costs, sizes = [], []
    for _ in range(minutes):
        times = []
        for i in range(0, len(wave), CHUNK):
            start = time.perf_counter()
            stream.feed(wave[i : i + CHUNK])
            times.append(time.perf_counter() - start)
        costs.append(1000 * statistics.median(times))
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        sizes.append(pages * resource.getpagesize() / 2**20)
    print(
        f"one stream, {minutes} minutes".ljust(40),
        f"{costs[1]:.1f} ms a chunk in minute 2, {costs[-1]:.1f} ms in minute {minutes};"
        f" memory {sizes[1]:.0f} MiB, {sizes[-1]:.0f} MiB",
    )


def main() -> None:
    """Run all or the chosen benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="Runs that the median is taken over")
    parser.add_argument("--only", choices=("startup", "training", "decoding", "streaming", "streaming_long", "synthesis"))
    args = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config, weights, _ = build_recogniser(folder / "asr", ENCODER, DECODER)
        if args.only in (None, "startup"):
            bench_startup(folder, args.runs)
        if args.only in (None, "training"):
            bench_training(config, "attention", args.runs)
            config_rnnt, _, _ = build_recogniser(folder / "rnnt", ENCODER, {"hidden_size": 256}, is_transducer=True)
            bench_training(config_rnnt, "transducer", args.runs)
        if args.only in (None, "decoding"):
            bench_decoding(config, weights, folder, max(1, args.runs - 2))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"peak memory of this process: {peak:.0f} MiB")
        if args.only in (None, "streaming"):
            bench_streaming(folder, (40, 32, 16))
            bench_pool(folder)
        if args.only in (None, "synthesis"):
            bench_synthesis(folder / "synthesis", args.runs)
        if args.only == "streaming_long":  # a minute or so
            bench_long_stream(folder)


if __name__ == "__main__":
    main()
