"""egs2/TEMPLATE/asr1/asr.sh with a Python that only records: stages, names, arguments, refusals."""

import re

import pytest


def stages_run(output: str) -> list[int]:
    return [int(n) for n in re.findall(r"Stage (\d+) \(\w+\): (?!skipped)", output)]


@pytest.mark.slow
def test_a_full_run_makes_the_documented_tree(recipe):
    result = recipe.run(
        "--lang",
        "en",
        "--inference_nj",
        "2",
        "--nj",
        "2",
        "--ngpu",
        "0",
        "--audio_format",
        "wav",
        "--asr_config",
        "",
        "--asr_args",
        "--max_epoch 2",
    )
    assert result.returncode == 0, result.stdout
    assert stages_run(result.stdout) == [1, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13]
    exp = "exp/asr_train_raw_en_bpe30_max_epoch2"
    decoded = f"{exp}/inference_lm_lm_train_en_bpe30_valid.loss.ave_asr_model_valid.acc.ave"
    for name in (
        "dump/raw/org/train/wav.scp",
        "dump/raw/train/text",
        "dump/raw/test/utt2num_samples",
        "dump/raw/lm_train.txt",
        "dump/raw/test/logs/format_wav_scp.1.log",
        "dump/raw/test/data/format.2/wav.scp",
        "dump/raw/test/audio_format",
        "data/en_token_list/bpe_unigram30/tokens.txt",
        "exp/lm_stats_en_bpe30/logdir/dev.1.scp",
        "exp/lm_stats_en_bpe30/train/text_shape.bpe",
        "exp/lm_train_en_bpe30/perplexity_test/ppl",
        "exp/asr_stats_raw_en_bpe30/logdir/valid.2.scp",
        "exp/asr_stats_raw_en_bpe30/valid/text_shape.bpe",
        "exp/asr_stats_raw_en_bpe30/run.sh",
        f"{exp}/train.log",
        f"{decoded}/run.sh",
        f"{decoded}/test/text",
        f"{decoded}/test/logdir/asr_inference.1.log",
        f"{decoded}/test/logdir/output.1/1best_recog/text",
        f"{decoded}/test/logdir/calculate_rtf.log",
        f"{decoded}/test/score_cer/result.txt",
        f"{decoded}/test/score_ter/hyp.trn",
        f"{exp}/RESULTS.md",
    ):
        assert (recipe.folder / name).is_file(), name
    tokens = (recipe.folder / "data/en_token_list/bpe_unigram30/tokens.txt").read_text().split()
    assert tokens == ["<blank>", "<unk>", "▁", "A", "B", "<sos/eos>"]
    shapes = (recipe.folder / "exp/asr_stats_raw_en_bpe30/train/text_shape.bpe").read_text().splitlines()
    assert all(line.endswith(" 3,6") for line in shapes)
    assert (recipe.folder / f"{decoded}/test/score_wer/ref.trn").read_text().splitlines()[0] == "A B\t(spk-spk-test0)"
    assert "epoch 1/2: train loss 3.000 acc 0.200, valid loss 2.000 acc 0.300 cer 0.5" in result.stdout
    assert "### WER" in result.stdout and "asr_transcribe" in result.stdout
    assert re.search(r"Successfully finished\. \[elapsed=\d+s\]\n$", result.stdout)


@pytest.mark.slow
def test_stats_and_training_get_the_documented_arguments(recipe):
    asr_args = "--max_epoch 2 --optim_conf '{lr: 0.1}' --best_model_criterion \"(valid,acc,max)\""
    result = recipe.run(
        "--stage",
        "3",
        "--stop_stage",
        "asr_train",
        "--token_type",
        "char",
        "--use_lm",
        "false",
        "--ngpu",
        "0",
        "--nj",
        "2",
        "--asr_args",
        asr_args,
    )
    assert result.returncode == 0, result.stdout
    stats, train = (call["args"] for call in recipe.calls("asr_train")[-2:])
    shared = ["--token_type", "char", "--token_list", "data/token_list/char/tokens.txt", "--bpemodel", "none"]
    for args in (stats, train):
        assert " ".join(shared) in " ".join(args)
        assert "--frontend_conf fs=16k" in " ".join(args)
        assert "dump/raw/train/wav.scp,speech,sound" in args and "dump/raw/dev/text,text,text" in args
        assert args[args.index("--max_epoch") :][:6] == [
            "--max_epoch",
            "2",
            "--optim_conf",
            "{lr: 0.1}",
            "--best_model_criterion",
            "(valid,acc,max)",
        ]
    assert "--collect_stats" in stats
    line = " ".join(train)
    for text in (
        "--resume true",
        "--fold_length 80000 --fold_length 150",
        "--normalize=global_mvn",
        "stats_file=exp/asr_stats_raw_char/train/feats_stats.npz",
        "--train_shape_file exp/asr_stats_raw_char/train/speech_shape",
        "--train_shape_file exp/asr_stats_raw_char/train/text_shape.char",
        "--valid_shape_file exp/asr_stats_raw_char/valid/speech_shape",
    ):
        assert text in line, text
    launch = recipe.calls("launch")[0]
    assert "--multiprocessing_distributed true" in " ".join(launch["args"])


@pytest.mark.slow
def test_mask_ctc_decodes_without_language_model(recipe):
    result = recipe.run("--stop_stage", "12", "--use_maskctc", "true", "--ngpu", "0", "--nj", "1", "--inference_nj", "1")
    assert result.returncode == 0, result.stdout
    assert not recipe.calls("asr_inference") and not recipe.calls("lm_train")
    assert "--batch_size 1 --asr_train_config" in recipe.args("asr_inference_maskctc")
    assert "--lm_file" not in recipe.args("asr_inference_maskctc")
    decoded = "exp/asr_train_raw_bpe30/inference_asr_model_valid.acc.ave/test"
    for name in ("text", "score", "logdir/asr_inference.1.log", "logdir/calculate_rtf.log"):
        assert (recipe.folder / decoded / name).is_file(), name


@pytest.mark.slow
def test_streaming_decodes_by_its_own_door(recipe):
    result = recipe.run(
        "--stop_stage", "12", "--use_streaming", "true", "--use_lm", "false", "--ngpu", "0", "--nj", "1", "--inference_nj", "1",
        "--inference_args", "--sim_chunk_length 640",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout
    assert not recipe.calls("asr_inference")
    assert "--sim_chunk_length 640" in recipe.args("asr_inference_streaming")
    decoded = "exp/asr_train_raw_bpe30/inference_sim_chunk_length640_asr_model_valid.acc.ave/test"
    for name in ("text", "score", "logdir/asr_inference.1.log", "logdir/calculate_rtf.log"):
        assert (recipe.folder / decoded / name).is_file(), name


@pytest.mark.slow
def test_without_accuracy_another_model_is_taken(recipe):
    args = ("--use_lm", "false", "--ngpu", "0", "--nj", "1", "--inference_nj", "1")
    result = recipe.run(*args, FAKE_PYTHON_KEEPS="loss cer_transducer")
    assert result.returncode == 0, result.stdout
    assert "valid.acc.ave.pth: taking valid.cer_transducer.ave.pth" in result.stdout
    exp = recipe.folder / "exp/asr_train_raw_bpe30"
    assert f"--asr_model_file {exp.relative_to(recipe.folder)}/valid.cer_transducer.ave.pth" in recipe.args("asr_inference")
    decoded = exp / "inference_asr_model_valid.cer_transducer.ave"
    assert (decoded / "test/score_wer/result.txt").is_file() and [decoded] == list(exp.glob("inference*"))
    again = recipe.run(*args, "--stage", "13")
    assert again.returncode == 0 and [decoded] == list(exp.glob("inference*"))
    asked = recipe.run(*args, "--stage", "12", "--inference_asr_model", "valid.acc.ave.pth")
    assert asked.returncode == 1 and "valid.acc.ave.pth does not exist" in asked.stdout


@pytest.mark.slow
def test_speed_perturbation_changes_the_names(recipe):
    result = recipe.run("--stage", "2", "--stop_stage", "3", "--speed_perturb_factors", "0.9 1.0 1.1", "--nj", "1")
    assert result.returncode == 0, result.stdout
    ids = (recipe.folder / "dump/raw/org/train_sp/text").read_text()
    assert len(ids.splitlines()) == 9 and "sp0.9-spk-train0" in ids
    assert (recipe.folder / "data/train_sp0.9").is_dir() and (recipe.folder / "data/train_sp1.1").is_dir()
    assert "--reco2speed" in recipe.args("format_wav_scp")
    assert recipe.args("check_data_dir") == "--num_channels 1 data/train_sp data/dev data/test"


@pytest.mark.slow
def test_only_test_sets_are_formatted_when_training_is_skipped(recipe):
    result = recipe.run("--test_sets", "test", "--skip_train", "true", "--skip_eval", "true", sets=False)
    assert result.returncode == 0, result.stdout
    assert stages_run(result.stdout) == [1, 3]
    assert not (recipe.folder / "dump/raw/org").exists()
    assert (recipe.folder / "dump/raw/test/wav.scp").exists()


def names(recipe, *args: str) -> dict[str, str]:
    """The names that the options lead to, shown in the place of the stages."""
    shown = "asr_exp asr_stats_dir lm_exp lm_stats_dir inference_tag token_list bpemodel train_set test_dirs nj"
    text = (recipe.folder / "asr.sh").read_text().replace("\nrun_stages\n", f"\ndeclare -p {shown}\n")
    recipe.write_script("names.sh", text)
    result = recipe.run(*args, script="./names.sh")
    assert result.returncode == 0, result.stdout
    return dict(re.findall(r'declare -- (\w+)="(.*)"', result.stdout))


def test_names_follow_the_options(recipe):
    (recipe.folder / "conf").mkdir()
    for name in ("train_asr_transformer", "train_lm", "decode_asr"):
        (recipe.folder / "conf" / f"{name}.yaml").touch()
    plain = names(recipe, "--token_type", "char")
    assert plain["asr_exp"] == "exp/asr_train_raw_char"
    assert plain["asr_stats_dir"] == "exp/asr_stats_raw_char"
    assert plain["token_list"] == "data/token_list/char/tokens.txt" and plain["bpemodel"] == "none"
    full = names(
        recipe,
        "--lang",
        "en",
        "--asr_config",
        "conf/train_asr_transformer.yaml",
        "--lm_config",
        "conf/train_lm.yaml",
        "--inference_config",
        "conf/decode_asr.yaml",
        "--speed_perturb_factors",
        "0.9 1.0 1.1",
        "--use_ngram",
        "true",
        "--asr_args",
        "--optim_conf lr=0.1 --init_param a/b",
        "--inference_args",
        "--ctc_weight 0.3 --ngram_file a/b",
    )
    assert full == {
        **full,
        "asr_exp": "exp/asr_train_asr_transformer_raw_en_bpe30_optim_conflr0.1_init_paramab_sp",
        "asr_stats_dir": "exp/asr_stats_raw_en_bpe30_sp",
        "lm_exp": "exp/lm_train_lm_en_bpe30",
        "lm_stats_dir": "exp/lm_stats_en_bpe30",
        "token_list": "data/en_token_list/bpe_unigram30/tokens.txt",
        "train_set": "train_sp",
        "inference_tag": "decode_asr_ctc_weight0.3_ngram_filea/b_lm_lm_train_lm_en_bpe30_valid.loss.ave"
        "_ngram_ngram_3gram_asr_model_valid.acc.ave",
    }
    mine = names(recipe, "--asr_exp", "here", "--inference_tag", "x", "--eval_valid_set", "true", "--nj", "7")
    assert (mine["asr_exp"], mine["inference_tag"], mine["test_dirs"], mine["nj"]) == ("here", "x", "org/dev test", "7")


@pytest.mark.parametrize(
    "args, message",
    [
        (["--valid_set", "dev", "--test_sets", "test"], "--train_set is required"),
        (["--train_set", "train", "--test_sets", "test"], "--valid_set is required"),
        (["--train_set", "train", "--valid_set", "dev"], "--test_sets is required"),
        (["--train_set", "a", "--valid_set", "a", "--test_sets", "test"], "train_set and valid_set are both 'a'"),
        (["--train_set", "a", "--valid_set", "b", "--test_sets", "c a"], "train_set 'a' is among the test_sets"),
    ],
)
def test_senseless_sets_are_refused(recipe, args, message):
    result = recipe.run(*args, sets=False)
    assert result.returncode == 1 and message in result.stdout


@pytest.mark.parametrize(
    "args, message",
    [
        (["--max_epoch", "3"], "unknown option --max_epoch"),
        (["--asr_config", "conf/no.yaml"], "conf/no.yaml: no such file"),
        (["--use_streaming", "true", "--use_maskctc", "true"], "choose one of them"),
        (["--feats_type", "extracted"], "--feats_type must be one of: raw raw_copy fbank_pitch fbank"),
        (["--ngpu", "2"], "--ngpu 2, but this machine shows 0 GPUs"),
        (["--stage", "pack", "--skip_upload_hf", "false"], "comes with the sharing feature"),
        (["--stage", "14", "--skip-packing", "false"], "comes with the sharing feature"),
        (["--stage", "10", "--asr_args", "--x 'y"], "is a quote missing?"),
        (["--asr_args", "--x " + 250 * "y"], "a folder's name at most 255: give it a shorter one by --asr_tag"),
    ],
)
def test_what_cannot_be_done_is_said(recipe, args, message):
    result = recipe.run(*args, CUDA_VISIBLE_DEVICES="")
    assert result.returncode == 1 and message in result.stdout
    assert not recipe.calls()


def test_help_lists_options_and_stages(recipe):
    result = recipe.run("--help")
    assert result.returncode == 0
    for text in ("--asr_config", "--inference_nj", "11  asr_train", "[valid.acc.ave.pth]"):
        assert text in result.stdout


def test_positional_arguments_show_the_help(recipe):
    result = recipe.run("train")
    assert result.returncode == 2 and "takes options only, not: train" in result.stdout


def test_a_valid_set_among_the_test_sets_is_scored_as_org(recipe):
    result = recipe.run("--test_sets", "dev test test", "--stage", "14")
    assert result.returncode == 0
    assert "'dev' is among the test_sets: it is scored as org/dev" in result.stdout
    assert "'test' is listed twice" in result.stdout


def test_a_failing_door_stops_the_recipe(recipe):
    result = recipe.run("--stage", "3", FAKE_PYTHON_FAILS="check_data_dir")
    assert result.returncode == 1
    assert "ERROR: as the test wishes" in result.stdout and "Stage 3 (format) failed" in result.stdout
    assert {call["module"] for call in recipe.calls()} == {"check_data_dir"}


def test_a_failing_local_data_stops_the_recipe(recipe):
    recipe.write_script("local/data.sh", "exit 7")
    result = recipe.run("--stage", "1")
    assert result.returncode == 7 and not recipe.calls()


def test_options_of_the_data_script_keep_their_quotes(recipe):
    result = recipe.run("--stop_stage", "1", "--local_data_opts", "--a 'b c' --d")
    assert "data.sh: --a b c --d" in result.stdout


@pytest.mark.slow
def test_run_sh_repeats_the_stage(recipe):
    recipe.run("--stage", "3", "--stop_stage", "10", "--token_type", "char", "--use_lm", "false")
    resume = recipe.folder / "exp/asr_stats_raw_char/run.sh"
    assert resume.read_text().endswith('--use_lm false --stage 10 "$@"; exit $?\n')
    assert resume.stat().st_mode & 0o100


@pytest.mark.slow
def test_a_dry_run_ends_well_at_its_first_stage(recipe):
    options = ("--ngpu", "0", "--nj", "2", "--use_lm", "false", "--token_type", "char", "--asr_args", "--dry_run true")
    result = recipe.run(*options)
    assert result.returncode == 0, result.stdout
    assert stages_run(result.stdout) == [1, 3, 4, 5, 10] and "Dry run: " in result.stdout
