"""Rows of delimited text: lines to cells, with quotation marks, line ends within them, and limits.

A quoted cell ends where a quotation mark stands before a delimiter or the end of a line. One that is not closed costs
its row, and what follows is read from the next line on: in a file whose other quotation marks are in order, the next
one opens a cell, which tells that the one before was not closed. All scanning takes linear time.
"""

from __future__ import annotations

import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from explorer.readers.containers.encodings import ascii_based
from explorer.readers.source import Source

_LONGEST_CELL = 2_000_000  # characters that a quoted cell may have on the lines after its first
_MOST_LINES = 2_000  # lines that a row may have
_MOST_CELLS = 20_000
_PATIENCE = 32_000_000  # characters that may be read again, and for each character that is read, more
_PATIENCE_REGAINED = 4


def text_lines(source: Source) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines of `source` as `Source.lines` does, also of UTF-16 and where lines end in CR."""
    return _Within(source).lines()


def head_lines(head: str) -> str:
    """Return the head of a file as `text_lines` would have it: decoded, with LF at the ends of lines."""
    if head.startswith(("\xff\xfe", "\xfe\xff")):  # UTF-16 that was read as Latin-1
        head = head.replace("\0", "")[2:]
    return head.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


class _Within(Source):
    """Be the lines of another source, whose notes it writes."""

    def __init__(self, source: Source) -> None:
        pieces = io.BufferedReader(cast("io.RawIOBase", _Pieces(_with_line_feeds(ascii_based(source)))), 262_144)
        super().__init__(pieces, source.name)
        self._source = source

    def note(self, text: str) -> None:
        """Say something of the whole file."""
        self._source.note(text)


class _Pieces(io.RawIOBase):
    """Be a stream of what an iterator yields."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._piece:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._piece = memoryview(piece)
        count = min(len(buffer), len(self._piece))
        buffer[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count


def _with_line_feeds(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield `pieces`; where the first that has line ends has none but CR, as old spreadsheets write, LF for each."""
    ends = None
    for piece in pieces:
        if ends is None and (b"\n" in piece or b"\r" in piece[:-1]):
            ends = b"\n" if b"\n" in piece else b"\r"
        yield piece.replace(b"\r", b"\n") if ends == b"\r" else piece


@dataclass(frozen=True, slots=True)
class Dialect:
    """Say how cells are written: what is between them, whether blanks follow that, whether a backslash escapes."""

    delimiter: str = ","
    spaced: bool = False
    escapes: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Hold the cells of the row that begins on `line`; `problem` says why there are none."""

    line: int
    cells: list[str]
    problem: str = ""


class _NotClosed(Exception):
    """Say that a quotation mark is missing, or one too many."""


class _Cells:
    """Take the lines of one row after another."""

    def __init__(self, dialect: Dialect) -> None:
        delimiter = re.escape(dialect.delimiter)
        self._dialect = dialect
        self._opening = re.compile(r' *+"' if dialect.spaced else '"')
        self._marks = re.compile(
            (r"\\(?P<escaped>[\"\\])|" if dialect.escapes else "")
            + rf'(?P<marks>"++)(?:(?P<end> *+(?:{delimiter}|\Z))|)'
        )
        self._before = re.compile(rf"(?:{delimiter}|\A){' *+' if dialect.spaced else ''}\Z")
        self.begin()

    def begin(self) -> None:
        """Begin another row."""
        self._open: list[str] | None = None  # the parts of a quoted cell
        self.cells: list[str] = []
        self.sloppy = False  # a quotation mark stood within a quoted cell as it is

    def take(self, line: str) -> bool:
        """Take one more line and tell whether the row goes on. Raises _NotClosed."""
        position: int | None = 0
        if self._open is not None:
            self._open.append("\n")
            position = self._quoted(line, 0)
        while position is not None and len(self.cells) <= _MOST_CELLS:
            if opening := self._opening.match(line, position):
                self._open = []
                position = self._quoted(line, opening.end())
                continue
            end = line.find(self._dialect.delimiter, position)
            self.cells.append(line[position:] if end < 0 else line[position:end])
            position = None if end < 0 else end + 1
        return self._open is not None

    def _quoted(self, line: str, start: int) -> int | None:
        """Take the rest of a quoted cell; return where the next cell begins, None when the line has no other."""
        assert self._open is not None  # noqa: S101 -- within a quoted cell
        position = start
        for found in self._marks.finditer(line, start):
            self._open.append(line[position : found.start()])
            position = found.end()
            if self._dialect.escapes and found["escaped"]:
                self._open.append(found["escaped"])
                continue
            pairs, odd = divmod(len(found["marks"]), 2)
            self._open.append('"' * pairs)
            if odd and found["end"] is not None:
                self.cells.append("".join(self._open))
                self._open = None
                return position if found["end"].endswith(self._dialect.delimiter) else None
            if odd:
                self._within(line, found.start(), start)
            position = found.end("marks")
        self._open.append(line[position:])
        return None

    def _within(self, line: str, mark: int, start: int) -> None:
        """Take a quotation mark that neither closes the cell nor is doubled: as it is, unless it opens another cell."""
        assert self._open is not None  # noqa: S101 -- within a quoted cell
        if mark == start or self._before.search(line, max(0, mark - 20), mark):
            raise _NotClosed
        self.sloppy = True
        self._open.append('"')


class Rows:
    """Yield the rows of `lines`. After the header is read, `width` is to be set to its number of cells."""

    def __init__(self, lines: Iterator[tuple[int, str]], dialect: Dialect, width: int = 0) -> None:
        self.width = width
        self._dialect = dialect
        self._cells = _Cells(dialect)
        self._lines = lines
        self._pending: deque[tuple[int, str]] = deque()
        self._patience = _PATIENCE
        self._doubtful = False  # the row before was not closed: what follows may be a part of it
        self._ragged = False  # good rows lack cells, too

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows that are not blank."""
        while (following := self._next()) is not None:
            number, line = following
            self._patience = min(_PATIENCE, self._patience + _PATIENCE_REGAINED * len(line))
            if not line.strip():
                continue
            yield self._judged(self._row(number, line))

    def _next(self) -> tuple[int, str] | None:
        return self._pending.popleft() if self._pending else next(self._lines, None)

    def _row(self, number: int, line: str) -> Row:
        if line.count(self._dialect.delimiter) > _MOST_CELLS:
            return Row(number, [], f"more than {_MOST_CELLS:,} cells")
        if '"' not in line:
            cells = line.split(self._dialect.delimiter)
            return Row(number, [cell.strip(" ") for cell in cells] if self._dialect.spaced else cells)
        taken: list[tuple[int, str]] = []
        literal = line.split(self._dialect.delimiter)
        by_tabs = self._dialect.delimiter == "\t" and len(literal) == self.width > 1
        try:
            return Row(number, self._quoted(line, taken, by_tabs=by_tabs))
        except _NotClosed:
            self._pending.extendleft(reversed(taken))
            self._patience -= sum(len(line) + 50 for _, line in taken)
        if by_tabs:  # who parts cells by tabs often quotes nothing: "Green" roofs is a title then
            return Row(number, [_unquoted(cell) for cell in literal])
        return Row(number, [], "a quotation mark is not closed")

    def _quoted(self, line: str, taken: list[tuple[int, str]], *, by_tabs: bool) -> list[str]:
        """Return the cells of a row, and put its further lines into `taken`. Raises _NotClosed.

        A line that has its cells `by_tabs` alone goes on only when nothing speaks against it.
        """
        row = self._cells
        row.begin()
        goes_on, size = row.take(line), 0
        if by_tabs and (row.sloppy or (not goes_on and len(row.cells) != self.width)):
            raise _NotClosed
        while goes_on:
            following = self._next() if len(taken) < _MOST_LINES and size < self._room else None
            if following is None:
                raise _NotClosed
            taken.append(following)
            size += len(following[1]) + 1
            goes_on = row.take(following[1])
            if by_tabs and following[1].count("\t") == self.width - 1:
                raise _NotClosed
        if taken and self.width and (len(row.cells) < self.width or any(map(str.strip, row.cells[self.width :]))):
            raise _NotClosed
        return row.cells

    @property
    def _room(self) -> int:
        return min(_LONGEST_CELL, self._patience)

    def _judged(self, row: Row) -> Row:
        """Return `row` with its cells counted: empty ones are added where some are missing."""
        missing = self.width - len(row.cells)
        if row.problem or not self.width:
            self._doubtful = bool(row.problem)
            return row
        if missing > 0 and self._doubtful and not self._ragged:
            return Row(
                row.line,
                [],
                f"row has {_cells(row)}, header {self.width}, and a quotation mark before it is not closed",
            )
        self._doubtful, self._ragged = False, self._ragged or missing > 0
        if missing < 0 and any(cell.strip() for cell in row.cells[missing:]):
            return Row(row.line, [], f"row has {_cells(row)}, header {self.width}")
        return Row(row.line, row.cells[: self.width] + [""] * missing)


def _cells(row: Row) -> str:
    return f"{len(row.cells)} cell" + "s" * (len(row.cells) != 1)


def _unquoted(cell: str) -> str:
    return cell[1:-1] if len(cell) > 1 and cell.startswith('"') and cell.endswith('"') else cell
