"""CSV and TSV with a header: `title,abstract,authors,year,doi`, whatever the columns are called and parted by.

The columns are guessed from their names, or said by the user. Above the header may stand what some programs write
there: `sep=;`, or a line that says where the file comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from explorer.errors import InvalidInput
from explorer.readers.containers.columns import are_ours, choose, fields_known, key
from explorer.readers.containers.rows import Dialect, Row, Rows, head_lines, text_lines
from explorer.readers.containers.tables import our_paper, paper_of
from explorer.readers.containers.values import plain
from explorer.readers.registry import Reader, Record, Rejected, register
from explorer.readers.source import Source

_DELIMITERS = (",", "\t", ";", "|")
_SAMPLE = 50  # lines by which header and delimiter are told
_SAMPLED = 65_536  # characters of them
_ABOVE = 4  # rows that may stand above the header
_WIDEST = 5_000  # columns
_SEPARATOR = re.compile(r"\"?sep=(.)\"?\s*")
_ANOTHER_FORMAT = re.compile(r"\s*(?:[{<@]|\[\s*[{\[\"\]]|#|%[0-9A-Z] |TY  ?-|[A-Z]{2,4} {0,3}- )")
_LONELY = frozenset({"title", "titles"})  # a header of one cell; other such words begin prose
# In our own tables, a cell that a spreadsheet would take for a formula has an apostrophe in front.
_DISARMED = re.compile("'+[=+@＝＋－＠-]")


@dataclass(frozen=True, slots=True)
class _Header:
    """Hold the names of the columns, the line where they stand, and how the cells are written."""

    names: list[str]
    line: int
    dialect: Dialect


def _read(source: Source) -> Iterator[Record]:
    lines = text_lines(source)
    sample = _sample(lines)
    if not sample:
        return
    header = _header(sample, source.columns) or _first_row(sample)
    try:
        columns = choose(header.names, source.columns)
    except InvalidInput as error:
        raise InvalidInput(f"{source.name}: {error}") from None
    source.chosen = {field: header.names[positions[0]] for field, positions in columns.items()}
    rows = Rows((line for line in chain(sample, lines) if line[0] > header.line), header.dialect, len(header.names))
    for row in rows:
        if row.cells != header.names and (row.problem or any(map(str.strip, row.cells))):
            yield _record(row, columns, ours=are_ours(header.names))


def _record(row: Row, columns: Mapping[str, Sequence[int]], *, ours: bool) -> Record:
    if row.problem:
        return Rejected(row.line, row.problem)
    try:
        if ours:
            return our_paper({field: _armed(row.cells[positions[0]]) for field, positions in columns.items()})
        return paper_of({field: _value(row.cells, positions) for field, positions in columns.items()})
    except InvalidInput as error:
        return Rejected(row.line, str(error))


def _value(cells: Sequence[str], positions: Iterable[int]) -> str:
    return next(filter(None, (plain(cells[position]) for position in positions)), "")


def _armed(cell: str) -> str:
    """Return a cell of ours without what keeps a spreadsheet from taking it for a formula."""
    return cell[1:] if _DISARMED.match(cell) else cell


def _sample(lines: Iterator[tuple[int, str]]) -> list[tuple[int, str]]:
    sample, size = [], 0
    for number, line in islice(lines, _SAMPLE):
        sample.append((number, line))
        size += len(line)
        if size > _SAMPLED:
            break
    return sample


def _header(sample: list[tuple[int, str]], asked: Mapping[str, str]) -> _Header | None:
    """Return the header in the first lines of a file; None when no row there has a title or an abstract."""
    found = [
        (_rank(header.names, above, asked), len(header.names), header)
        for dialect in _dialects(sample)
        for above, header in enumerate(_rows(sample, dialect))
    ]
    best = max(found, key=lambda ranked: ranked[:2], default=None)
    return best[2] if best and best[0] else None


def _first_row(sample: list[tuple[int, str]]) -> _Header:
    """Return the first row, in the dialect in which it has the most cells."""
    rows = [header for dialect in _dialects(sample) for header in islice(_rows(sample, dialect), 1)]
    return max(rows, key=lambda header: len(header.names), default=_Header([], 0, Dialect()))


def _rows(sample: list[tuple[int, str]], dialect: Dialect) -> Iterator[_Header]:
    """Yield the first rows as headers."""
    lines = iter(sample[1:] if _SEPARATOR.fullmatch(sample[0][1]) else sample)
    for row in islice(Rows(lines, dialect), _ABOVE):
        yield _Header([cell.strip() for cell in row.cells], row.line, dialect)


def _rank(names: list[str], above: int, asked: Mapping[str, str]) -> int:
    """Return how much a row looks like a header, 0 for not at all; the more so, the fewer rows are above it."""
    if not names or len(names) > _WIDEST:
        return 0
    keys = {key(name) for name in names}
    said = sum(name in names or key(name) in keys for name in asked.values())
    known = fields_known(names)
    if said:
        return 100 * said + known
    if len(names) == 1:
        return int(names[0].lower() in _LONELY and not above)
    return known if not above or known > 2 else 0


def _dialects(sample: list[tuple[int, str]]) -> list[Dialect]:
    said = _SEPARATOR.fullmatch(sample[0][1])
    delimiters = (said[1],) if said and said[1] != '"' else _DELIMITERS
    escapes = _escapes(sample)
    return [Dialect(delimiter, _spaced(sample, delimiter), escapes) for delimiter in delimiters]


def _spaced(sample: list[tuple[int, str]], delimiter: str) -> bool:
    """Tell whether a blank follows each delimiter: then quotation marks after it are those of a cell."""
    first = next((line for _, line in sample if delimiter in line), "")
    return delimiter != "\t" and first.count(delimiter) == first.count(delimiter + " ") > 0


def _escapes(sample: list[tuple[int, str]]) -> bool:
    r"""Tell whether quotation marks in cells are written `\"` and not doubled."""
    text = "\n".join(line for _, line in sample)
    return re.search(r'\\"(?![",;|\t\n]|\Z)', text) is not None and re.search(r'\w""|""\w', text) is None


def _recognizes(head: str) -> bool:
    """Tell whether one of the first lines is a header with a title or an abstract."""
    head = head_lines(head)
    if _ANOTHER_FORMAT.match(head):
        return False
    lines = list(enumerate(head.split("\n")[:_SAMPLE], 1))
    return bool(head.strip()) and _header(lines, {}) is not None


register(
    Reader(
        name="csv",
        description="CSV or TSV with a header that names a title or an abstract: 'title,abstract,authors,year,doi'",
        suffixes=(".csv", ".tsv", ".tab"),
        recognizes=_recognizes,
        read=_read,
        is_generic=True,
        takes_columns=True,
    )
)
