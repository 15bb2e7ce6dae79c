"""The surface: every documented flag exists with its default, once."""

import pytest

from espnet2.tasks.asr import ASRTask
from espnet2.tasks.lm import LMTask
from espnet2.utils.errors import InputError

# (flag, default) of ESPnet2's AbsTask, release 202511
COMMON = {
    "drop_last_iter": False, "dry_run": False, "iterator_type": "sequence", "valid_iterator_type": None,
    "output_dir": None, "ngpu": 0, "seed": 0, "num_workers": 1, "num_att_plot": 3, "dist_backend": "nccl",
    "dist_init_method": "env://", "dist_world_size": None, "dist_rank": None, "local_rank": None, "dist_master_addr": None,
    "dist_master_port": None, "dist_launcher": None, "multiprocessing_distributed": False, "unused_parameters": False,
    "sharded_ddp": False, "use_deepspeed": False, "deepspeed_config": None, "gradient_as_bucket_view": True,
    "ddp_comm_hook": None, "cudnn_enabled": True, "cudnn_benchmark": False, "cudnn_deterministic": True, "use_tf32": False,
    "collect_stats": False, "write_collected_feats": False, "max_epoch": 40, "patience": None, "keep_nbest_models": [10],
    "nbest_averaging_interval": 0, "grad_clip": 5.0, "grad_clip_type": 2.0, "grad_noise": False, "accum_grad": 1,
    "no_forward_run": False, "resume": False, "train_dtype": "float32", "use_amp": False, "log_interval": None,
    "use_matplotlib": True, "use_tensorboard": True, "create_graph_in_tensorboard": False, "use_wandb": False,
    "wandb_project": None, "wandb_id": None, "wandb_entity": None, "wandb_name": None, "wandb_model_log_interval": -1,
    "detect_anomaly": False, "use_adapter": False, "adapter": "lora", "save_strategy": "all", "adapter_conf": {},
    "pretrain_path": None, "init_param": [], "ignore_init_mismatch": False, "freeze_param": [], "num_iters_per_epoch": None,
    "batch_size": 20, "valid_batch_size": None, "batch_bins": 1000000, "valid_batch_bins": None, "category_sample_size": 10,
    "upsampling_factor": 0.5, "category_upsampling_factor": 0.5, "dataset_upsampling_factor": 0.5,
    "dataset_scaling_factor": 1.2, "max_batch_size": None, "min_batch_size": 1, "train_shape_file": [],
    "valid_shape_file": [], "batch_type": "folded", "valid_batch_type": None, "fold_length": [],
    "sort_in_batch": "descending", "shuffle_within_batch": False, "sort_batch": "descending", "multiple_iterator": False,
    "chunk_length": 500, "chunk_shift_ratio": 0.5, "num_cache_chunks": 1024, "chunk_excluded_key_prefixes": [],
    "chunk_default_fs": None, "chunk_max_abs_length": None, "chunk_discard_short_samples": True,
    "train_data_path_and_name_and_type": [], "valid_data_path_and_name_and_type": [], "multi_task_dataset": False,
    "allow_variable_data_keys": False, "max_cache_size": 0, "max_cache_fd": 32, "allow_multi_rates": False,
    "valid_max_cache_size": None, "exclude_weight_decay": False, "exclude_weight_decay_conf": {}, "optim": "adadelta",
    "optim_conf": {}, "scheduler": None, "scheduler_conf": {}, "token_list": None, "init": None, "use_preprocessor": True,
    "token_type": "bpe", "bpemodel": None, "non_linguistic_symbols": None, "cleaner": None, "g2p": None, "log_level": "INFO",
}  # fmt: skip
ASR_ONLY = {
    "input_size": None, "ctc_conf": {}, "joint_net_conf": None, "speech_volume_normalize": None, "rir_scp": None,
    "rir_apply_prob": 1.0, "noise_scp": None, "noise_apply_prob": 1.0, "noise_db_range": "13_15", "short_noise_thres": 0.5,
    "frontend": "default", "specaug": None, "normalize": "utterance_mvn", "model": "espnet", "preencoder": None,
    "postencoder": None, "decoder": None, "preprocessor": "default", "encoder_conf": {}, "model_conf": {},
}  # fmt: skip


@pytest.mark.parametrize("task,expected", [(ASRTask, {**COMMON, **ASR_ONLY}), (LMTask, {**COMMON, "lm": "seq_rnn", "model": "lm"})])
def test_every_documented_flag_has_its_default(task, expected):
    defaults = vars(task.default_args())
    wrong = {k: (defaults.get(k, "absent"), v) for k, v in expected.items() if k not in defaults or defaults[k] != v}
    assert not wrong


def test_help_lists_the_parts():
    assert "--encoder_conf" in ASRTask.get_parser().format_help()


def test_criteria_are_triples():
    assert [tuple(c) for c in ASRTask.default_args().best_model_criterion] == [
        ("train", "loss", "min"), ("valid", "loss", "min"), ("train", "acc", "max"), ("valid", "acc", "max")]  # fmt: skip


def test_required_options_exit_2(capsys):
    with pytest.raises(SystemExit) as stop:
        ASRTask.main(cmd=[])
    assert stop.value.code == 2 and "--output_dir, --token_list" in capsys.readouterr().err


def test_a_decoder_that_sees_its_targets_needs_its_own_model():
    args = ASRTask.default_args()
    args.token_list = ["<blank>", "<unk>", "a", "<sos/eos>"]
    args.decoder = "mlm"
    with pytest.raises(InputError, match="model: maskctc"):
        ASRTask.build_model(args)
