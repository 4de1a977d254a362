"""Vectors to nearest rows, exactly, and the neighbor graph of all rows. May import papers and errors.

Every search returns cosines in one total order: nearest first, equal ones by row. Candidates are found in float32, by
FAISS or by a scan; their cosines are then computed again in float64, one row at a time, so that they depend on the two
vectors alone and not on the batch, the block or the instruction set that found them. So the first ten of k = 100 are
the answer for k = 10.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from explorer.errors import ForeignLibrary, InvalidInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.int32]
    Similarities = NDArray[np.float32]
    Vectors = NDArray[np.float32]

_SPARE = 8  # candidates beyond k: rounding may swap neighbors at the end of the list
_ROUNDING = 1e-5  # more than FAISS's float32 sums and the float64 ones ever differ for unit vectors
_QUERIES = 1024  # queries handed to FAISS at a time
_SCANS = 2  # questions that are answered by reading the vectors once; for more, it pays to keep them in an index
_ABOUT_ONE = 0.5  # lengths farther from it could leave float32's range when multiplied
_TOGETHER = 128  # queries whose candidates' vectors are in hand at a time
_ROWS = 4096  # rows in hand at a time where they are many


class VectorRows(Protocol):
    """Give (n, d) vectors a block at a time; the store offers this for vectors larger than the memory."""

    @property
    def shape(self) -> tuple[int, int]:
        """Return (n, d)."""

    def blocks(self) -> Iterator[tuple[int, NDArray[np.floating[Any]]]]:
        """Yield (first row, rows) from the first row to the last."""

    def take(self, rows: Sequence[int] | NDArray[np.integer[Any]]) -> NDArray[np.floating[Any]]:
        """Return some rows."""


class VectorIndex(Protocol):
    """Find the rows of largest inner product; what every index type offers."""

    def candidates(self, queries: Vectors, count: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return for each of (m, d) unit queries `count` inner products, largest first, and their rows (-1: none)."""


class ExactIndex:
    """Compare with every vector (FAISS's brute-force search, over the vectors where they are)."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def candidates(self, queries: Vectors, count: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return `count` inner products and rows for each query."""
        import faiss

        found: tuple[NDArray[Any], NDArray[Any]] = faiss.knn(
            queries, self._vectors, count, metric=faiss.METRIC_INNER_PRODUCT
        )
        return found


INDEX_TYPES: dict[str, Callable[[Vectors], VectorIndex]] = {"exact": ExactIndex}


class NearestRows:
    """Answer nearest-neighbor questions over (n, d) vectors, one row a paper; their lengths do not matter."""

    def __init__(self, vectors: NDArray[np.floating[Any]] | VectorRows, index_type: str = "exact") -> None:
        if index_type not in INDEX_TYPES:
            raise ForeignLibrary(f"an index of type {index_type!r} is unknown to this explorer: update it")
        self._index_type = index_type
        self._source: VectorRows = vectors if hasattr(vectors, "blocks") else _InMemory(vectors)
        self._scans = 0

    @cached_property
    def vectors(self) -> Vectors:
        """Return all vectors as unit rows, float32, kept in memory. Raises InvalidInput for one without direction."""
        import numpy as np

        vectors = np.empty(self._source.shape, dtype=np.float32)
        for start, block in self._source.blocks():
            vectors[start : start + len(block)] = unit(block, start)
        return vectors

    def search(self, query: Vectors, k: int, without: int | None = None) -> list[tuple[int, float]]:
        """Return up to `k` rows nearest to a (d,) query with their cosines, never the row `without`."""
        query = unit(query[None, :])[0]
        if self._index_type == "exact" and "vectors" not in vars(self) and self._scans < _SCANS:
            self._scans += 1
            rows, similarities = self._scan(query, k, without)
        else:
            rows, similarities = self._nearest(query, k, without)
        return list(zip(rows.tolist(), similarities.tolist(), strict=True))

    def similar(self, row: int, k: int) -> list[tuple[int, float]]:
        """Return up to `k` rows nearest to `row`, itself excluded, with their cosines."""
        vector = self.vectors[row] if "vectors" in vars(self) else unit(self._source.take([row]), row)[0]
        return self.search(vector, k, without=row)

    def graph(self, k: int) -> Iterator[tuple[Rows, Similarities]]:
        """Yield the min(k, n - 1) nearest of every row, itself excluded, in blocks of rows: (m, k) rows and cosines."""
        n = len(self.vectors)
        tied: dict[bytes, tuple[Rows, Similarities]] = {}
        for start in range(0, n, _QUERIES):
            yield self._neighbors(range(start, min(start + _QUERIES, n)), min(k, n - 1), tied)

    @cached_property
    def _index(self) -> VectorIndex:
        return INDEX_TYPES[self._index_type](self.vectors)

    def _units(self, rows: Sequence[int] | NDArray[np.integer[Any]]) -> Vectors:
        return self.vectors[rows] if "vectors" in vars(self) else unit(self._source.take(rows))

    def _scan(self, query: Vectors, k: int, without: int | None) -> tuple[Rows, Similarities]:
        """Return the k nearest after reading every vector once and keeping none."""
        import numpy as np

        cosines = np.empty(self._source.shape[0], dtype=np.float32)
        for start, block in self._source.blocks():
            single = block.astype(np.float32, copy=False)
            lengths = _lengths(single, start)  # first: it refuses what cannot be multiplied
            if abs(lengths - 1).max() > _ABOUT_ONE:
                single, lengths = unit(single, start), np.ones(len(single))
            cosines[start : start + len(block)] = single @ query / lengths
        if without is not None:
            cosines[without] = -np.inf
        k = min(k, len(cosines) - (without is not None))
        least = np.partition(cosines, len(cosines) - k)[len(cosines) - k] if k else np.inf
        return self._ordered(query, np.flatnonzero(cosines >= max(least - _ROUNDING, -2)), k)

    def _neighbors(self, own: range, k: int, tied: dict[bytes, tuple[Rows, Similarities]]) -> tuple[Rows, Similarities]:
        """Return the k nearest of some neighboring rows, each itself excluded.

        `tied` keeps the answers of vectors that many rows have in common: these are searched once, not once a row.
        """
        import numpy as np

        queries = self.vectors[own.start : own.stop]
        count = min(len(self.vectors), k + _SPARE + 1)
        products, candidates = self._index.candidates(queries, count)
        cosines = np.empty(candidates.shape)
        for some in (slice(start, start + _TOGETHER) for start in range(0, len(own), _TOGETHER)):
            cosines[some] = (self.vectors[candidates[some]].astype(np.float64) * queries[some, None]).sum(axis=2)
        similarities = np.clip(cosines, -1, 1).astype(np.float32)
        similarities[(candidates < 0) | (candidates == np.asarray(own)[:, None])] = -np.inf
        order = np.lexsort((candidates, -similarities))[:, :k]
        rows = np.take_along_axis(candidates, order, axis=1).astype(np.int32)
        similarities = np.take_along_axis(similarities, order, axis=1)
        if 0 < k < count < len(self.vectors):
            for position in np.flatnonzero(products[:, -1] > products[:, k] - _ROUNDING):
                query = queries[position]
                if (key := query.tobytes()) not in tied:
                    tied[key] = self._nearest(query, k + 1, None)
                others = np.flatnonzero(tied[key][0] != own[position])[:k]
                rows[position], similarities[position] = (values[others] for values in tied[key])
        return rows, similarities

    def _nearest(self, query: Vectors, k: int, without: int | None) -> tuple[Rows, Similarities]:
        """Return the k nearest of one query, asking the index for more where a tie runs past the candidates."""
        n = len(self.vectors)
        count = min(n, k + _SPARE + 1)
        while True:
            found = self._index.candidates(query[None, :], count)
            products, rows = found[0][0], found[1][0]
            if count == n or not k or products[-1] <= products[k] - _ROUNDING:
                own = -1 if without is None else without
                return self._ordered(query, rows[(rows >= 0) & (rows != own)], k)
            count = min(n, 4 * count)

    def _ordered(self, query: Vectors, rows: NDArray[Any], k: int) -> tuple[Rows, Similarities]:
        """Return the k nearest of some rows, by their cosines in float64."""
        import numpy as np

        cosines = np.empty(len(rows))
        for start in range(0, len(rows), _ROWS):
            some = self._units(rows[start : start + _ROWS])
            cosines[start : start + len(some)] = (some.astype(np.float64) * query).sum(axis=1)
        similarities = np.clip(cosines, -1, 1).astype(np.float32)
        order = np.lexsort((rows, -similarities))[:k]
        return rows[order].astype(np.int32), similarities[order]


class _InMemory:
    """Give an array block by block."""

    def __init__(self, vectors: NDArray[np.floating[Any]]) -> None:
        self._vectors = vectors
        self.shape = (vectors.shape[0], vectors.shape[1])

    def blocks(self) -> Iterator[tuple[int, NDArray[np.floating[Any]]]]:
        for start in range(0, self.shape[0], _ROWS):
            yield start, self._vectors[start : start + _ROWS]

    def take(self, rows: Sequence[int] | NDArray[np.integer[Any]]) -> NDArray[np.floating[Any]]:
        return self._vectors[rows]


def unit(vectors: NDArray[np.floating[Any]], first_row: int = 0) -> Vectors:
    """Return (n, d) vectors as float32 rows of length one, contiguous.

    Raises InvalidInput for a row that has no direction: not finite, or all zero; rows are counted from `first_row`.
    """
    import numpy as np

    single = np.array(vectors, dtype=np.float32, order="C")
    single /= _lengths(single, first_row)[:, None]
    return single


def _lengths(vectors: Vectors, first_row: int) -> NDArray[np.float64]:
    import numpy as np

    lengths: NDArray[np.float64] = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    wrong = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))
    if len(wrong):
        raise InvalidInput(f"the vector of row {first_row + wrong[0]} is zero or not finite, so it is near to nothing")
    return lengths
