"""Weights of any age into a model; what is missing or left over is told."""

import os

import pytest
import torch

from espnet2.tasks.asr import ASRTask
from espnet2.tasks.lm import LMTask
from espnet2.tasks.load import load_weights
from espnet2.train.load_pretrained import read_weights
from espnet2.utils.errors import InputError
from test.espnet2.tasks.tiny_asr import ASR, LM, batch, same, write_config, write_experiment, write_stats


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Module()
        self.embed.out = torch.nn.Linear(2, 3)
        self.after_norm = torch.nn.LayerNorm(3)


@pytest.fixture
def state():
    torch.manual_seed(0)
    return {k: torch.randn_like(v) for k, v in Model().state_dict().items()}


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: {"module": s}, lambda s: {"model": s, "optimizers": []}])
def test_plain_and_wrapped_files(tmp_path, state, wrap):
    torch.save(wrap(state), tmp_path / "m.pth")
    model = Model()
    load_weights(model, read_weights(tmp_path / "m.pth"), "m.pth")
    assert same(model, state)


def test_names_of_older_files(state):
    old = {
        "embed.out.0.weight": "embed.out.weight",
        "embed.out.0.bias": "embed.out.bias",
        "norm.weight": "after_norm.weight",
    }
    renamed = {o: state[n] for o, n in old.items()} | {
        "after_norm.bias": state["after_norm.bias"],
        "embed.pos.pe": torch.ones(3),
    }
    model = Model()
    load_weights(model, renamed, "old.pth")
    assert same(model, state)


def test_missing_weights_are_refused_unless_allowed(state, caplog):
    del state["after_norm.bias"]
    with pytest.raises(InputError, match=r"m.pth lacks parameters of the model: after_norm.bias"):
        load_weights(Model(), state, "m.pth")
    load_weights(Model(), state, "m.pth", allow_missing=True)
    assert "initial values kept for after_norm.bias" in caplog.text


def test_left_over_weights_are_told(state, caplog):
    load_weights(Model(), state | {"decoder.weight": torch.ones(1)}, "m.pth")
    assert "not used by the model: decoder.weight" in caplog.text


def test_other_shapes_are_refused(state):
    state["embed.out.weight"] = torch.ones(4, 2)
    with pytest.raises(InputError, match=r"embed.out.weight: \(4, 2\) in the file, \(3, 2\) in the model"):
        load_weights(Model(), state, "m.pth")


def test_damaged_and_absent_files(tmp_path):
    (tmp_path / "bad.pth").write_bytes(b"not a model")
    for name in ("bad.pth", "absent.pth"):
        with pytest.raises(InputError, match=name):
            read_weights(tmp_path / name)


# ----- the rows of the compatibility checklist, each with a tiny model -----
def rewritten(folder, change):
    """The experiment's weights changed as an older release or another program would have written them."""
    file = folder / "valid.acc.ave.pth"
    torch.save(change(torch.load(file)), file)
    return file


def loaded(folder, task=ASRTask, **kwargs):
    return task.build_model_from_file(folder / "config.yaml", folder / "valid.acc.ave.pth", **kwargs)[0]


def test_old_tables_of_positions_and_first_generation_names(tmp_path):
    model = write_experiment(tmp_path)
    old = {"encoder.after_norm": "encoder.norm", "decoder.after_norm": "decoder.output_norm"}

    def change(state):
        for new, former in old.items():
            state = {name.replace(new, former): value for name, value in state.items()}
        return state | {"encoder.embed.out.1.pe": torch.ones(1, 9, 8), "decoder.embed.1.pe": torch.ones(1, 9, 8)}

    rewritten(tmp_path, change)
    assert same(loaded(tmp_path), model.state_dict())


def test_first_generation_language_model(tmp_path):
    lm = {"lm": "transformer", "lm_conf": {"embed_unit": 4, "att_unit": 8, "head": 2, "unit": 8, "layer": 1}}
    model = write_experiment(tmp_path, LM, **lm)
    rewritten(
        tmp_path, lambda state: {n.replace("encoder.embed.", "encoder.input_layer."): v for n, v in state.items()}
    )
    assert same(loaded(tmp_path, LMTask), model.state_dict())


@pytest.mark.parametrize("old", [False, True])
def test_conv2d8_in_both_spellings(tmp_path, old):
    conf = {"output_size": 8, "attention_heads": 2, "linear_units": 8, "num_blocks": 1, "input_layer": "conv2d8"}
    conf["cnn_module_kernel"], conf["pos_enc_layer_type"], conf["selfattention_layer_type"] = (
        3,
        "scaled_abs_pos",
        "selfattn",
    )
    model = write_experiment(tmp_path, encoder="conformer", encoder_conf=conf)
    names = {"embed.out.weight": "embed.out.0.weight", "embed.out.bias": "embed.out.0.bias"}
    names["embed.pos_enc.alpha"] = "embed.out.1.alpha"
    if old:
        new_names = {f"encoder.{new}": f"encoder.{former}" for new, former in names.items()}
        rewritten(tmp_path, lambda state: {new_names.get(name, name): value for name, value in state.items()})
    assert set(names) <= {name.removeprefix("encoder.") for name in model.state_dict()}
    assert same(loaded(tmp_path), model.state_dict())


def test_tied_language_model_with_one_name_or_two(tmp_path):
    model = write_experiment(tmp_path, LM, lm_conf={"unit": 6, "nlayers": 1, "tie_weights": True})
    whole = torch.load(tmp_path / "valid.acc.ave.pth")
    for name in ("lm.encoder.weight", "lm.decoder.weight"):
        torch.save({n: v for n, v in whole.items() if n != name}, tmp_path / "valid.acc.ave.pth")
        assert same(loaded(tmp_path, LMTask), model.state_dict())
    torch.save(whole | {"lm.decoder.weight": whole["lm.encoder.weight"] + 1}, tmp_path / "valid.acc.ave.pth")
    with pytest.raises(InputError, match="lm.encoder.weight and lm.decoder.weight differ"):
        loaded(tmp_path, LMTask)


def test_sinc_filters_with_one_name_or_two(tmp_path):
    parts = {
        "frontend": "sliding_window",
        "frontend_conf": {},
        "preencoder": "sinc",
        "preencoder_conf": {"out_channels": 4},
    }
    conf = ASR["encoder_conf"] | {"input_layer": "linear"}
    model = write_experiment(tmp_path, **parts, normalize=None, encoder_conf=conf)
    whole = torch.load(tmp_path / "valid.acc.ave.pth")
    for name in ("preencoder.filters.f", "preencoder.blocks.SincConvBlock.Filters.f"):
        torch.save({n: v for n, v in whole.items() if n != name}, tmp_path / "valid.acc.ave.pth")
        assert same(loaded(tmp_path), model.state_dict())


def test_joint_network_without_bias_is_one_of_zeros(tmp_path, caplog):
    caplog.set_level("INFO")
    conf = {"decoder": "transducer", "decoder_conf": {"hidden_size": 8}, "joint_net_conf": {"joint_space_size": 4}}
    model = write_experiment(tmp_path, **conf)
    rewritten(tmp_path, lambda state: {n: v for n, v in state.items() if n != "joint_network.lin_dec.bias"})
    assert not model.joint_network.lin_dec.bias.eq(0).all()
    assert loaded(tmp_path).joint_network.lin_dec.bias.eq(0).all()
    assert "has no joint_network.lin_dec.bias, like models of earlier releases; it is zero" in caplog.text


def test_parts_that_the_configuration_leaves_out_are_ignored_and_told(tmp_path, caplog):
    whole = write_experiment(tmp_path / "whole").state_dict()
    for number, (weight, absent) in enumerate(((0.0, "ctc"), (1.0, "decoder"))):
        model = write_experiment(tmp_path / str(number), model_conf={"ctc_weight": weight})
        assert not any(name.startswith(f"{absent}.") for name in model.state_dict())
        rewritten(tmp_path / str(number), lambda state: whole | state)
        assert same(loaded(tmp_path / str(number)), model.state_dict())
        assert f"not used by the model: {absent}." in caplog.text and f"(it has no {absent})" in caplog.text


@pytest.mark.parametrize("wrap", [lambda s: {"module": s}, lambda s: {"model": s, "optimizers": [], "reporter": {}}])
def test_wrapped_files_of_a_task(tmp_path, wrap):
    model = write_experiment(tmp_path)
    rewritten(tmp_path, wrap)
    assert same(loaded(tmp_path), model.state_dict())


def test_counters_of_any_value_and_lost_buffers(tmp_path, caplog):
    conf = {"output_size": 8, "attention_heads": 2, "linear_units": 8, "num_blocks": 1, "cnn_module_kernel": 3}
    model = write_experiment(tmp_path, encoder="conformer", encoder_conf=conf)
    counter = "encoder.encoders.0.conv_module.norm.num_batches_tracked"
    rewritten(tmp_path, lambda state: state | {counter: torch.tensor(30), "encoder.num_updates": torch.tensor([7])})
    assert loaded(tmp_path).state_dict()[counter] == 30
    assert "not used by the model: encoder.num_updates" in caplog.text
    rewritten(tmp_path, lambda state: {name: value for name, value in state.items() if name != counter})
    assert loaded(tmp_path).state_dict()[counter] == model.state_dict()[counter] == 0
    assert f"initial values kept for {counter}" in caplog.text


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_statistics_come_from_the_weights_when_their_file_is_gone(tmp_path, dtype, caplog):
    caplog.set_level("INFO")
    stats = write_stats(tmp_path / "recipe/exp/stats/feats_stats.npz")
    exp = tmp_path / "recipe/exp/asr"
    model = write_experiment(exp, normalize="global_mvn", normalize_conf={"stats_file": str(stats)})
    names = ("normalize.mean", "normalize.std")
    rewritten(exp, lambda state: {n: v.to(dtype) if n in names else v for n, v in state.items()})
    exp.rename(tmp_path / "moved")
    stats.unlink()
    moved = loaded(tmp_path / "moved")
    assert same(moved, model.state_dict()) and moved.normalize.mean.dtype is torch.float32
    assert (
        f"normalize_conf.stats_file: there is no {stats}; mean and deviation are taken from the weights" in caplog.text
    )
    inputs = batch()
    torch.testing.assert_close(moved.eval()(**inputs)[0], model.eval()(**inputs)[0], atol=1e-5, rtol=1e-5)
    rewritten(tmp_path / "moved", lambda state: {n: v for n, v in state.items() if n not in names})
    with pytest.raises(InputError, match=f"normalize_conf.stats_file: there is no file {stats}"):
        loaded(tmp_path / "moved")


def test_a_lost_token_list_is_refused_and_other_lost_files_are_told(tmp_path, caplog):
    write_experiment(tmp_path, bpemodel="data/gone.model", non_linguistic_symbols="data/gone.txt")
    loaded(tmp_path)
    assert "bpemodel: there is no file data/gone.model" in caplog.text
    assert "non_linguistic_symbols: there is no file data/gone.txt" in caplog.text
    write_config(tmp_path, ASR, token_list="data/tokens.txt")
    with pytest.raises(InputError, match="config.yaml: token_list: there is no file data/tokens.txt"):
        loaded(tmp_path)


def test_models_of_another_architecture_and_unknown_parts_are_refused(tmp_path):
    write_experiment(tmp_path)
    write_config(tmp_path, ASR, encoder_conf=ASR["encoder_conf"] | {"output_size": 16})
    with pytest.raises(InputError, match="does not fit the configuration: .* in the file, .* in the model"):
        loaded(tmp_path)
    write_config(tmp_path, ASR, encoder="conformer", encoder_conf=ASR["encoder_conf"])
    with pytest.raises(InputError, match="lacks parameters of the model: encoder.encoders.0"):
        loaded(tmp_path)
    loaded(tmp_path, allow_missing=True)
    write_config(tmp_path, ASR, encoder="transfromer")
    with pytest.raises(InputError, match="config.yaml: encoder: unknown 'transfromer'. Did you mean 'transformer'"):
        loaded(tmp_path)
    write_config(tmp_path, ASR, encoder_conf={"num_block": 2})
    with pytest.raises(InputError, match="config.yaml: encoder_conf: .* has no option 'num_block'"):
        loaded(tmp_path)


def test_old_keys_of_configurations(tmp_path):
    config = {key: value for key, value in ASR.items() if key != "encoder_conf"}
    config |= {"text_cleaner": "none", "g2p_type": None, "aux_task_names": [], "encoder_conf": ASR["encoder_conf"]}
    config |= {"use_lora": True, "lora_conf": {"target_modules": ["linear_q"], "rank": 2}, "save_lora_only": True}
    write_config(tmp_path, config)
    model, args = ASRTask.build_model_from_file(tmp_path / "config.yaml")
    assert (args.cleaner, args.save_strategy, args.adapter) == ("none", "adapter_only", "lora")
    assert model.encoder.encoders[0].self_attn.linear_q.lora_A.shape == (2, 8)


class Harmful:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


def test_a_pickle_that_would_run_code_is_refused(tmp_path):
    write_experiment(tmp_path)
    rewritten(tmp_path, lambda state: state | {"x": Harmful(tmp_path / "marker")})
    with pytest.raises(
        InputError,
        match=r"valid.acc.ave.pth cannot be read .*refused, it also holds '\w+.system', which could run code",
    ):
        loaded(tmp_path)
    assert not (tmp_path / "marker").exists()


def test_a_pointer_of_git_lfs_is_told_as_such(tmp_path):
    (tmp_path / "m.pth").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(InputError, match="git lfs pull"):
        read_weights(tmp_path / "m.pth")
