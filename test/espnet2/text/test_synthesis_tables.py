"""RESULTS.md of synthesisers."""

import json

from espnet2.bin.show_tts_result import main
from espnet2.text.synthesis_tables import synthesis_markdown


def write(folder, **values):
    (folder / "score_tts").mkdir(parents=True)
    (folder / "score_tts" / "summary.json").write_text(json.dumps(values))


def test_a_row_for_each_decoded_set(tmp_path, capsys):
    exp = tmp_path / "tts_x"
    write(exp / "decode_a/test", utterances=3, mcd=5.5, cer_hyp=2.0, new_measure=1)
    write(exp / "decode_a/org/dev", utterances=2, mcd=4.5)
    lines = list(synthesis_markdown(exp))
    table = lines[lines.index("### Synthesis") + 2 :]
    assert table == [
        "|dataset|Snt|MCD [dB]|CER [%]|new_measure|",
        "|---|---|---|---|---|",
        "|decode_a/org/dev|2|4.5|||",
        "|decode_a/test|3|5.5|2.0|1|",
    ]
    assert f"## {exp}" in lines and "# RESULTS" in lines
    main([str(tmp_path)])
    assert "|decode_a/test|3|5.5|2.0|1|" in capsys.readouterr().out


def test_nothing_measured_gives_no_table(tmp_path):
    assert not any(line.startswith("|") for line in synthesis_markdown(tmp_path))
