"""What a reader reads: the content of one file, unpacked, once and forward, however large it is."""

from __future__ import annotations

import lzma
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from explorer.errors import InvalidInput

if TYPE_CHECKING:
    from io import BufferedReader

LONGEST_LINE = 16 * 1024 * 1024  # bytes; an endless line must not fill the memory
LATIN = "not UTF-8: read as Latin-1"  # Windows' variety of it, as browsers do

# What the system and the decompressors raise for files that cannot be read to their end.
UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError)


class Unreadable(InvalidInput):
    """Say that a file is damaged or cut off; `reason` does not name it."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.reason = reason


class Source:
    """Give the content of one file: as bytes, or as numbered lines. Each can be asked for once.

    `name` says where it comes from, for errors. `columns` are those that the user chose, field to column; only formats
    of tables and objects look at them, and say in `chosen` which they took, field to column. `notes` are what a reader
    has to say of the whole file; the lines' encoding is one of them.
    """

    def __init__(self, stream: BufferedReader[Any], name: str = "", columns: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.columns: Mapping[str, str] = MappingProxyType(dict(columns or {}))
        self.chosen: dict[str, str] = {}
        self._stream = stream
        self._notes: dict[str, None] = {}
        self._line_number = 0
        self._bytes = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what is to be said of the file, each once, in the order in which it was found."""
        return tuple(self._notes)

    def note(self, text: str) -> None:
        """Say something of the whole file; the same again changes nothing."""
        self._notes[text] = None

    def place(self, reason: str) -> tuple[int, str, str]:
        """Return where reading has come to, a reason, and what is counted: lines, or bytes of the unpacked file."""
        if self._bytes:
            return self._bytes, reason, "byte"
        return self._line_number + 1, reason, "line"

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end. Raises InvalidInput where the file is damaged or cut off."""
        try:
            data = self._stream.read1(size)  # one piece: what precedes a damaged place is given first
        except UNREADABLE as error:
            raise self._unreadable(error) from error
        self._bytes += len(data)
        return data

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield the lines without their ends, numbered from 1; one longer than 16 MB is cut there.

        A line is decoded as UTF-8, else as Windows' Latin-1, which `notes` then say. Raises InvalidInput as `read`.
        """
        while line := self._line():
            self._line_number += 1
            yield self._line_number, self._decoded(line).rstrip("\r\n")
            while len(line) == LONGEST_LINE and not line.endswith(b"\n"):  # cut: what follows is no line of its own
                line = self._line()

    def _line(self) -> bytes:
        try:
            return self._stream.readline(LONGEST_LINE)
        except UNREADABLE as error:
            raise self._unreadable(error) from error

    def _decoded(self, line: bytes) -> str:
        line = line.removeprefix(BOM_UTF8)
        try:
            return line.decode()
        except UnicodeDecodeError:
            self.note(LATIN)
            return line.decode("cp1252", errors="replace")

    def _unreadable(self, error: BaseException) -> Unreadable:
        return Unreadable(self.name, f"cannot be read to its end: {error}")
