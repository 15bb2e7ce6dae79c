"""utils/shuffle_list.pl."""


def test_a_seed_decides_the_order(box):
    lines = [f"line  {i}\n" for i in range(50)]
    box.write("in", "".join(lines))
    first = box.run("shuffle_list.pl", "in").stdout
    assert sorted(first.splitlines(keepends=True)) == sorted(lines) and first != "".join(lines)
    assert box.run("shuffle_list.pl", "--srand", 0, stdin="".join(lines)).stdout == first
    assert box.run("shuffle_list.pl", "--srand=1", "in").stdout != first


def test_short_lists(box):
    assert box.run("shuffle_list.pl", stdin="").stdout == ""
    assert box.run("shuffle_list.pl", stdin="a\n").stdout == "a\n"
