"""The table of output formats. A writer registers itself in one line; nothing else knows its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.matches import Match


@dataclass(frozen=True, slots=True)
class Writer:
    """Write one output format: `write` turns matches into pieces of text, which joined are the whole output."""

    name: str
    description: str
    write: Callable[[Iterable[Match]], Iterator[str]]


_writers: dict[str, Writer] = {}


def register(writer: Writer) -> None:
    """Add `writer` to the table."""
    _writers[writer.name] = writer


def find(name: str) -> Writer:
    """Return the writer called `name`, whose module has been imported."""
    return _writers[name]
