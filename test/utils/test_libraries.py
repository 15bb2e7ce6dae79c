"""utils/{data,tokens,train,score}.sh: the pieces that task scripts are made of."""

import re
import subprocess
from pathlib import Path

import pytest

UTILS = Path(__file__).parents[2] / "utils"


def bash(text: str, cwd: Path | None = None, check: bool = True) -> subprocess.CompletedProcess:
    sources = " ".join(f". {UTILS}/{name}.sh;" for name in ("recipe", "jobs", "data", "tokens", "train", "score"))
    command = f"set -euo pipefail; {sources} {text}"
    return subprocess.run(["bash", "-c", command], cwd=cwd, capture_output=True, text=True, check=check)


@pytest.mark.parametrize(
    "call, name",
    [
        ("tag_of conf/train_asr_transformer.yaml train raw en_bpe30", "train_asr_transformer_raw_en_bpe30"),
        ("tag_of '' train raw char ''", "train_raw_char"),
        ("mangle '--optim_conf lr=0.1 --max_epoch 5'", "_optim_conflr0.1_max_epoch5"),
        ("mangle '--init_param a/b|c'", "_init_paramabc"),
        ("mangle '--ngram_file a/b|c' keep-slash", "_ngram_filea/bc"),
        ("mangle '--optim_conf \"{lr: 0.1}\"'", "_optim_conflr:0.1"),
        ("mangle '--x [1,2]-(a);$b`c`&<d>*?~#\\e+f'", "_x1,2-abcde+f"),
        ("file_tag valid.acc.ave.pth", "valid.acc.ave"),
        ("file_tag a/3gram.bin", "a_3gram"),
        ("in_hertz 16k", "16000"),
        ("in_hertz 22.05k", "22050"),
        ("in_hertz 8000", "8000"),
        ("least 4 2 3", "2"),
        ("_num_processes --a b --dist_world_size 2 --c d", "2"),
        ("_num_processes --a b", "1"),
    ],
)
def test_small_functions(call, name):
    assert bash(call).stdout.strip() == name


@pytest.mark.parametrize(
    "given, words",
    [
        ("", []),
        ("--a 1  --b=2", ["--a", "1", "--b=2"]),
        ("--a 'x y' --b \"{lr: 0.1}\"", ["--a", "x y", "--b", "{lr: 0.1}"]),
        ("--a * $HOME `id` $(id) {1,2} ''", ["--a", "*", "$HOME", "`id`", "$(id)", "{1,2}", ""]),
    ],
)
def test_words_respect_quotes_and_expand_nothing(given, words):
    quoted = given.replace("'", "'\\''")
    out = bash(f"opts=(first); add_words '{quoted}'; printf '<%s>\\n' \"${{opts[@]}}\"").stdout
    assert out.splitlines() == ["<first>", *(f"<{word}>" for word in words)]


def test_a_missing_quote_is_told():
    result = bash('opts=(); add_words "--a \'x"; echo on', check=False)
    assert result.returncode == 1 and "is a quote missing?" in result.stderr and "on" not in result.stdout


def test_data_and_shapes_are_added():
    out = bash(
        "opts=(); add_data train d wav.scp,speech,sound text,text,text; add_data '' d text,text,text; "
        "add_shapes valid s speech_shape; add_config ''; add_config c.yaml; echo \"${opts[@]}\""
    ).stdout
    flag = "--train_data_path_and_name_and_type"
    assert out == (
        f"{flag} d/wav.scp,speech,sound {flag} d/text,text,text "
        "--data_path_and_name_and_type d/text,text,text --valid_shape_file s/valid/speech_shape --config c.yaml\n"
    )


@pytest.mark.parametrize(
    "format, kind", [("flac", "sound"), ("flac.ark", "kaldi_ark"), ("multi_flac", "multi_columns_sound")]
)
def test_speech_type(tmp_path, format, kind):
    (tmp_path / "audio_format").write_text(format + "\n")
    assert bash("speech_type .", tmp_path).stdout == kind
    (tmp_path / "feats_type").write_text("raw\n")
    assert bash("speech_data .", tmp_path).stdout == f"wav.scp,speech,{kind}"


def test_features_instead_of_audio(tmp_path):
    call = 'fs=16k; opts=(); add_input .; echo "${opts[@]}" "$(input_shift .)" "$(speech_data .)"'
    assert bash(call, tmp_path).stdout == "--frontend_conf fs=16k 0.0625 wav.scp,speech,sound\n"
    (tmp_path / "feats_type").write_text("fbank_pitch\n")
    (tmp_path / "feats_dim").write_text("83\n")
    assert bash(call, tmp_path).stdout == "--input_size 83 10 feats.scp,speech,kaldi_ark\n"
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "fbank.conf").write_text("# frames\n--frame-shift=12.5 # ms\n")
    assert bash(call, tmp_path).stdout == "--input_size 83 12.5 feats.scp,speech,kaldi_ark\n"


def test_join_texts_drops_empty_transcripts(tmp_path):
    (tmp_path / "a").write_text("u1 A B\nu2\nu3 \n")
    (tmp_path / "b").write_text("u4 C\n\n")
    bash("join_texts out a b", tmp_path)
    assert (tmp_path / "out").read_text() == "u1 A B\nu4 C\n"
    (tmp_path / "a").write_text("u1\n")
    assert "no line with a transcript in: a" in bash("join_texts out a", tmp_path, check=False).stderr
    assert "c: no such file" in bash("join_texts out c", tmp_path, check=False).stderr


def test_vocabulary_size_is_appended(tmp_path):
    for part in ("train", "valid"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "text_shape").write_text("u1 3\nu2 4\n")
    (tmp_path / "tokens").write_text("a\nb\n")
    bash("append_vocab_size . char tokens", tmp_path)
    assert (tmp_path / "valid/text_shape.char").read_text() == "u1 3,2\nu2 4,2\n"


def test_raw_copy_refuses_what_needs_conversion(tmp_path):
    (tmp_path / "segments").touch()
    assert "has segments" in bash("_keep_audio . out", tmp_path, check=False).stderr


def test_trn_needs_the_same_utterances(tmp_path):
    (tmp_path / "text").write_text("u1 A\nu3 B\n")
    (tmp_path / "utt2spk").write_text("u1 s\nu2 s\n")
    result = bash("python=python3; write_trn text utt2spk out", tmp_path, check=False)
    assert result.returncode == 1 and "do not list the same utterances" in result.stderr


def test_ngram_names_its_installer(tmp_path):
    result = bash("PATH=/nowhere; train_ngram out 3 text", tmp_path, check=False)
    assert "tools/installers/install_kenlm.sh" in result.stderr


def test_utterances_that_were_left_out_are_told_once(tmp_path):
    line = "2026-01-01 (batch_loader:54) ERROR: Left out a damaged utterance (1 of at most 100): text:3: utterance 'u{}': bad"
    assert bash("tell_left_out .", tmp_path).stdout == ""
    for job in (1, 2):
        lines = [line.format(3 * job + n) for n in range(3)]
        (tmp_path / f"stats.{job}.log").write_text("\n".join(["# Started", *lines, "# Ended"]) + "\n")
    out = bash("tell_left_out .", tmp_path).stdout
    assert "WARNING: 6 utterances cannot be used" in out and out.count("WARNING") == 1
    assert "    text:3: utterance 'u3': bad\n" in out and "'u7'" in out and "'u8'" not in out
    assert 'grep "Left out a damaged utterance" ./stats.*.log' in out


def test_a_dry_run_ends_well(tmp_path):
    (tmp_path / "config.yaml").write_text("dry_run: false\n")
    assert bash("end_dry_run .; end_dry_run nowhere; echo on", tmp_path).stdout == "on\n"
    (tmp_path / "config.yaml").write_text("max_epoch: 1\ndry_run: true\n")
    assert re.search("Dry run: .* ./config.yaml.*\n$", bash("end_dry_run .; echo on", tmp_path).stdout)
