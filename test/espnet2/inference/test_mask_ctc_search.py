"""Mask-CTC from a configuration to results, in Python and by its door."""

import numpy as np
import pytest
import soundfile
import torch

from espnet2.asr.maskctc_model import MaskCTCModel
from espnet2.bin import asr_inference_maskctc
from espnet2.config.yaml import dump_yaml
from espnet2.inference.mask_ctc_search import build_mask_ctc_search
from espnet2.tasks.asr import ASRTask
from espnet2.utils.errors import InputError

TOKENS = ["<blank>", "<unk>", "<space>", *"abcd", "<sos/eos>"]


@pytest.fixture
def folder(tmp_path):
    """A random model as an experiment folder."""
    conf = {"attention_heads": 2, "linear_units": 8, "num_blocks": 1}
    config = {"token_list": TOKENS, "token_type": "char", "model": "maskctc", "model_conf": {"ctc_weight": 0.3}}
    config |= {"encoder": "transformer", "encoder_conf": {"output_size": 8, **conf}}
    config |= {"decoder": "mlm", "decoder_conf": conf}
    dump_yaml(config, tmp_path / "config.yaml")
    torch.manual_seed(0)
    model, _ = ASRTask.build_model_from_file(tmp_path / "config.yaml")
    torch.nn.init.normal_(model.ctc.ctc_lo.weight, std=3.0)
    torch.save(model.state_dict(), tmp_path / "latest.pth")
    return tmp_path


def load(folder):
    return ASRTask.build_model_from_file(folder / "config.yaml", folder / "latest.pth")[0].eval()


def waveforms():
    return [np.random.default_rng(n).standard_normal(12000 - 3000 * n).astype(np.float32) * 0.1 for n in range(3)]


@torch.no_grad()
def found(model, search, waveform):
    encoded, lengths = model.encode(torch.from_numpy(waveform).unsqueeze(0), torch.tensor([len(waveform)]))
    return search(encoded, lengths)[0][0].yseq[1:-1].tolist()


def test_a_configuration_becomes_a_search(folder):
    model = load(folder)
    assert isinstance(model, MaskCTCModel) and model.mask_token == len(TOKENS)
    search = build_mask_ctc_search(model)
    assert (search.n_iterations, search.threshold_probability) == (10, 0.999)
    tokens = found(model, search, waveforms()[0])
    assert tokens and model.mask_token not in tokens
    assert len(found(model, build_mask_ctc_search(model, threshold_probability=0.0), waveforms()[0])) == len(tokens)


def test_a_model_without_one_of_the_two_is_refused(folder):
    model = load(folder)
    model.decoder = None
    with pytest.raises(InputError, match="CTC alone"):
        build_mask_ctc_search(model)
    model.ctc = None
    with pytest.raises(InputError, match="without CTC"):
        build_mask_ctc_search(model)


@pytest.mark.parametrize("batch_size, threshold", [(1, 0.999), (3, 0.5)])
def test_the_door_writes_the_layout(folder, tmp_path, batch_size, threshold):
    lines = []
    for number, waveform in enumerate(waveforms()):
        soundfile.write(tmp_path / f"{number}.wav", waveform, 16000, subtype="FLOAT")
        lines.append(f"utt{number} {tmp_path / f'{number}.wav'}\n")
    (tmp_path / "wav.scp").write_text("".join(lines))
    asr_inference_maskctc.main(
        ["--asr_train_config", str(folder / "config.yaml"), "--asr_model_file", str(folder / "latest.pth")]
        + ["--data_path_and_name_and_type", f"{tmp_path / 'wav.scp'},speech,sound", "--num_workers", "0"]
        + ["--output_dir", str(tmp_path / "out"), "--batch_size", str(batch_size)]
        + ["--maskctc_n_iterations", "2", "--maskctc_threshold_probability", str(threshold)]
    )
    best = tmp_path / "out" / "1best_recog"
    assert {file.name for file in best.iterdir()} == {"text", "token", "token_int", "score"}
    model = load(folder)
    search = build_mask_ctc_search(model, 2, threshold)
    expected = [[token for token in found(model, search, w) if token != 0] for w in waveforms()]
    written = [line.split()[1:] for line in (best / "token_int").read_text().splitlines()]
    assert written == [[str(token) for token in tokens] for tokens in expected]
    assert "<mask>" not in (best / "token").read_text()


def test_the_door_knows_its_options_only(capsys):
    args = asr_inference_maskctc.get_parser().parse_args(["--maskctc-n-iterations", "3"])
    assert (args.maskctc_n_iterations, args.maskctc_threshold_probability) == (3, 0.999)
    assert args.beam_size == 20  # a default for the code that is shared
    with pytest.raises(SystemExit):
        asr_inference_maskctc.get_parser().parse_args(["--beam_size", "3"])
    assert "unknown option --beam_size" in capsys.readouterr().err
