"""utils/utt2spk_to_spk2utt.pl and utils/spk2utt_to_utt2spk.pl."""


def test_there_and_back(box):
    utt2spk = "b-1 b\nb-2 b\na-1 a\né ö\n"
    spk2utt = box.run("utt2spk_to_spk2utt.pl", stdin=utt2spk).stdout
    assert spk2utt == "b b-1 b-2\na a-1\nö é\n"
    box.write("spk2utt", spk2utt)
    assert box.run("spk2utt_to_utt2spk.pl", "spk2utt").stdout == utt2spk


def test_refusals(box):
    assert "standard input" not in box.run("utt2spk_to_spk2utt.pl", stdin="a b\n").stderr
    assert ":2: expected <utterance> <speaker>" in box.run("utt2spk_to_spk2utt.pl", stdin="a b\nc\n", code=1).stderr
    assert ":1: expected <speaker> <utterance>" in box.run("spk2utt_to_utt2spk.pl", stdin="a\n", code=1).stderr
