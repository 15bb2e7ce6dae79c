"""Stands in for ``python3 -m espnet2.bin.X``: records its arguments, writes the files that the next stage looks for."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

module = sys.argv[2].removeprefix("espnet2.bin.")
args = sys.argv[3:]


def value(flag: str) -> str:
    """The word after a flag; the last one wins."""
    return args[len(args) - args[::-1].index(flag)]


def ids(path: str) -> list[str]:
    """The first column of a table."""
    return [line.split()[0] for line in Path(path).read_text().splitlines()]


def copy_lines(source: str, target: str) -> None:
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


with open(os.environ["FAKE_PYTHON_LOG"], "a") as log:
    log.write(json.dumps({"module": module, "args": args, "threads": os.environ.get("OMP_NUM_THREADS")}) + "\n")

if module == os.environ.get("FAKE_PYTHON_FAILS"):
    sys.exit("ERROR: as the test wishes")
elif module == "format_wav_scp":
    scp, outdir = args[-2], Path(args[-1])
    copy_lines(scp, f"{outdir}/wav.scp")
    (outdir / "utt2num_samples").write_text("".join(f"{uid} 16000\n" for uid in ids(scp)))
elif module == "length_filter":
    shutil.copytree(value("--in_dir"), value("--out_dir"), dirs_exist_ok=True)
elif module == "train_sentencepiece":
    prefix = value("--model_prefix")
    Path(prefix + ".model").write_text("model\n")
    Path(prefix + ".vocab").write_text("".join(f"{x}\t0\n" for x in ["<unk>", "<s>", "</s>", "▁", "A", "B"]))
elif module == "tokenize_text":
    if "--write_vocabulary" in args:
        Path(value("--output")).write_text("<blank>\n<unk>\nA\nB\n<sos/eos>\n")
    else:
        for line in Path(value("--input")).read_text().splitlines():
            print(*line.split()[1:])
elif module.endswith("_train") and "--dry_run" in args:
    folder = Path(value("--output_dir"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text("dry_run: true\n")
elif module.endswith("_train") and "--collect_stats" in args:
    for part in ("train", "valid"):
        folder = Path(value("--output_dir")) / part
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("speech_shape", "text_shape"):
            (folder / name).write_text("".join(f"{uid} 3\n" for uid in ids(value(f"--{part}_shape_file"))))
        for name in os.environ.get("FAKE_PYTHON_COLLECTS", "").split():
            (folder / f"{name}_stats.npz").write_text("x\n")
            copy_lines(value(f"--{part}_shape_file"), f"{folder}/collect_feats/{name}.scp")
elif module == "aggregate_stats_dirs":
    shutil.copytree(value("--input_dir"), value("--output_dir"), dirs_exist_ok=True)
elif module == "split_scps":
    Path(value("--output_dir")).mkdir(parents=True)
elif module == "launch":
    command = args[args.index("--") + 1 :]
    runner = value("--cmd").split()
    sys.exit(subprocess.run([*runner, "--gpu", value("--ngpu"), value("--log"), *command]).returncode)
elif module.endswith("_train"):
    folder = Path(value("--output_dir"))
    measures = os.environ.get("FAKE_PYTHON_KEEPS", "acc loss").split()
    for name in ("config.yaml", *(f"valid.{measure}.ave.pth" for measure in measures)):
        (folder / name).write_text("x\n")
    print("INFO: 1/2epoch started")
    print("INFO: 1epoch:train:1-4batch: iter_time=0.1, loss_ctc=9.0, loss=4.000, acc=0.100")
    print("INFO: 1epoch results: [train] loss=3.000, acc=0.200, time=1 second, [valid] loss=2.000, acc=0.300, cer=0.5")
elif module == "lm_calc_perplexity":
    (Path(value("--output_dir")) / "ppl").write_text("7.5\n")
elif module in ("asr_inference", "asr_inference_maskctc", "asr_inference_streaming"):
    for uid in ids(value("--key_file")):
        print(f"speech length: 100\nbest hypo: A of {uid}")
        for name in ("text", "token", "token_int", "score"):
            path = Path(value("--output_dir")) / "1best_recog" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "a") as file:
                file.write(f"{uid} A\n")
elif module == "tts_inference":
    out = Path(value("--output_dir"))
    for name in ("norm", "denorm", "wav", "att_ws", "durations", "speech_shape"):
        (out / name).mkdir(parents=True)
    for uid in ids(value("--key_file")):
        print(f"{uid}: 1.0 s of speech in 0.1 s, RTF = 0.100")
        (out / "wav" / f"{uid}.wav").write_text("x\n")
        (out / "att_ws" / f"{uid}.png").write_text("x\n")
        tables = {"norm/feats.scp": "x.npy", "denorm/feats.scp": "x.npy", "durations/durations": "1 2", "speech_shape/speech_shape": "3,80"}
        for name, cell in tables.items():
            with open(out / name, "a") as file:
                file.write(f"{uid} {cell}\n")
elif module == "spk_embed_extract":
    table = Path(value("--output_dir")) / f"{value('--name')}.scp"
    table.write_text("".join(f"{uid} x.ark:{n}\n" for n, uid in enumerate(ids(f"{value('--data_dir')}/wav.scp"))))
elif module == "ctc_durations":
    Path(value("--output")).write_text("".join(f"{uid} 1 2\n" for uid in ids(value("--text"))))
elif module == "calculate_rtf":
    print("RTF: 0.5")
elif module == "score_trn":
    Path(value("--out")).write_text("| SPKR | # Snt # Wrd |\n| Sum/Avg | 3 3 |\n")
elif module in ("show_asr_result", "show_tts_result"):
    print("# RESULTS\n## Environments\n- date\n## exp/asr_x\n### WER\n|dataset|Snt|")
