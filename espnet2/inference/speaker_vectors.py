"""A vector of the speaker for each utterance of a data folder, and for each speaker the mean of them."""

import logging
from pathlib import Path

import numpy as np
import torch
import torchaudio

from espnet2.fileio.kaldi_ark import KaldiArkWriter
from espnet2.fileio.read_text import read_2columns_text
from espnet2.fileio.sound_scp import SoundScpReader
from espnet2.layers.voice_encoder import SAMPLE_RATE, VoiceEncoder


def write_speaker_vectors(data_dir: str, output_dir: str, name: str, device: str) -> None:
    """Write ``<name>.{scp,ark}``, a vector for each utterance, and ``spk_<name>.{scp,ark}``, their means.

    Args:
        data_dir: The folder, with wav.scp and utt2spk.
        output_dir: Where to.
        name: Of the tables.
        device: What computes.
    Raises:
        InputError: If files or the package with the weights are missing.
    """
    encoder = VoiceEncoder.pretrained().to(device)
    folder = Path(output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    speakers = read_2columns_text(Path(data_dir) / "utt2spk")
    vectors: dict[str, list[np.ndarray]] = {}
    reader = SoundScpReader(Path(data_dir) / "wav.scp")
    with KaldiArkWriter(folder / f"{name}.ark", folder / f"{name}.scp") as table:
        for uid, speaker in speakers.items():
            rate, samples = reader[uid]
            speech = torch.from_numpy(samples if samples.ndim == 1 else samples.mean(1)).to(device)
            vector = encoder(torchaudio.functional.resample(speech, rate, SAMPLE_RATE)).cpu().numpy()
            table[uid] = vector
            vectors.setdefault(speaker, []).append(vector)
    with KaldiArkWriter(folder / f"spk_{name}.ark", folder / f"spk_{name}.scp") as table:
        for speaker, own in sorted(vectors.items()):
            table[speaker] = np.mean(own, axis=0)
    logging.info(f"{folder}/{name}.scp: {len(speakers)} utterances of {len(vectors)} speakers")
