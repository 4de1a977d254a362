"""The table of output formats. A writer registers itself in one line; nothing else knows its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from explorer.matches import Match
    from explorer.papers import Paper


@dataclass(frozen=True, slots=True)
class Entry:
    """Hold a paper of a library with what the library knows of it beside its words.

    `x` and `y` are its place on the map, `faithfulness`, from 0 to 1, how true that is. `topic` is the finest that it
    is in, `coarse_topic` the one around that; their ids are None where it is in none. `neighbors` are the ids of the
    nearest papers, each on one line, the nearest first, `similarities` their cosines.
    """

    paper: Paper
    row: int
    x: float
    y: float
    faithfulness: float
    topic_id: int | None
    topic: str
    coarse_topic_id: int | None
    coarse_topic: str
    neighbors: tuple[str, ...]
    similarities: tuple[float, ...]


class Holdings(Protocol):
    """Be what is to be written of a library: some or all of its papers, in the order of its rows.

    Every method starts from the first paper, reads as it goes, and never holds more than the ids of all.
    """

    @property
    def shape(self) -> tuple[int, int]:
        """Return how many papers there are, and of how many numbers a vector consists."""

    def ids(self) -> Iterator[str]:
        """Yield the ids of the papers."""

    def papers(self) -> Iterator[Paper]:
        """Yield the papers."""

    def entries(self) -> Iterator[Entry]:
        """Yield the papers with all that is known of them."""

    def vectors(self) -> Iterator[NDArray[np.float32]]:
        """Yield the unit vectors, some rows at a time: (m, d) float32."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Write one output format.

    `answers` turns matches into pieces of text, `library` what a library holds into pieces of bytes; joined, the pieces
    are the whole output. A format may have only one of the two. `suffixes` are those of a library's file, and
    what `is_binary` is no text.
    """

    name: str
    description: str
    answers: Callable[[Iterable[Match]], Iterator[str]] | None = None
    library: Callable[[Holdings], Iterator[bytes]] | None = None
    suffixes: tuple[str, ...] = ()
    is_binary: bool = False


_writers: dict[str, Writer] = {}


def register(writer: Writer) -> None:
    """Add `writer` to the table."""
    _writers[writer.name] = writer


def find(name: str) -> Writer:
    """Return the writer called `name`, whose module has been imported."""
    return _writers[name]


def encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    """Yield pieces of text as UTF-8; what no encoding has, half of a surrogate pair, is replaced."""
    return (piece.encode("utf-8", "replace") for piece in pieces)
