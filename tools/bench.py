"""Speed on this machine: start-up, a training step, decoding. Medians of several runs; `make bench`.

Models have random weights, so the decoding length is fixed (as many tokens as the utterances would have).
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# The size that README figures are given for.
ENCODER = {"output_size": 144, "attention_heads": 4, "linear_units": 576, "num_blocks": 6, "macaron_style": True,
           "use_cnn_module": True, "cnn_module_kernel": 15, "rel_pos_type": "latest", "input_layer": "conv2d"}
DECODER = {"attention_heads": 4, "linear_units": 576, "num_blocks": 3}


def median_seconds(action: Callable[[], object], runs: int) -> float:
    """The median wall-clock time of ``action`` after one warm-up."""
    action()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def machine() -> str:
    """The processor and what is used of it."""
    import torch

    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    name = names[0].split(":", 1)[1].strip() if names else platform.processor()
    threads = f"{os.cpu_count()} cores, {torch.get_num_threads()} threads"
    return f"{name}, {threads}, torch {torch.__version__}, Python {platform.python_version()}"


def bench_startup(runs: int) -> None:
    """Time to the help text."""

    def call(*words: str, folder: Path = ROOT) -> Callable[[], object]:
        return lambda: subprocess.run(words, cwd=folder, check=True, capture_output=True)

    recipe = ROOT / "egs2" / "mini_an4" / "asr1"
    print(f"asr_train --help        {median_seconds(call(sys.executable, '-m', 'espnet2.bin.asr_train', '--help'), runs):.3f} s")
    print(f"asr_inference --help    {median_seconds(call(sys.executable, '-m', 'espnet2.bin.asr_inference', '--help'), runs):.3f} s")
    print(f"asr.sh --help           {median_seconds(call('./asr.sh', '--help', folder=recipe), runs):.3f} s")
    code = "import sys, espnet2; assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    print("import espnet2          loads neither torch nor numpy")


def build_recogniser(folder: Path) -> tuple[Path, Path]:
    """A configuration and random weights of the size above."""
    import torch

    from espnet2.config.yaml import dump_yaml
    from espnet2.tasks.asr import ASRTask

    torch.manual_seed(0)
    args = ASRTask.default_args()
    args.token_list = ["<blank>", "<unk>", *"abcdefghijklmnopqrstuvwxyz' .", "<sos/eos>"]
    args.token_type = "char"
    args.encoder, args.encoder_conf, args.decoder, args.decoder_conf = "conformer", ENCODER, "transformer", DECODER
    args.frontend_conf = {"n_fft": 512, "hop_length": 160}
    args.model_conf = {"ctc_weight": 0.3}
    dump_yaml(vars(args), folder / "config.yaml")
    torch.save(ASRTask.build_model(args).state_dict(), folder / "model.pth")
    return folder / "config.yaml", folder / "model.pth"


def bench_training(config: Path, runs: int) -> None:
    """Forward, backward and update for a batch of 32 utterances of 2.5 s."""
    import torch

    from espnet2.tasks.asr import ASRTask

    model, _ = ASRTask.build_model_from_file(config, None)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    speech, text = torch.randn(32, 40000) * 0.1, torch.randint(2, 30, (32, 15))
    batch = {"speech": speech, "speech_lengths": torch.full((32,), 40000), "text": text, "text_lengths": torch.full((32,), 15)}

    def step() -> None:
        optimizer.zero_grad()
        model(**batch)[0].backward()
        optimizer.step()

    seconds = median_seconds(step, runs)
    print(f"training step           {seconds:.3f} s for 80 s of speech ({80 / seconds:.0f} x real time)")


def bench_decoding(config: Path, weights: Path, runs: int) -> None:
    """Beam 10, ctc_weight 0.3, 50 utterances of 2.15 s and 12 tokens; and 8 of 12 s and 67 tokens."""
    import numpy as np

    from espnet2.inference.speech2text import Speech2Text

    rng = np.random.default_rng(0)
    for number, seconds, tokens in ((50, 2.15, 12), (8, 12.0, 67)):
        speech = [(rng.standard_normal(int(16000 * seconds)) * 0.1).astype("float32") for _ in range(number)]
        for size in (1, 8):
            recogniser = Speech2Text(
                str(config), str(weights), beam_size=10, ctc_weight=0.3, maxlenratio=-tokens, minlenratio=-tokens, batch_size=size
            )

            def decode(recogniser=recogniser, speech=speech, size=size) -> None:
                for i in range(0, len(speech), size):
                    recogniser(speech[i : i + size])

            elapsed = median_seconds(decode, runs)
            print(
                f"decoding {number:2} x {seconds:5.2f} s    batch {size}: RTF {elapsed / number / seconds:.4f},"
                f" {1000 * elapsed / number:.0f} ms an utterance"
            )


def main() -> None:
    """Run all or the chosen benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="Runs that the median is taken over")
    parser.add_argument("--only", choices=("startup", "training", "decoding"))
    args = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    print(machine())
    if args.only in (None, "startup"):
        bench_startup(args.runs)
    with tempfile.TemporaryDirectory() as folder:
        if args.only != "startup":
            config, weights = build_recogniser(Path(folder))
        if args.only in (None, "training"):
            bench_training(config, args.runs)
        if args.only in (None, "decoding"):
            bench_decoding(config, weights, max(1, args.runs - 2))


if __name__ == "__main__":
    main()
