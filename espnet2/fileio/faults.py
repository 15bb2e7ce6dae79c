"""A list of what is wrong in files, few of each kind in full, and a reader of tables that fills it."""

from collections.abc import Iterable
from pathlib import Path

_NUM_EXAMPLES = 20
_INVISIBLE = "\u200b\u2060\ufeff"  # zero-width space, word joiner, byte order mark

Table = dict[str, tuple[int, str]]  # id -> line number, value


class Faults:
    """Faults by file and kind, in the order in which they were found."""

    def __init__(self) -> None:
        self._found: dict[tuple[Path, str], list[str]] = {}
        self._mend: dict[tuple[Path, str], str] = {}

    def add(self, path: Path, kind: str, line: int | None = None, detail: str = "", mend: str = "") -> None:
        """Note a fault of a kind at a line (from 1), or of the whole file, and what mends this kind."""
        place = path if line is None else f"{path}:{line}"
        text = f"{place}: {kind}{': ' if detail else ''}{detail}"
        self._found.setdefault((path, kind), []).append(text)
        self._mend[path, kind] = mend

    def __len__(self) -> int:
        return sum(map(len, self._found.values()))

    def lines(self) -> Iterable[str]:
        """The first twenty of each kind, how many more there are, and what mends them."""
        for (path, kind), texts in self._found.items():
            yield from texts[:_NUM_EXAMPLES]
            if len(texts) > _NUM_EXAMPLES:
                yield f"{path}: {kind}: {len(texts) - _NUM_EXAMPLES} more lines"
            if self._mend[path, kind]:
                yield f"    mend: {self._mend[path, kind]}"


def read_table(path: Path, faults: Faults, without_value: Faults | None = None) -> Table:
    """A ``<id> <value>`` table; faulty lines are noted, and kept as far as they have an id that is new.

    Args:
        path: The table.
        faults: Gets what is wrong.
        without_value: Gets the lines of an id alone; by default they are faults.
    """
    table: Table = {}
    fix = f"utils/fix_data_dir.sh {path.parent}"
    last, raw = b"", b"\n"
    with open(path, "rb") as stream:
        for number, raw in enumerate(stream, 1):
            try:
                line = raw.decode("utf-8")
            except UnicodeDecodeError as error:
                mend = f"iconv -f latin1 -t utf-8 {path}  (if latin1 is what it is)"
                faults.add(path, "not UTF-8", number, str(error.reason), mend)
                line = raw.decode("utf-8", errors="replace")
            _check_characters(path, number, line, faults)
            words = line.split(maxsplit=1)
            if not words:
                faults.add(path, "empty line", number, mend=fix)
                continue
            key, value = words[0], words[1].strip() if len(words) == 2 else ""
            if line[0].isspace():
                faults.add(path, "white space before the id", number)
            if not value:
                (faults if without_value is None else without_value).add(path, "nothing after the id", number, f"'{key}'")
            if key in table:
                detail = f"'{key}' stands in line {table[key][0]} already"
                faults.add(path, "an id twice", number, detail, f"{fix}  (keeps the first)")
                continue
            if key.encode() < last:
                faults.add(path, "not sorted as LC_ALL=C sort does", number, f"'{key}' after '{last.decode()}'", fix)
            last = key.encode()
            table[key] = number, value
    if not table:
        faults.add(path, "no lines")
    elif not raw.endswith(b"\n"):
        faults.add(path, "no line end after the last line", mend=f"echo >> {path}  (if the file is not cut off)")
    return table


def _check_characters(path: Path, number: int, line: str, faults: Faults) -> None:
    if "\r" in line:
        faults.add(path, "CR line end", number, mend=f"sed -i 's/\\r$//' {path}")
    if line.isascii():
        return
    odd = sorted({char for char in line if ord(char) > 127 and (char.isspace() or char in _INVISIBLE)})
    if odd:
        names = ", ".join(f"U+{ord(char):04X}" for char in odd)
        mend = f"perl -CSD -i -pe 's/[^\\S\\n]/ /g; s/[\\x{{200b}}\\x{{2060}}\\x{{feff}}]//g' {path}"
        faults.add(path, "white space other than blank and tab, or characters that do not show", number, names, mend)
