"""The table of input formats. A reader registers itself in one line; nothing else knows its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from explorer.papers import Paper


@dataclass(frozen=True, slots=True)
class Rejected:
    """Name one record that cannot become a paper: the line it starts on, counted from 1, and why."""

    line: int
    reason: str


Record = Paper | Rejected
Lines = Iterable[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Reader:
    """Read one input format.

    `recognizes` gets the first characters of a file and tells whether they are this format; `read` turns numbered
    lines, without their line ends, into papers and rejected records in the order of the file.
    """

    name: str
    description: str
    suffixes: tuple[str, ...]
    recognizes: Callable[[str], bool]
    read: Callable[[Lines], Iterator[Record]]


_readers: dict[str, Reader] = {}


def register(reader: Reader) -> None:
    """Add `reader` to the table."""
    _readers[reader.name] = reader


def registered() -> tuple[Reader, ...]:
    """Return all readers, by name."""
    return tuple(_readers[name] for name in sorted(_readers))
