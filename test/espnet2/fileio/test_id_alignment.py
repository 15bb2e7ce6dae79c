"""Rows of one table's ids in another."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from espnet2.fileio.corpus_index import ScpIndex
from espnet2.fileio.id_alignment import rows_of

ids = st.lists(st.text("abcxyz-09", min_size=1, max_size=12), unique=True, min_size=1, max_size=40)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids, ids)
def test_as_a_dict_would_find_them(tmp_path, wanted, table):
    for name, keys in (("wanted", wanted), ("table", table)):
        (tmp_path / name).write_text("".join(f"{key} 1\n" for key in keys))
    where = {key: row for row, key in enumerate(table)}
    rows = rows_of(ScpIndex(tmp_path / "wanted"), ScpIndex(tmp_path / "table"))
    assert rows.tolist() == [where.get(key, -1) for key in wanted]


def test_itself(tmp_path):
    (tmp_path / "table").write_text("b 1\na 1\n")
    table = ScpIndex(tmp_path / "table")
    assert rows_of(table, table).tolist() == [0, 1]
