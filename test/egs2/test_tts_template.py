"""egs2/TEMPLATE/tts1/tts.sh with a Python that only records: stages, names, arguments, refusals."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from test.egs2.corpus import EGS2

PHN = ("--g2p", "g2p_en_no_space", "--ngpu", "0", "--nj", "2", "--inference_nj", "2")
EXP = "exp/tts_train_raw_phn_tacotron_g2p_en_no_space"
STATS = "exp/tts_stats_raw_phn_tacotron_g2p_en_no_space"


def stages_run(output: str) -> list[int]:
    return [int(n) for n in re.findall(r"Stage (\d+) \(\w+\): (?!skipped)", output)]


@pytest.mark.slow
def test_a_full_run_makes_the_documented_tree(tts_recipe):
    result = tts_recipe.run(*PHN, "--inference_model", "valid.loss.ave.pth", "--tts_args", "--max_epoch 2")
    assert result.returncode == 0, result.stdout
    assert stages_run(result.stdout) == [1, 2, 3, 4, 5, 6, 7]
    exp = f"{EXP}_max_epoch2"
    decoded = f"{exp}/inference_valid.loss.ave"
    for name in (
        "dump/raw/org/train/wav.scp",
        "dump/raw/train/text",
        "dump/raw/test/utt2num_samples",
        "dump/raw/srctexts",
        "dump/token_list/phn_tacotron_g2p_en_no_space/tokens.txt",
        f"{STATS}/logdir/valid.2.scp",
        f"{STATS}/train/text_shape",
        f"{STATS}/train/text_shape.phn",
        f"{STATS}/run.sh",
        f"{exp}/train.log",
        f"{decoded}/run.sh",
        f"{decoded}/test/log/keys.2.scp",
        f"{decoded}/test/log/tts_inference.1.log",
        f"{decoded}/test/norm/feats.scp",
        f"{decoded}/test/denorm/feats.scp",
        f"{decoded}/test/speech_shape",
        f"{decoded}/test/durations",
        f"{decoded}/test/att_ws/spk-test0.png",
        f"{decoded}/test/feats_type",
        f"{exp}/RESULTS.md",
    ):
        assert (tts_recipe.folder / name).is_file(), name
    waves = (tts_recipe.folder / decoded / "test/wav/wav.scp").read_text().splitlines()
    assert waves == [f"spk-test{n} {decoded}/test/wav/spk-test{n}.wav" for n in range(3)]
    assert all((tts_recipe.folder / line.split()[1]).is_file() for line in waves)
    durations = (tts_recipe.folder / decoded / "test/durations").read_text().splitlines()
    assert durations == [f"spk-test{n} 1 2" for n in range(3)]
    assert not (tts_recipe.folder / decoded / "test/probs").exists()
    evaluation = tts_recipe.args("tts_evaluate")
    assert "--ref_wavscp dump/raw/test/wav.scp --ref_text dump/raw/test/text" in evaluation
    assert f"--hyp_dir {decoded}/test" in evaluation and "--score_asr none" in evaluation
    assert "espnet2.bin.say" in result.stdout


@pytest.mark.slow
def test_stats_training_and_synthesis_get_the_documented_arguments(tts_recipe):
    (tts_recipe.folder / "train.yaml").touch()
    result = tts_recipe.run(
        *PHN, "--fs", "22050", "--fmin", "0", "--n_shift", "300", "--win_length", "1200", "--write_collected_feats", "true",
        "--train_config", "train.yaml", "--train_args", "--tts_conf '{adim: 8}'",
        FAKE_PYTHON_COLLECTS="pitch energy", FAKE_PYTHON_KEEPS="loss",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout
    stats, train = (call["args"] for call in tts_recipe.calls("tts_train")[-2:])
    for args in (stats, train):
        line = " ".join(args)
        for text in (
            "--config train.yaml",
            "--token_type phn --token_list dump/token_list/phn_tacotron_g2p_en_no_space/tokens.txt",
            "--cleaner tacotron --g2p g2p_en_no_space",
            "--feats_extract fbank",
            "--feats_extract_conf n_fft=1024 --feats_extract_conf hop_length=300 --feats_extract_conf win_length=1200",
            "--feats_extract_conf fs=22050 --feats_extract_conf fmin=0 --feats_extract_conf fmax=7600",
            "--pitch_extract_conf f0max=400 --pitch_extract_conf f0min=80",
            "--energy_extract_conf fs=22050",
            "--train_data_path_and_name_and_type dump/raw/train/text,text,text "
            "--train_data_path_and_name_and_type dump/raw/train/wav.scp,speech,sound",
        ):
            assert text in line, text
        assert args[args.index("--tts_conf") + 1] == "{adim: 8}"
    line = " ".join(stats)
    assert "--normalize none --pitch_normalize none --energy_normalize none --write_collected_feats true" in line
    assert "pitch.scp" not in line
    line = " ".join(train)
    stats_dir = "exp/tts_stats_raw_phn_tacotron_g2p_en_no_space"
    for text in (
        f"--train_shape_file {stats_dir}/train/text_shape.phn --train_shape_file {stats_dir}/train/speech_shape",
        f"--train_data_path_and_name_and_type {stats_dir}/train/collect_feats/pitch.scp,pitch,npy",
        f"--valid_data_path_and_name_and_type {stats_dir}/valid/collect_feats/energy.scp,energy,npy",
        "--fold_length 150 --fold_length 240000",
        f"--normalize global_mvn --normalize_conf stats_file={stats_dir}/train/feats_stats.npz",
        f"--pitch_normalize_conf stats_file={stats_dir}/train/pitch_stats.npz",
    ):
        assert text in line, text
    line = tts_recipe.args("tts_inference")
    exp = "exp/tts_train_raw_phn_tacotron_g2p_en_no_space_tts_confadim:8"
    for text in (
        f"--train_config {exp}/config.yaml --model_file {exp}/valid.loss.ave.pth --vocoder_file none",
        "--data_path_and_name_and_type dump/raw/test/text,text,text",
        "--data_path_and_name_and_type dump/raw/test/wav.scp,speech,sound",
    ):
        assert text in line, text
    assert "train.loss.ave.pth: taking valid.loss.ave.pth" in result.stdout and "pitch" not in line


@pytest.mark.slow
def test_speakers_and_languages_get_numbers(tts_recipe):
    for name, first in (("train", "sp"), ("dev", "spk"), ("test", "so")):
        folder = tts_recipe.folder / "data" / name
        ids = [f"spk-{name}{n}" for n in range(3)]
        folder.joinpath("utt2lang").write_text("".join(f"{uid} en\n" for uid in ids))
        pairs = [(uid, first if uid.endswith("0") else "spk") for uid in ids]
        folder.joinpath("utt2spk").write_text("".join(f"{uid} {spk}\n" for uid, spk in pairs))
        subprocess.run(
            ["bash", "-c", f"utils/utt2spk_to_spk2utt.pl data/{name}/utt2spk > data/{name}/spk2utt"],
            cwd=tts_recipe.folder, check=True,
        )  # fmt: skip
    result = tts_recipe.run(*PHN, "--use_sid", "true", "--use_lid", "true")
    assert result.returncode == 0, result.stdout
    dump = tts_recipe.folder / "dump/raw"
    assert (dump / "org/train/spk2sid").read_text() == "<unk> 0\nsp 1\nspk 2\n"
    assert (dump / "train/utt2sid").read_text() == "spk-train0 1\nspk-train1 2\nspk-train2 2\n"
    assert (dump / "test/utt2sid").read_text() == "spk-test0 0\nspk-test1 2\nspk-test2 2\n"
    assert (dump / "org/train/lang2lid").read_text() == "<unk> 0\nen 1\n"
    assert set((dump / "dev/utt2lid").read_text().split()[1::2]) == {"1"}
    line = " ".join(tts_recipe.calls("tts_train")[-1]["args"])
    assert "dump/raw/train/utt2sid,sids,text_int" in line and "dump/raw/dev/utt2lid,lids,text_int" in line
    assert "dump/raw/test/utt2sid,sids,text_int" in tts_recipe.args("tts_inference")


@pytest.mark.slow
def test_speaker_embeddings_are_made_or_taken(tts_recipe):
    made = tts_recipe.folder / "dump/xvector/dev/xvector.scp"
    made.parent.mkdir(parents=True)
    made.write_text("".join(f"spk-dev{n} {n}.npy\n" for n in range(3)))
    result = tts_recipe.run(*PHN, "--use_spk_embed", "true", "--stop_stage", "5")
    assert result.returncode == 0, result.stdout
    assert "dump/xvector/dev/xvector.scp is there already" in result.stdout
    assert len(tts_recipe.calls("spk_embed_extract")) == 2
    line = tts_recipe.args("tts_train")
    assert "dump/xvector/train/xvector.scp,spembs,kaldi_ark" in line and "dump/xvector/dev/xvector.scp,spembs,npy" in line
    refused = tts_recipe.run(*PHN, "--use_spk_embed", "true", "--spk_embed_tag", "mine", "--spk_embed_tool", "none", "--stage", "2")
    assert refused.returncode == 1 and "dump/mine/train/mine.scp is not there" in refused.stdout


@pytest.mark.slow
@pytest.mark.parametrize("speaks", [True, False])
def test_a_teachers_work_is_learned_from(tts_recipe, speaks):
    for name in ("train", "dev"):
        folder = tts_recipe.folder / "teacher" / name
        folder.mkdir(parents=True)
        (folder / "durations").write_text("x 1\n")
        if speaks:
            (folder / "probs").mkdir()
    result = tts_recipe.run(*PHN, "--teacher_dumpdir", "teacher", "--stop_stage", "6")
    assert result.returncode == 0, result.stdout
    for call in tts_recipe.calls("tts_train"):
        line = " ".join(call["args"])
        assert "teacher/train/durations,durations,text_int" in line and "teacher/dev/durations,durations,text_int" in line
        assert ("teacher/train/denorm/feats.scp,speech,npy" in line) == speaks
        assert ("--odim 80" in line) == speaks and ("--feats_extract fbank" in line) != speaks


@pytest.mark.slow
def test_durations_of_a_recogniser(tts_recipe):
    (tts_recipe.folder / "exp/asr_x").mkdir(parents=True)
    result = tts_recipe.run(*PHN, "--durations_asr", "exp/asr_x", "--stop_stage", "6")
    assert result.returncode == 0, result.stdout
    made = [call["args"] for call in tts_recipe.calls("ctc_durations")]
    assert [args[args.index("--wav_scp") + 1] for args in made] == ["dump/raw/train/wav.scp", "dump/raw/dev/wav.scp"]
    *_, train = tts_recipe.calls("tts_train")
    line = " ".join(train["args"])
    for name in ("train", "dev"):
        table = next(word for word in train["args"] if word.endswith(f"asr_x/{name}/durations,durations,text_int"))
        assert table.startswith("dump/ctc_durations_phn") and (tts_recipe.folder / table.split(",")[0]).is_file()
    assert "denorm" not in line
    again = tts_recipe.run(*PHN, "--durations_asr", "exp/asr_x", "--stage", "5", "--stop_stage", "5")
    assert again.returncode == 0 and "is there already" in again.stdout


@pytest.mark.slow
def test_a_gan_is_trained_by_its_own_door_and_training_sets_may_be_decoded(tts_recipe):
    result = tts_recipe.run(
        *PHN, "--tts_task", "gan_tts", "--feats_extract", "linear_spectrogram", "--feats_normalize", "none", "--use_lid", "false",
        "--test_sets", "train dev test", "--skip_scoring", "true", FAKE_PYTHON_KEEPS="loss",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout
    assert not tts_recipe.calls("tts_train") and not tts_recipe.calls("tts_evaluate")
    line = " ".join(tts_recipe.calls("gan_tts_train")[-1]["args"])
    assert "--normalize none" in line and "feats_stats" not in line and "fmin" not in line.split("--pitch_extract_conf")[0]
    assert (tts_recipe.folder / "exp/tts_stats_raw_linear_spectrogram_phn_tacotron_g2p_en_no_space").is_dir()
    decoded = tts_recipe.folder / f"{EXP}/inference_valid.loss.ave"
    assert sorted(path.name for path in decoded.iterdir()) == ["dev", "run.sh", "test", "train"]
    assert not (tts_recipe.folder / "dump/raw/org/test").exists()
    assert len(tts_recipe.calls("format_wav_scp")) == 6  # two jobs for each set, once


@pytest.mark.slow
def test_splits_hold_every_table(tts_recipe):
    result = tts_recipe.run(*PHN, "--stop_stage", "6", "--num_splits", "2", "--use_sid", "true")
    assert result.returncode == 0, result.stdout
    assert "dump/raw/train/utt2sid" in tts_recipe.args("split_scps")
    line = " ".join(tts_recipe.calls("tts_train")[-1]["args"])
    for name in ("text,text,text", "wav.scp,speech,sound", "utt2sid,sids,text_int"):
        assert f"--train_data_path_and_name_and_type {STATS}/splits2/{name}" in line
    assert f"--train_shape_file {STATS}/splits2/speech_shape" in line and "--multiple_iterator true" in line
    assert "--valid_data_path_and_name_and_type dump/raw/dev/text,text,text" in line


def test_tokens_of_characters_have_no_g2p_in_their_name(tts_recipe):
    text = (tts_recipe.folder / "tts.sh").read_text().replace("\nrun_stages\n", "\ndeclare -p token_list tts_exp inference_tag\n")
    tts_recipe.write_script("names.sh", text)
    args = ("--token_type", "char", "--cleaner", "local.mine:clean", "--inference_args", "--a b/c")
    names = dict(re.findall(r'declare -- (\w+)="(.*)"', tts_recipe.run(*args, script="./names.sh").stdout))
    assert names == {
        "token_list": "dump/token_list/char_local.mine_clean/tokens.txt",
        "tts_exp": "exp/tts_train_raw_char_local.mine_clean",
        "inference_tag": "inference_ab/c_train.loss.ave",
    }


@pytest.mark.parametrize(
    "args, message",
    [
        (["--use_sid", "true", "--use_spk_embed", "true"], "choose one of them"),
        (["--train_config", "conf/no.yaml"], "conf/no.yaml: no such file"),
        (["--vocoder_file", "no.pth"], "no.pth: no such file"),
        (["--score_asr", "parrot"], "--score_asr parrot: choose none, whisper"),
        (["--teacher_dumpdir", "no"], "--teacher_dumpdir no: no such folder"),
        (["--durations_asr", "no"], "--durations_asr no: no such folder"),
        (["--durations_asr", "dump", "--teacher_dumpdir", "dump"], "choose one of them"),
        (["--feats_type", "fbank"], "--feats_type must be one of: raw"),
        (["--tts_args", "--x " + 250 * "y"], "a folder's name at most 255: give it a shorter one by --tag"),
        (["--download_model", "x"], "not have yet"),
        (["--stage", "4", "--stop_stage", "4", "--srctexts", "no.txt"], "no.txt: no such file"),
        (["--stage", "decode"], "stage 6 (tts_train) makes it"),
        (["--stage", "8", "--skip_packing", "false"], "comes with the sharing feature"),
        (["--stage", "9", "--skip_upload", "false"], "comes with the sharing feature"),
        (["--stage", "upload_hf", "--skip_upload_hf", "false"], "comes with the sharing feature"),
    ],
)
def test_what_cannot_be_done_is_said(tts_recipe, args, message):
    (tts_recipe.folder / "dump/raw").mkdir(parents=True)
    result = tts_recipe.run(*args)
    assert result.returncode == 1 and message in result.stdout, result.stdout
    assert not tts_recipe.calls()


def test_help_lists_options_and_stages(tts_recipe):
    result = tts_recipe.run("--help")
    assert result.returncode == 0
    for text in ("--train_config", "--teacher_dumpdir", "  6  tts_train", "[train.loss.ave.pth]", "10  upload_hf"):
        assert text in result.stdout


@pytest.mark.parametrize("corpus", ["mini_tts", "allison", "ljspeech", "an4"])
def test_recipes_link_to_the_template_and_name_existing_configs(corpus):
    recipe = EGS2 / corpus / "tts1"
    for name in ("tts.sh", "path.sh", "db.sh", "scripts", "pyscripts", "steps", "utils"):
        assert os.readlink(recipe / name) == f"../../TEMPLATE/tts1/{name}"
    for name in ("cmd.sh", "README.md", "local/data.sh", "conf/slurm.conf"):
        assert (recipe / name).is_file()
    for config in re.findall(r"conf/\S+\.yaml", (recipe / "run.sh").read_text() + (recipe / "README.md").read_text()):
        assert config == "conf/my_fastspeech2.yaml" or (recipe / config).is_file(), config
    for path in (recipe / "local").iterdir():
        assert path.exists(), path  # no link to nowhere


def test_setup_makes_a_recipe(tmp_path: Path):
    (tmp_path / "TEMPLATE").symlink_to(EGS2 / "TEMPLATE")
    subprocess.run([EGS2 / "TEMPLATE/tts1/setup.sh", f"{tmp_path}/corpus/tts1"], cwd=tmp_path, check=True, capture_output=True)
    assert os.readlink(tmp_path / "corpus/tts1/tts.sh") == "../../TEMPLATE/tts1/tts.sh"
    assert not (tmp_path / "corpus/tts1/asr.sh").exists() and (tmp_path / "corpus/tts1/conf/queue.conf").is_file()


@pytest.mark.slow
def test_a_dry_run_ends_well_at_its_first_stage(tts_recipe):
    result = tts_recipe.run(*PHN, "--tts_args", "--dry_run true")
    assert result.returncode == 0, result.stdout
    assert stages_run(result.stdout) == [1, 2, 3, 4, 5] and "Dry run: " in result.stdout
    result = tts_recipe.run(*PHN, "--tts_args", "--dry_run true", "--stage", "6")
    assert result.returncode == 0 and stages_run(result.stdout) == [6] and "Dry run: " in result.stdout


@pytest.mark.slow
def test_costly_pitch_is_kept_and_what_an_earlier_run_kept_is_not(tts_recipe):
    data = tts_recipe.folder / "train.yaml"
    stage = (*PHN, "--train_config", "train.yaml", "--stop_stage", "5")
    data.write_text("pitch_extract: harvest\n")
    assert tts_recipe.run(*stage, FAKE_PYTHON_COLLECTS="pitch").returncode == 0
    assert "--write_collected_feats true" in " ".join(tts_recipe.calls("tts_train")[-1]["args"])
    assert (tts_recipe.folder / STATS / "train/collect_feats/pitch.scp").is_file()
    data.write_text("pitch_extract: dio\npitch_extract_conf: {}\n")
    result = tts_recipe.run(*stage, "--stage", "5")
    assert "--write_collected_feats false" in " ".join(tts_recipe.calls("tts_train")[-1]["args"]), result.stdout
    assert not (tts_recipe.folder / STATS / "train/collect_feats").exists()
