"""All that is wrong with the files of a training, found before it begins and told at once."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from espnet2.fileio.audio import is_pipe
from espnet2.fileio.corpus_index import ScpIndex, ShapeTable
from espnet2.fileio.id_alignment import rows_of
from espnet2.train.readers import SoundReader, open_reader
from espnet2.utils.errors import InputError
from espnet2.utils.suggest import did_you_mean

_EXAMPLES = 3
_PATHS_CHECKED = 20_000
_PATH_TYPES = ("sound", "npy")


def check_training_inputs(
    path_name_type: Sequence[tuple[str, str, str]],
    shape_files: Sequence[str | os.PathLike],
    required: Iterable[str],
    optional: Iterable[str],
    allow_variable: bool = False,
    sample_rates: Mapping[str, int] | None = None,
) -> None:
    """Refuse a data set that would fail later.

    Checked are: names (missing, unknown, twice), files (missing, empty, ids twice, encodings), types, every id of the
    shape files in every data file and in the other shape files, whether sound files are there (20,000 of them, evenly
    spread), and whether the first has the model's sampling rate.

    Args:
        path_name_type: Data files, their names in a batch, their types.
        shape_files: Lengths of the utterances to be used.
        required: Names that must be there.
        optional: Names that may be there.
        allow_variable: Let other names pass.
        sample_rates: Of the model, by data name.
    Raises:
        InputError: One message with every problem, its file and line.
    """
    problems = _name_problems([name for _, name, _ in path_name_type], list(required), list(optional), allow_variable)
    shapes: list[ScpIndex] = []
    for path in shape_files:
        try:
            shapes.append(_shape_ids(path))
        except InputError as error:
            problems.append(str(error))
    if not shape_files:
        problems.append("no shape file is given (--train_shape_file, --valid_shape_file)")
    problems += [p for other in shapes[1:] for p in (*_absent(shapes[0], other), *_absent(other, shapes[0]))]
    for path, name, data_type in path_name_type:
        problems += _file_problems(path, data_type, shapes[:1], (sample_rates or {}).get(name))
    problems = list(dict.fromkeys(problems))
    if problems:
        head = f"{len(problems)} problem{'s' if len(problems) > 1 else ''} with the training data:"
        raise InputError("\n  ".join([head, *problems]))


def _name_problems(names: list[str], required: list[str], optional: list[str], allow_variable: bool) -> list[str]:
    known = [*required, *optional]
    problems = [f"the data '{name}' is missing (path,{name},type)" for name in required if name not in names]
    problems += [f"the data name '{name}' is given twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    if not allow_variable:
        problems += [
            f"the data '{name}' is unknown.{did_you_mean(name, known)} (--allow_variable_data_keys true accepts it)"
            for name in names
            if name not in known
        ]
    return problems


def _shape_ids(path: str | os.PathLike) -> ScpIndex:
    """The ids of a shape file; files whose first column is all that counts are accepted too."""
    ids = ScpIndex(path)
    if Path(path).name.split(".")[0].endswith("_shape"):
        return ShapeTable(path).ids
    return ids


def _file_problems(path: str, data_type: str, wanted: list[ScpIndex], sample_rate: int | None) -> list[str]:
    try:
        reader = open_reader(path, data_type, sample_rate=sample_rate)
    except InputError as error:
        return [str(error)]
    ids = reader.ids
    if ids is None:
        return []
    problems = [problem for shape in wanted for problem in _absent(shape, ids)]
    if isinstance(reader, SoundReader) and sample_rate is not None:
        try:
            reader.check_first()
        except InputError as error:
            problems.append(str(error))
    return problems + (_missing_paths(ids) if data_type in _PATH_TYPES else [])


def _absent(wanted: ScpIndex, ids: ScpIndex) -> list[str]:
    """One problem if ids of ``wanted`` are not in ``ids``."""
    rows = np.flatnonzero(rows_of(wanted, ids) < 0)
    if not len(rows):
        return []
    examples = ", ".join(f"'{wanted.id_at(int(row))}' (line {row + 1})" for row in rows[:_EXAMPLES])
    return [f"{ids.path}: lacks {len(rows)} of the {len(wanted)} ids of {wanted.path}, such as {examples}"]


def _missing_paths(ids: ScpIndex) -> list[str]:
    rows = np.unique(np.linspace(0, len(ids) - 1, min(len(ids), _PATHS_CHECKED)).astype(np.int64))
    missing = []
    for row in rows:
        value = ids.value_at(int(row))
        if not is_pipe(value) and ".ark:" not in value and not os.path.exists(value):
            missing.append(f"line {row + 1} '{ids.id_at(int(row))}' {value or '(no path)'}")
    if not missing:
        return []
    examples = ", ".join(missing[:_EXAMPLES])
    return [f"{ids.path}: {len(missing)} of {len(rows)} files looked for are missing, such as {examples}"]
