"""Apache Parquet with typed columns: everything that is known of a paper, lists as lists. Needs pyarrow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from explorer.errors import InvalidInput
from explorer.writers.columns import COLUMNS, values
from explorer.writers.registry import Holdings, Writer, register

if TYPE_CHECKING:
    from explorer.writers.registry import Entry

_GROUP = 2000  # papers of a row group: all of them are held


def _library(holdings: Holdings) -> Iterator[bytes]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise InvalidInput('Parquet needs pyarrow: pip install "paper-explorer[parquet]"') from None
    return _pieces(holdings, pa, parquet)


def _pieces(holdings: Holdings, pa: Any, parquet: Any) -> Iterator[bytes]:
    written, schema = _Written(), _schema(pa)
    with parquet.ParquetWriter(pa.PythonFile(written, mode="w"), schema, compression="zstd") as writer:
        for group in _groups(holdings.entries()):
            found = [values(entry) for entry in group]
            columns = [pa.array([one[name] for one in found], schema.field(name).type) for name in COLUMNS]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema), row_group_size=_GROUP)
            yield written.taken()
    yield written.taken()


def _schema(pa: Any) -> Any:
    types = {
        "line": pa.string(),
        "text": pa.string(),
        "lines": pa.list_(pa.string()),
        "ids": pa.list_(pa.string()),
        "integer": pa.int32(),
        "number": pa.float32(),
        "numbers": pa.list_(pa.float32()),
    }
    return pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()])


def _groups(entries: Iterator[Entry]) -> Iterable[list[Entry]]:
    while group := list(islice(entries, _GROUP)):
        yield group


class _Written:
    """Keep what is written to a file until it is taken."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._position = 0

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def close(self) -> None:
        self.closed = True

    def taken(self) -> bytes:
        """Return what was written since this was last asked for."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


register(
    Writer(
        name="parquet",
        description="Apache Parquet with typed columns, with everything that is known",
        library=_library,
        suffixes=(".parquet", ".pq"),
        is_binary=True,
    )
)
