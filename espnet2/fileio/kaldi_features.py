"""From a data folder's audio to Kaldi's features of it: ``feats.scp`` over an archive, with the tables of their lengths.

Audio is read as in the format stage (segments, pipes, channels, speeds, resampling); only what is written differs. All
random numbers come from the utterance's id, so that features do not depend on how the work is dealt out.
"""

# N samples, T frames, F features

import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO

import numpy as np

from espnet2.fileio.format_audio import AudioFormatter, FormatOptions
from espnet2.fileio.kaldi_ark import KaldiArkWriter
from espnet2.fileio.kaldi_fbank import FULL_SCALE, WITHOUT_A_FILE, fbank_defaults, kaldi_fbank, read_kaldi_config
from espnet2.fileio.kaldi_pitch import PitchOptions, kaldi_pitch
from espnet2.utils.atomic import atomic_write
from espnet2.utils.errors import InputError

LENGTH_TOLERANCE = 2  # frames by which filterbank and pitch may differ


@dataclass
class FeatureOptions:
    """What is asked for; ``espnet2.bin.make_fbank_pitch --help`` tells of each."""

    fs: int
    fbank_config: str | None = None
    pitch_config: str | None = None
    add_pitch: bool = True


class KaldiFeatures:
    """Filterbank features, and pitch if asked for, of one utterance after another.

    Args:
        options: What is asked for.
    Raises:
        InputError: If a configuration file cannot be used, or is for another sampling rate.
    """

    def __init__(self, options: FeatureOptions):
        self.rate = options.fs
        self.add_pitch = options.add_pitch
        self.fbank = dict(WITHOUT_A_FILE)
        if options.fbank_config is not None:
            self.fbank = read_kaldi_config(options.fbank_config, fbank_defaults())
        pitch = {}
        if options.pitch_config is not None:
            pitch = read_kaldi_config(options.pitch_config, vars(PitchOptions()))
        for path, values in ((options.fbank_config, self.fbank), (options.pitch_config, pitch)):
            rate = values.setdefault("sample_frequency", self.rate)
            if rate != self.rate:
                raise InputError(
                    f"{path}: sample-frequency is {rate:g}, but the audio is brought to {self.rate} Hz (fs)"
                )
        self.pitch = PitchOptions(**pitch)

    def __call__(self, utterance: str, samples: np.ndarray) -> np.ndarray:
        """Features of an utterance.

        Raises:
            InputError: If it is too short, or the two kinds of features do not go together.

        Shapes:
            samples (N,) in [-1, 1] -> (T, F) float32
        """
        seed = zlib.crc32(utterance.encode())
        samples = samples * FULL_SCALE
        features = kaldi_fbank(samples, self.fbank, seed)
        if not self.add_pitch:
            return features
        pitch = kaldi_pitch(samples, self.pitch, np.random.default_rng(seed))
        num_frames = min(len(features), len(pitch))
        if max(len(features), len(pitch)) - num_frames > LENGTH_TOLERANCE:
            raise InputError(
                f"{len(features)} frames of filterbank, but {len(pitch)} of pitch: their configurations must have the "
                "same frame-shift, and snip-edges=true"
            )
        return np.concatenate([features[:num_frames], pitch[:num_frames]], 1)


class FeatureMaker(AudioFormatter):
    """Make the features of the utterances of one ``wav.scp``, or of a ``segments`` file that cuts them from it.

    Args:
        scp: The table of recordings.
        outdir: Gets ``feats.scp``, ``feats.ark``, ``feats_shape``, ``utt2num_frames`` and ``utt2num_samples``.
        audio: How the audio is read.
        features: What is made of it.
    Raises:
        InputError: If options do not go together, or a table cannot be read.
    """

    def __init__(self, scp: str, outdir: str, audio: FormatOptions, features: FeatureOptions):
        audio.fs, audio.num_channels = features.fs, 1
        super().__init__(scp, outdir, audio)
        self.features = KaldiFeatures(features)

    def _open_writer(self, files: ExitStack) -> "_FeatureWriter":
        ark = files.enter_context(KaldiArkWriter(self.outdir / "feats.ark", self.outdir / "feats.scp"))
        tables = (files.enter_context(atomic_write(self.outdir / n, "w")) for n in ("feats_shape", "utt2num_frames"))
        return _FeatureWriter(self.features, ark, *tables)


class _FeatureWriter:
    """``writer[utterance] = rate, samples`` into an archive of features."""

    def __init__(self, features: KaldiFeatures, ark: KaldiArkWriter, shapes: IO[str], lengths: IO[str]):
        self.features, self.ark, self.shapes, self.lengths = features, ark, shapes, lengths

    def __setitem__(self, key: str, rate_samples: tuple[int, np.ndarray]) -> None:
        matrix = self.features(key, rate_samples[1])
        self.ark[key] = matrix
        self.shapes.write(f"{key} {len(matrix)},{matrix.shape[1]}\n")
        self.lengths.write(f"{key} {len(matrix)}\n")
