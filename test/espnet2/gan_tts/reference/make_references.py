"""Make the arrays of this folder; see README.md. Run in an environment that has parallel-wavegan 0.6.1 (and scipy < 1.13, or a
``scipy.signal.kaiser`` put in its place): ``python make_references.py``.
"""

import copy
import json
from pathlib import Path

import numpy as np
import parallel_wavegan.losses as losses
import parallel_wavegan.models as models
import torch
from parallel_wavegan.layers import PQMF

FOLDER = Path(__file__).parent
MELGAN = {"in_channels": 5, "channels": 12, "upsample_scales": [4, 3], "kernel_size": 5, "stacks": 2}
WAVENET = {"layers": 4, "stacks": 2, "residual_channels": 4, "gate_channels": 6, "skip_channels": 5}
PWG = {**WAVENET, "aux_channels": 5, "upsample_params": {"upsample_scales": [2, 3]}}
SMOOTHING = {
    "upsample_scales": [2, 3],
    "freq_axis_kernel_size": 3,
    "nonlinear_activation": "ReLU",
    "interpolate_mode": "bilinear",
}
OTHER_MELGAN = {"in_channels": 5, "out_channels": 5, "channels": 8, "upsample_scales": [3, 2], "stacks": 1}
STYLE_SCALES = {"noise_upsample_scales": [3, 2], "upsample_scales": [3, 2, 1]}
STYLE = {"in_channels": 6, "aux_channels": 5, "channels": 4, "kernel_size": 5, **STYLE_SCALES}
MELGAN_SCALE = {"channels": 4, "max_downsample_channels": 8, "downsample_scales": [2]}
STYLE_JUDGE = {
    "repeats": 1,
    "window_sizes": [64, 128],
    "pqmf_params": [[1, None, None, None], [2, 30, 0.267, 9.0]],
    "discriminator_params": {"channels": 4, "max_downsample_channels": 8, "downsample_scales": [2, 1]},
}
HIFIGAN = {
    "in_channels": 5,
    "channels": 8,
    "upsample_scales": [3, 2],
    "upsample_kernel_sizes": [6, 4],
    "resblock_kernel_sizes": [3, 5],
    "resblock_dilations": [[1, 3], [1, 2]],
}
HIFIGAN_JUDGE = {
    "scales": 2,
    "scale_discriminator_params": {
        "channels": 8,
        "max_downsample_channels": 8,
        "max_groups": 2,
        "downsample_scales": [2],
    },
    "periods": [2, 3],
    "period_discriminator_params": {"channels": 2, "max_downsample_channels": 4, "downsample_scales": [3, 1]},
}


def noise(*size):
    return torch.randn(*size)


# File -> the package's class, its arguments, and what is put into it.
CASES = {
    "melgan_generator": ("MelGANGenerator", MELGAN, lambda: [noise(2, 5, 9)]),
    "multiband_melgan_generator": ("MelGANGenerator", {**MELGAN, "out_channels": 4}, lambda: [noise(2, 5, 9)]),
    "melgan_discriminator": (
        "MelGANMultiScaleDiscriminator",
        {"scales": 2, **MELGAN_SCALE},
        lambda: [noise(2, 1, 200)],
    ),
    "pwg_generator": ("ParallelWaveGANGenerator", PWG, lambda: [noise(2, 1, 30), noise(2, 5, 5 + 4)]),
    "pwg_generator_smooth": (
        "ParallelWaveGANGenerator",
        {**PWG, "upsample_params": SMOOTHING, "aux_context_window": 1, "bias": False},
        lambda: [noise(1, 1, 30), noise(1, 5, 5 + 2)],
    ),
    "pwg_generator_without_context": (
        "ParallelWaveGANGenerator",
        {**PWG, "upsample_net": "UpsampleNetwork", "aux_context_window": 0},
        lambda: [noise(1, 1, 30), noise(1, 5, 5)],
    ),
    "pwg_generator_melgan": (
        "ParallelWaveGANGenerator",
        {**PWG, "upsample_net": "MelGANGenerator", "aux_context_window": 0, "upsample_params": OTHER_MELGAN},
        lambda: [noise(1, 1, 30), noise(1, 5, 5)],
    ),
    "pwg_discriminator": ("ParallelWaveGANDiscriminator", {"layers": 5, "conv_channels": 4}, lambda: [noise(2, 1, 50)]),
    "pwg_discriminator_powers": (
        "ParallelWaveGANDiscriminator",
        {"layers": 4, "conv_channels": 4, "dilation_factor": 2},
        lambda: [noise(2, 1, 50)],
    ),
    "pwg_residual_discriminator": ("ResidualParallelWaveGANDiscriminator", WAVENET, lambda: [noise(2, 1, 50)]),
    "style_melgan_generator": ("StyleMelGANGenerator", STYLE, lambda: [noise(2, 5, 6), noise(2, 6, 1)]),
    "style_melgan_generator_sigmoid": (
        "StyleMelGANGenerator",
        {**STYLE, "gated_function": "sigmoid", "upsample_mode": "linear"},
        lambda: [noise(1, 5, 12), noise(1, 6, 2)],
    ),
    "style_melgan_discriminator": ("StyleMelGANDiscriminator", STYLE_JUDGE, lambda: [noise(2, 1, 150)]),
    "hifigan_generator": ("HiFiGANGenerator", HIFIGAN, lambda: [noise(2, 5, 7)]),
    "hifigan_generator_single": (
        "HiFiGANGenerator",
        {**HIFIGAN, "use_additional_convs": False, "out_channels": 2},
        lambda: [noise(1, 5, 7)],
    ),
    "hifigan_discriminator": (
        "HiFiGANMultiScaleMultiPeriodDiscriminator",
        {**HIFIGAN_JUDGE, "follow_official_norm": True},
        lambda: [noise(2, 1, 61)],
    ),
    "hifigan_discriminator_weight_norm": (
        "HiFiGANMultiScaleMultiPeriodDiscriminator",
        {**HIFIGAN_JUDGE, "follow_official_norm": False},
        lambda: [noise(2, 1, 61)],
    ),
}


def flat(outputs):
    """Tensors of lists in lists, in their order."""
    return [outputs] if torch.is_tensor(outputs) else [tensor for part in outputs for tensor in flat(part)]


def save(name, config, inputs, outputs, state=()):
    """All numbers one after the other, in one array; and what is where."""
    arrays = {f"input.{i}": x for i, x in enumerate(inputs)} | {f"output.{i}": x for i, x in enumerate(outputs)}
    arrays |= {f"state.{key}": value for key, value in dict(state).items()}
    told = {"config": config, "shapes": {key: list(value.shape) for key, value in arrays.items()}}
    values = np.concatenate([value.numpy().astype("float32").ravel() for value in arrays.values()])
    np.savez_compressed(FOLDER / f"{name}.npz", told=json.dumps(told), values=values)


def save_whole(name, class_name, config, noise_size, num_frames=8):
    """What ``inference`` makes of an utterance, and the noise that it draws."""
    torch.manual_seed(0)
    module = getattr(models, class_name)(**copy.deepcopy(config)).eval()
    feats = noise(num_frames, 5)
    torch.manual_seed(1)
    drawn = noise(*noise_size)
    torch.manual_seed(1)
    save(name, config, [feats, drawn], [module.inference(feats)], module.state_dict())


@torch.no_grad()
def main():
    np.random.randint = lambda *_: 7  # where windows begin
    for name, (class_name, config, make_inputs) in CASES.items():
        torch.manual_seed(0)
        module = getattr(models, class_name)(**copy.deepcopy(config))  # it adds to what it is given
        for parameter in module.parameters():  # far from where they begin, so that each counts
            parameter.copy_(torch.randn_like(parameter) * 0.3 + parameter)
        module.eval()
        inputs = make_inputs()
        save(name, config, inputs, flat(module(*inputs)), module.state_dict())
    save_whole("pwg_generator_whole", "ParallelWaveGANGenerator", PWG, (1, 1, 8 * 6))
    save_whole("style_melgan_generator_whole", "StyleMelGANGenerator", STYLE, (1, 6, 2))
    torch.manual_seed(0)
    for name, config in (("pqmf", {}), ("pqmf_of_2", {"subbands": 2, "taps": 30, "cutoff_ratio": 0.267, "beta": 8.0})):
        bank, wav = PQMF(**config), noise(2, 1, 160)
        bands = bank.analysis(wav)
        save(name, config, [wav], [bands, bank.synthesis(bands)], bank.state_dict())
    config = {"fft_sizes": [64, 128], "hop_sizes": [10, 24], "win_lengths": [40, 128]}
    wavs = [noise(2, 400), noise(2, 400)]
    save("stft_loss", config, wavs, losses.MultiResolutionSTFTLoss(**config)(*wavs))


if __name__ == "__main__":
    main()
