"""Adapters: only they learn, files with them alone fit over their base, and merged or loaded they give the same numbers."""

from argparse import Namespace

import numpy as np
import pytest
import torch

from espnet2.bin import asr_train
from espnet2.inference.models import load_language_model, load_recogniser
from espnet2.tasks.adapter import add_houlsby, add_lora, merge_lora
from espnet2.tasks.asr import ASRTask
from espnet2.train.save_strategy import is_adapter
from espnet2.utils.errors import InputError
from test.espnet2.tasks.tiny_asr import ASR, LM, SIZES, batch, same, write_config, write_experiment

LORA = {
    "use_adapter": True,
    "adapter": "lora",
    "adapter_conf": {"rank": 2, "alpha": 4, "target_modules": ["linear_q", "linear_v"]},
}
HOULSBY = {"use_adapter": True, "adapter": "houlsby", "adapter_conf": {"bottleneck": 3}}
CONFORMER = {
    "encoder": "conformer",
    "encoder_conf": {"output_size": 8, "cnn_module_kernel": 3, "macaron_style": True, **SIZES},
}


def randomise(model):
    """Adapters as after a training."""
    torch.manual_seed(1)
    for name, parameter in model.named_parameters():
        if is_adapter(name):
            torch.nn.init.normal_(parameter, std=0.5)


@pytest.mark.parametrize("adapter", [LORA, HOULSBY])
@pytest.mark.parametrize("parts", [{}, CONFORMER])
def test_two_steps_change_only_adapters(tmp_path, adapter, parts):
    base = write_experiment(tmp_path / "base", **parts)
    write_config(tmp_path / "adapted", ASR, **parts, **adapter)
    model, _ = ASRTask.build_model_from_file(tmp_path / "adapted" / "config.yaml")
    model.load_state_dict(base.state_dict(), strict=False)
    inputs = batch()
    as_it_was = base.eval()(**inputs)[0]
    torch.testing.assert_close(model.eval()(**inputs)[0], as_it_was, atol=1e-5, rtol=1e-5)
    before = {name: value.clone() for name, value in model.train().state_dict().items()}
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(learning, lr=1.0)
    for _ in range(2):
        optimizer.zero_grad()
        model(**inputs)[0].backward()
        optimizer.step()
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {name for name in before if is_adapter(name)}
    assert changed and len(learning) == len(changed)
    assert not torch.allclose(model.eval()(**inputs)[0], as_it_was)


def test_keys_and_shapes():
    model = ASRTask.build_model(Namespace(**vars(ASRTask.default_args()) | ASR))
    add_lora(model, target_modules=["encoders.1.self_attn.linear_q", "ctc_lo"], rank=3)
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items() if is_adapter(name)}
    assert shapes == {
        "encoder.encoders.1.self_attn.linear_q.lora_A": (3, 8),
        "encoder.encoders.1.self_attn.linear_q.lora_B": (8, 3),
        "ctc.ctc_lo.lora_A": (3, 8),
        "ctc.ctc_lo.lora_B": (8, 3),
    }
    add_houlsby(model, bottleneck=5, target_layers=[1])
    names = {name.removeprefix("encoder.encoders.1.") for name in model.state_dict() if ".adapter." in name}
    kinds = ("down.weight", "down.bias", "up.weight", "up.bias")
    assert names == {f"{part}.adapter.{kind}" for part in ("self_attn", "feed_forward") for kind in kinds}


@pytest.mark.parametrize(
    "bias_type,learns",
    [("none", set()), ("lora_only", {"linear.bias"}), ("all", {"linear.bias", "norm.bias", "other.bias"})],
)
def test_biases_that_learn_too(bias_type, learns):
    model = torch.nn.ModuleDict({name: torch.nn.Linear(2, 2) for name in ("linear", "other")})
    model["norm"] = torch.nn.LayerNorm(2)
    add_lora(model, rank=1, target_modules="linear", bias_type=bias_type)
    found = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert found == {"linear.lora_A", "linear.lora_B"} | learns


@pytest.mark.parametrize("parts", [{}, CONFORMER])
def test_merged_weights_give_the_same_results(tmp_path, parts):
    """All linear maps of attention and the embeddings: no computation goes around the modules."""
    targets = [
        "linear_q",
        "linear_k",
        "linear_v",
        "linear_out",
        "w_1",
        "w_2",
        "output_layer",
        "decoder.embed.0",
        "out.0",
    ]
    conf = {"adapter_conf": {"rank": 2, "target_modules": targets}}
    model = write_experiment(tmp_path, **parts, **(LORA | conf))
    plain = model.eval()(**batch())[0]
    randomise(model)
    expected = model(**batch())[0]
    assert not torch.allclose(plain, expected)
    for name, module in model.named_modules():
        if hasattr(module, "lora_B"):
            kept = module.lora_B.detach().clone()
            torch.nn.init.zeros_(module.lora_B)
            assert not torch.allclose(model(**batch())[0], expected, atol=1e-7, rtol=0), f"{name} has no effect"
            module.lora_B.data.copy_(kept)
    torch.save(model.state_dict(), tmp_path / "valid.acc.ave.pth")
    merge_lora(model)
    assert not any(is_adapter(name) for name in model.state_dict())
    torch.testing.assert_close(model(**batch())[0], expected, atol=1e-5, rtol=1e-5)
    loaded, _ = load_recogniser(None, tmp_path / "valid.acc.ave.pth", "cpu", "float32")
    assert not any(is_adapter(name) for name in loaded.state_dict())
    torch.testing.assert_close(loaded(**batch())[0], expected, atol=1e-5, rtol=1e-5)


def test_adapted_language_model_with_tied_weights(tmp_path):
    conf = {"lm_conf": {"unit": 6, "nlayers": 1, "tie_weights": True}}
    adapter = LORA | {"adapter_conf": {"rank": 2, "target_modules": ["lm.encoder"]}}
    model = write_experiment(tmp_path, LM, **conf, **adapter).eval()
    randomise(model)
    torch.save(model.state_dict(), tmp_path / "valid.acc.ave.pth")
    text = torch.tensor([[3, 4, 5]])
    expected = model.lm(text, None)[0]
    loaded, _ = load_language_model(None, tmp_path / "valid.acc.ave.pth", "cpu", "float32")
    torch.testing.assert_close(loaded.lm(text, None)[0], expected)


def write_data(folder):
    """Two utterances, lists and all, as ``asr_train`` reads them."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for uid in ("a", "b"):
        np.save(folder / f"{uid}.npy", rng.standard_normal((30, 20)).astype(np.float32))
    (folder / "feats.scp").write_text("".join(f"{uid} {folder}/{uid}.npy\n" for uid in "ab"))
    (folder / "text").write_text("a a b c\nb d a\n")
    (folder / "shape").write_text("a 30,20\nb 30,20\n")


def train(tmp_path, output, *words):
    data = tmp_path / "data"
    options = ["--use_matplotlib", "false", "--use_tensorboard", "false", "--num_workers", "0", "--optim", "sgd"]
    options += ["--optim_conf", "lr=0.1", "--batch_type", "unsorted", "--batch_size", "1", "--log_level", "ERROR"]
    for mode in ("train", "valid"):
        options += [f"--{mode}_shape_file", data / "shape"]
        for name, kind in (("feats.scp", "speech,npy"), ("text", "text,text")):
            options += [f"--{mode}_data_path_and_name_and_type", f"{data / name},{kind}"]
    words = ["--config", tmp_path / "adapted.yaml", "--output_dir", tmp_path / output, *options, *words]
    asr_train.main([str(word) for word in words])


@pytest.fixture
def adapted(tmp_path):
    """A base model, data, and the configuration of a training of adapters."""
    features = {"input_size": 20, "frontend": None, "normalize": None, "token_type": "word"}
    base = write_experiment(tmp_path / "base", **features)
    write_data(tmp_path / "data")
    from_base = {"init_param": [str(tmp_path / "base" / "valid.acc.ave.pth")], "batch_size": 1}
    write_config(tmp_path / "made", ASR, **features, **LORA, **from_base).rename(tmp_path / "adapted.yaml")
    return base


@pytest.mark.parametrize("strategy", ["adapter_only", "required_grad_only", "all"])
def test_training_saves_what_is_asked_and_loads_over_its_base(tmp_path, adapted, strategy):
    train(tmp_path, "out", "--max_epoch", 2, "--save_strategy", strategy)
    saved = torch.load(tmp_path / "out" / "valid.loss.ave.pth")
    assert all(is_adapter(name) for name in saved) == (strategy != "all")
    whole = torch.load(tmp_path / "out" / "checkpoint.pth")["model"]
    assert set(whole) > {name for name in saved if is_adapter(name)} != set()
    for name, value in adapted.state_dict().items():
        assert torch.equal(whole[name], value), name
    (tmp_path / "out").rename(tmp_path / "moved")
    model, _ = ASRTask.build_model_from_file(model_file=tmp_path / "moved" / "2epoch.pth")
    assert same(model, whole)
    if strategy != "all":
        (tmp_path / "base" / "valid.acc.ave.pth").unlink()
        with pytest.raises(InputError, match="init_param .*valid.acc.ave.pth, and there is no such file"):
            ASRTask.build_model_from_file(model_file=tmp_path / "moved" / "2epoch.pth")


def test_resumed_training_of_adapters_equals_an_uninterrupted_one(tmp_path, adapted):
    train(tmp_path, "whole", "--max_epoch", 3, "--save_strategy", "adapter_only")
    train(tmp_path, "parts", "--max_epoch", 1, "--save_strategy", "adapter_only")
    train(tmp_path, "parts", "--max_epoch", 3, "--save_strategy", "adapter_only", "--resume", "true")
    whole, parts = (torch.load(tmp_path / name / "3epoch.pth") for name in ("whole", "parts"))
    assert whole.keys() == parts.keys() and all(torch.equal(whole[name], parts[name]) for name in whole)


def test_adapters_of_one_training_start_another(tmp_path, adapted):
    train(tmp_path, "first", "--max_epoch", 1, "--save_strategy", "adapter_only")
    files = [tmp_path / "base" / "valid.acc.ave.pth", tmp_path / "first" / "1epoch.pth"]
    train(tmp_path, "second", "--max_epoch", 1, "--optim_conf", "lr=0.0", "--init_param", *files)
    second = torch.load(tmp_path / "second" / "1epoch.pth")
    assert all(torch.equal(second[name], value) for name, value in torch.load(files[1]).items())


def test_files_with_adapters_need_a_configuration_with_adapters(tmp_path):
    write_experiment(tmp_path, **LORA)
    write_config(tmp_path, ASR)
    with pytest.raises(InputError, match="has adapters that the model does not have: .*lora_A"):
        ASRTask.build_model_from_file(model_file=tmp_path / "valid.acc.ave.pth")


@pytest.mark.parametrize(
    "change,message",
    [
        ({"adapter_conf": {"target_modules": ["query"]}}, "no module 'query'. Its linear maps and embeddings: .*linear_q"),
        ({"adapter_conf": {"target_modules": ["conv.0"]}}, "conv.0 is a Conv2d; only Linear and Embedding"),
        ({"adapter_conf": {"ranc": 3}}, "adapter_conf: add_lora has no option 'ranc'. Did you mean 'rank'"),
        ({"adapter_conf": {"rank": 0}}, "rank must be 1 or more"),
        ({"adapter_conf": {"bias_type": "some"}}, "bias_type must be one of none, all, lora_only"),
        ({"adapter": "prefix"}, "adapter: unknown 'prefix'"),
        ({"adapter": "houlsby", "adapter_conf": {"target_layers": [2]}}, "there is no layer 2; the encoder has 2"),
        ({"adapter": "houlsby", "encoder": "rnn", "encoder_conf": {}, "decoder": None, "model_conf": {"ctc_weight": 1.0}},
         "houlsby needs an encoder of Transformer or Conformer layers"),
    ],
)  # fmt: skip
def test_refusals(tmp_path, change, message):
    path = write_config(tmp_path, ASR, **(LORA | {"adapter_conf": {}} | change))
    with pytest.raises(InputError, match=message):
        ASRTask.build_model_from_file(path)


@pytest.mark.parametrize("words", [["--save_strategy", "adapter_only"], ["--adapter_conf", "rank=4"]])
def test_options_without_adapters_are_refused(tmp_path, words):
    with pytest.raises(InputError, match=f"{words[0]}.* --use_adapter true"):
        asr_train.main(["--output_dir", str(tmp_path), "--token_list", "x", *words])
