"""Columns of the user's own: a CSV file with a column of ids and any others. May import papers and errors."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from explorer.errors import InvalidInput
from explorer.papers import shortened

_ID_NAMES = ("id", "paper_id", "arxiv_id", "doi")


def read_columns(file: Path, count: int, find: Callable[[str], int | None]) -> dict[str, list[str | None]]:
    """Return the columns of a CSV file with a header, one value for each of `count` papers, None where there is none.

    `find` returns the row of the paper that an id means. Lines of papers that are not there are passed over. Raises
    InvalidInput when there is no column of ids, or none of its papers is there.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            names = [name for name in reader.fieldnames or [] if name]
            key = next((name for name in names if name.strip().lower() in _ID_NAMES), None)
            if key is None:
                raise InvalidInput(f"{file} has no column of ids: name one of its columns {_ID_NAMES[0]!r}")
            columns: dict[str, list[str | None]] = {name: [None] * count for name in names if name != key}
            known = 0
            for line in reader:
                row = find(line[key] or "")
                if row is not None:
                    known += 1
                    for name, values in columns.items():
                        values[row] = line[name]
    except (OSError, UnicodeError, csv.Error, ValueError) as error:
        raise InvalidInput(f"{file} cannot be read as CSV: {shortened(str(error))}") from None
    if not known:
        raise InvalidInput(f"{file}: the library has none of its papers")
    return columns
