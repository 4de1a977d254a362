"""Exporting: what a library holds, row by row, to a file in one of the writers' formats. Composes store and writers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from explorer import writers
from explorer.errors import InvalidInput
from explorer.papers import Paper
from explorer.store import LibraryFolder, is_library
from explorer.store.folder import MANIFEST
from explorer.store.manifest import is_own_name
from explorer.wholefiles import whole_file
from explorer.writers import PACKED, Entry, Writer
from explorer.writers.text import one_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from explorer.search.options import SearchOptions
    from explorer.topics import Topics

_BATCH = 500  # rows
_OURS = (MANIFEST, ".paper-explorer")  # how the other names of a library's files begin
_PLACE = ("layout", "faithfulness", "topics")
_GRAPH = ("neighbors", "similarities")


def export(
    folder: LibraryFolder,
    topics: Callable[[], Topics],
    file: str | os.PathLike[str] | BinaryIO,
    name: str | None = None,
    options: SearchOptions | None = None,
) -> int:
    """Write the papers that pass the filters of `options` to `file`; return how many.

    The format is called `name`, else told by the suffix. `file` is a path, where the new content stands whole or not
    at all, or a binary stream. Raises InvalidInput for an unknown format, options that are no filters, filters that no
    paper passes, and what cannot be written; LibraryDamaged.
    """
    path = Path(os.fspath(file)) if isinstance(file, str | os.PathLike) else None
    writer = writers.for_library(name, path)
    holdings = StoredHoldings(folder, topics, _rows(folder, options))
    if path is None:
        _write(holdings, writer, file)  # type: ignore[arg-type]  # what is no path is a stream
    else:
        try:
            _write_file(holdings, writer, path)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            raise InvalidInput(f"the library cannot be written to {path}: {error}") from error
    return holdings.shape[0]


def _rows(folder: LibraryFolder, options: SearchOptions | None) -> range | NDArray[np.int64]:
    """Return the rows that pass the filters, ascending."""
    every = range(folder.manifest.papers)
    if options is None:
        return every
    if options.like or options.unlike or options.exclude or options.diverse:
        raise InvalidInput("an export can be filtered, but not searched: leave like, unlike, exclude and diverse out")
    filters = options.filters
    if filters is None:
        return every
    import numpy as np

    database, added = folder.database, folder.manifest.added
    passing = database.rows_passing(filters, added)
    if not passing:
        kept = ", ".join(f"{option} keeps {count}" for option, count in database.kept_by_each(filters, added).items())
        raise InvalidInput(f"no paper of {len(every)} passes all filters: {kept}")
    return np.asarray(passing, dtype=np.int64)


class StoredHoldings:
    """Give writers what a library folder holds of some rows, ascending. Everything is read when it is first needed."""

    def __init__(
        self, folder: LibraryFolder, topics: Callable[[], Topics], rows: range | NDArray[np.int64] | None = None
    ) -> None:
        self._folder = folder
        self._topics = topics
        self._rows = range(folder.manifest.papers) if rows is None else rows

    @property
    def shape(self) -> tuple[int, int]:
        """Return how many papers there are, and of how many numbers a vector consists."""
        return len(self._rows), self._folder.manifest.files["vectors"].shape[1]

    def ids(self) -> Iterator[str]:
        """Yield the ids of the papers."""
        return (paper.id for paper in self.papers())

    def papers(self) -> Iterator[Paper]:
        """Yield the papers."""
        for rows in self._batches():
            yield from self._folder.database.papers(rows)

    def entries(self) -> Iterator[Entry]:
        """Yield the papers with all that is known of them; beside one batch, the ids of the whole library are held."""
        ids = [one_line(paper_id) for paper_id in self._folder.database.ids()]
        arrays = {role: self._folder.array(role) for role in _PLACE + _GRAPH}
        for rows in self._batches():
            known = {role: values[rows].tolist() for role, values in arrays.items()}
            for place, paper in enumerate(self._folder.database.papers(rows)):
                (x, y), (faithfulness,), (coarse, fine) = (known[role][place] for role in _PLACE)
                neighbors, similarities = (known[role][place] for role in _GRAPH)
                yield Entry(
                    paper,
                    rows[place],
                    x,
                    y,
                    faithfulness,
                    *self._topic(fine),
                    *self._topic(coarse),
                    tuple(ids[row] for row in neighbors),
                    tuple(similarities),
                )

    def vectors(self) -> Iterator[NDArray[np.float32]]:
        """Yield the unit vectors, some rows at a time: (m, d) float32. Those stored shorter are of length one again."""
        import numpy as np

        from explorer.index import unit

        for first, values in self._folder.vectors().blocks():
            rows = np.arange(first, first + len(values))
            if not isinstance(self._rows, range):
                rows = self._rows[slice(*np.searchsorted(self._rows, (first, first + len(values))))]
            if len(rows):
                chosen = values[rows - first]
                yield chosen if chosen.dtype == np.float32 else unit(chosen, int(rows[0]))

    def _batches(self) -> Iterator[list[int]]:
        for start in range(0, len(self._rows), _BATCH):
            yield [int(row) for row in self._rows[start : start + _BATCH]]

    def _topic(self, topic_id: int) -> tuple[int | None, str]:
        return self._labels.get(topic_id, (None, ""))

    @cached_property
    def _labels(self) -> dict[int, tuple[int | None, str]]:
        return {topic.id: (topic.id, topic.label) for topic in self._topics().topics}


def _write(holdings: StoredHoldings, writer: Writer, stream: BinaryIO, *, packed: bool = False) -> None:
    assert writer.library is not None  # noqa: S101 -- it was asked for because it has one
    with ExitStack() as stack:
        if packed:
            import gzip

            # Without name and time: equal libraries give equal files.
            stream = stack.enter_context(gzip.GzipFile("", "wb", 6, stream, mtime=0))  # type: ignore[assignment]
        for piece in writer.library(holdings):
            stream.write(piece)


def _write_file(holdings: StoredHoldings, writer: Writer, path: Path) -> None:
    """Write beside the file that `path` is, or leads to, and rename; into what is no file, such as a pipe, directly."""
    if path.is_dir():
        raise InvalidInput(f"{path} is a folder: name a file in it")
    if path.exists() and not path.is_file():
        with path.open("wb") as stream:
            _write(holdings, writer, stream)
        return
    where = path.resolve()
    _require_not_ours(where)
    where.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(where) as stream:
        _write(holdings, writer, stream, packed=path.name.lower().endswith(PACKED))


def _require_not_ours(where: Path) -> None:
    """Raise InvalidInput when a library, this one or another, has a file of that name."""
    is_ours = is_own_name(where.name) or where.name.lower().startswith(_OURS)
    if (is_ours and is_library(where.parent)) or any(name.startswith(_OURS[1]) for name in where.parent.parts):
        raise InvalidInput(f"{where} is, or could be, a file of a library: name another")
