"""A table of what is installed, and the command that mends what is not."""

import importlib
import shutil
import sys

PARTS = [  # (module, needed, what for, command)
    ("torch", True, "everything", "make install"),
    ("torchaudio", True, "features, losses, alignment", "make install"),
    ("soundfile", True, "audio files", "make install"),
    ("soxr", True, "resampling", "make install"),
    ("sentencepiece", True, "subwords", "make install"),
    ("kaldiio", True, "Kaldi archives", "make install"),
    ("rapidfuzz", True, "scoring", "make install"),
    ("matplotlib", True, "plots", "make install"),
    ("tensorboard", True, "curves", "make install"),
    ("espeakng_loader", False, "voices of egs2/mini_an4", 'pip install -e ".[demo]"'),
    ("pytest", False, "make test", 'pip install -e ".[test]"'),
    ("s3prl", False, "frontend: s3prl", "tools/installers/install_s3prl.sh"),
    ("transformers", False, "Hugging Face parts", "tools/installers/install_transformers.sh"),
    ("kenlm", False, "n-gram scorer", "tools/installers/install_kenlm.sh"),
    ("wandb", False, "use_wandb", 'pip install -e ".[wandb]"'),
]
PROGRAMS = [
    ("lmplz", "n-gram training (stage 9)", "tools/installers/install_kenlm.sh --binaries"),
    ("sclite", "NIST's scorer (ours is used without it)", "install SCTK and put it on PATH"),
]


def state_of(module: str) -> tuple[bool, str]:
    """Whether a module imports, and its version or what went wrong."""
    try:
        loaded = importlib.import_module(module)
    except Exception as error:  # noqa: BLE001 - a broken package may raise anything, and the table is to show it
        return False, type(error).__name__
    return True, str(getattr(loaded, "__version__", "there"))


def main() -> int:
    """Print the table; 1 if something needed is missing."""
    print(f"Python {sys.version.split()[0]} at {sys.executable}")
    missing = 0
    for module, needed, purpose, command in PARTS:
        is_there, version = state_of(module)
        missing += needed and not is_there
        mend = "" if is_there else f"-> {command}"
        print(f"  {'ok' if is_there else ('MISSING' if needed else 'absent'):8}{module:17}{version:22}{purpose:30}{mend}".rstrip())
    for program, purpose, command in PROGRAMS:
        path = shutil.which(program)
        print(f"  {'ok' if path else 'absent':8}{program:17}{path or '':22}{purpose:30}{'' if path else '-> ' + command}".rstrip())
    if state_of("torch")[0]:
        import torch

        print(f"  GPUs: {torch.cuda.device_count()}")
    return int(missing > 0)


if __name__ == "__main__":
    sys.exit(main())
