"""The table of input formats. A reader registers itself in one line; nothing else knows its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from explorer.papers import Paper
from explorer.readers.source import Source

_LONGEST = 500  # characters of a reason


@dataclass(frozen=True, slots=True)
class Rejected:
    """Name one record that cannot become a paper: the line it starts on, counted from 1, and why.

    Where a format has no lines, `line` counts what `unit` names: "record", "row". A reason that repeats too much of a
    file is cut.
    """

    line: int
    reason: str
    unit: str = "line"

    def __post_init__(self) -> None:
        """Bound the reason: files say what they like."""
        if len(self.reason) > _LONGEST:
            object.__setattr__(self, "reason", self.reason[:_LONGEST] + "...")


Record = Paper | Rejected


@dataclass(frozen=True, slots=True)
class Reader:
    """Read one input format.

    `recognizes` gets the first characters of a file (64 KB, decoded) and tells whether they are this format; `read`
    turns a file into papers and rejected records in its order, holding about one record at a time. A bad record costs
    itself and no other. A format that `is_generic` is asked after all others; one that `takes_columns` lets the user
    say which column is which field.
    """

    name: str
    description: str
    suffixes: tuple[str, ...]
    recognizes: Callable[[str], bool]
    read: Callable[[Source], Iterator[Record]]
    is_generic: bool = False
    takes_columns: bool = False


_readers: dict[str, Reader] = {}


def register(reader: Reader) -> None:
    """Add `reader` to the table."""
    _readers[reader.name] = reader


def registered() -> tuple[Reader, ...]:
    """Return all readers, by name."""
    return tuple(_readers[name] for name in sorted(_readers))
