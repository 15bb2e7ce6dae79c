"""``--print_config``, ``--config`` and ``config.yaml``: what one writes the others read, of this toolkit or of ESPnet2."""

import io
from contextlib import redirect_stdout

import numpy as np
import pytest
import yaml

from espnet2.config.yaml import RECORDED_KEYS, load_yaml
from espnet2.tasks.asr import ASRTask
from espnet2.tasks.data import data_files
from espnet2.tasks.lm import LMTask
from espnet2.tasks.training import refuse_unsupported
from espnet2.train.workers import run_workers
from espnet2.utils.errors import InputError
from test.shared import SHARED, needs_shared

CASES = {"asr_conformer": ASRTask, "asr_transformer": ASRTask, "lm_seq_rnn": LMTask, "lm_transformer": LMTask}
OURS = {"loop", "max_bad_utterances", "preprocessor", "preprocessor_conf"}  # what ESPnet2 (or its LMTask) does not have


def printed(task, *words):
    text = io.StringIO()
    with redirect_stdout(text):
        task.main(cmd=["--print_config", *words])
    return text.getvalue()


def test_printed_configuration_is_accepted_again(tmp_path):
    first = printed(ASRTask, "--encoder", "conformer", "--decoder", "transformer", "--optim", "adam", "--ctc_conf", "reduce=true")
    config = yaml.safe_load(first)
    assert config["encoder_conf"]["cnn_module_kernel"] == 31 and config["optim_conf"]["betas"] == [0.9, 0.999]
    assert not {"config", "print_config", "ngpu", "output_dir", "token_list"} & set(config)
    (tmp_path / "c.yaml").write_text(first)
    assert printed(ASRTask, "--config", str(tmp_path / "c.yaml")) == first


@needs_shared
@pytest.mark.parametrize("case", CASES)
def test_config_of_the_reference_is_accepted(case, tmp_path):
    """``shared/parity/*/config.yaml`` were written by ESPnet2 202511."""
    text = (SHARED / "parity" / case / "config.yaml").read_text()
    config = yaml.safe_load(text)
    path = tmp_path / "config.yaml"
    path.write_text(text.replace("PARITY/", f"{SHARED / 'parity'}/"))
    args = CASES[case].get_parser().parse_args(["--config", str(path), "--output_dir", str(tmp_path)])
    assert args.model_conf == config["model_conf"] and args.token_list == config["token_list"]
    assert args.output_dir == str(tmp_path) and not set(RECORDED_KEYS) & set(vars(args))
    refuse_unsupported(args)
    model, args = CASES[case].build_model_from_file(path, SHARED / "parity" / case / "model.pth")
    assert args.version == config["version"] and sum(p.numel() for p in model.parameters()) > 0


@needs_shared
@pytest.mark.parametrize("case", CASES)
def test_config_yaml_has_all_keys_of_the_reference(case, tmp_path):
    reference = yaml.safe_load((SHARED / "parity" / case / "config.yaml").read_text())
    task = CASES[case]
    args = task.get_parser().parse_args(["--output_dir", str(tmp_path)])
    saved = load_yaml(task.save_config(args, False))
    assert set(reference) - set(saved) == set()
    assert set(saved) - set(reference) <= OURS


@pytest.mark.parametrize(
    "words",
    [
        ["--sharded_ddp", "true"],
        ["--use_deepspeed", "true"],
        ["--deepspeed_config", "ds.json"],
    ],
)
def test_processes_that_are_not_supported_are_refused(words):
    with pytest.raises(InputError, match=words[0].strip("-")):
        run_workers(lambda *_: pytest.fail("must not start"), ASRTask.get_parser().parse_args(words))


@pytest.mark.parametrize(
    "words",
    [
        ["--adapter_conf", "rank=8"],
        ["--save_strategy", "adapter_only"],
        ["--pretrain_path", "x.pth"],
        ["--multi_task_dataset", "true"],
    ],
)
def test_trainings_that_are_not_supported_are_refused(words):
    with pytest.raises(InputError, match=words[0].strip("-")):
        refuse_unsupported(ASRTask.get_parser().parse_args(words))


@pytest.mark.parametrize(
    "words,message",
    [
        (
            ["--decoder", "transducer", "--joint_net_conf", "joint_spac_size=320"],
            "no option 'joint_spac_size'",
        ),
        (["--use_lang_prompt", "true"], "use_lang_prompt is not supported"),
        (["--ctc_conf", "dropuot_rate=0.1"], "ctc_conf: CTC has no option 'dropuot_rate'. Did you mean 'dropout_rate'"),
    ],
)
def test_models_that_are_not_supported_are_refused(words, message):
    args = ASRTask.get_parser().parse_args(words)
    args.token_list = ["<blank>", "<unk>", "a", "<sos/eos>"]
    with pytest.raises(InputError, match=message.replace(".", r"\.")):
        ASRTask.build_model(args)


def test_auxiliary_texts_become_targets_of_intermediate_layers():
    words = ["--aux_ctc_tasks", "phn", "--encoder", "transformer", "--frontend_conf", "n_mels=20", "--token_type", "char"]
    for conf in ("output_size=8", "attention_heads=2", "linear_units=8", "num_blocks=2", "interctc_layer_idx=[1]"):
        words += ["--encoder_conf", conf]
    for conf in ("ctc_weight=1.0", "interctc_weight=0.5", "aux_ctc={'1': phn}"):
        words += ["--model_conf", conf]
    args = ASRTask.get_parser().parse_args(words)
    args.token_list = ["<blank>", "<unk>", "a", "b", "<sos/eos>"]
    model = ASRTask.build_model(args)
    preprocess, collate = ASRTask.build_preprocess_fn(args, True), ASRTask.build_collate_fn(args, True)
    speech = np.random.RandomState(0).randn(4000).astype(np.float32)

    def losses(text, phn):
        _, batch = collate([("u", preprocess("u", {"speech": speech, "text": text, "phn": phn}))])
        stats = model.eval()(**batch)[1]
        return stats["loss_ctc"].item(), stats["loss_interctc_layer1"].item()

    main, auxiliary = losses("ab", "ab")
    assert losses("ab", "ba")[0] == main
    assert losses("ab", "ba")[1] != auxiliary
    assert losses("ba", "ab")[1] == auxiliary


def test_data_files_of_a_configuration_are_lists_or_words(tmp_path):
    (tmp_path / "c.yaml").write_text(
        "train_data_path_and_name_and_type:\n- dump/wav.scp,speech,sound\n- [dump/text, text, text]\n"
    )
    args = ASRTask.get_parser().parse_args(["--config", str(tmp_path / "c.yaml")])
    assert data_files(args, "train") == [("dump/wav.scp", "speech", "sound"), ("dump/text", "text", "text")]
