"""Vectors to nearest rows, exactly, and the neighbor graph of all rows. May import papers and errors.

Every search returns cosines in one total order: nearest first, equal ones by row. FAISS finds the candidates; their
cosines are then computed again in float64, one row at a time, so that they depend on the two vectors alone and not on
the batch, the block or the instruction set that found them. So the first ten of k = 100 are the answer for k = 10.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


class VectorIndex(Protocol):
    """Find the rows of largest inner product; what every index type offers."""

    def candidates(self, queries: Vectors, count: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return for each of (m, d) unit queries `count` inner products, largest first, and their rows (-1: none)."""


class ExactIndex:
    """Compare with every vector (FAISS IndexFlatIP)."""

    def __init__(self, vectors: Vectors) -> None:
        import faiss

        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(vectors)

    def candidates(self, queries: Vectors, count: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return `count` inner products and rows for each query."""
        found: tuple[NDArray[Any], NDArray[Any]] = self._index.search(queries, count)
        return found


INDEX_TYPES: dict[str, Callable[[Vectors], VectorIndex]] = {"exact": ExactIndex}


class NearestRows:
    """Answer nearest-neighbor questions over (n, d) vectors, one row a paper; `vectors` are unit rows, float32."""

    def __init__(self, vectors: NDArray[np.floating[Any]], index_type: str = "exact") -> None:
        if index_type not in INDEX_TYPES:
            raise ForeignLibrary(f"an index of type {index_type!r} is unknown to this explorer: update it")
        self.vectors = unit(vectors)
        self._index = INDEX_TYPES[index_type](self.vectors)

    def search(self, query: Vectors, k: int, without: int | None = None) -> list[tuple[int, float]]:
        """Return up to `k` rows nearest to a (d,) query with their cosines, never the row `without`."""
        rows, similarities = self._nearest(unit(query[None, :]), k, None if without is None else [without])[0]
        return list(zip(rows.tolist(), similarities.tolist(), strict=True))

    def similar(self, row: int, k: int) -> list[tuple[int, float]]:
        """Return up to `k` rows nearest to `row`, itself excluded, with their cosines."""
        return self.search(self.vectors[row], k, without=row)

    def graph(self, k: int) -> Iterator[tuple[Rows, Similarities]]:
        """Yield the min(k, n - 1) nearest of every row, itself excluded, in blocks of rows: (m, k) rows and cosines."""
        import numpy as np

        n = len(self.vectors)
        for start in range(0, n, _QUERIES):
            queries = self.vectors[start : start + _QUERIES]
            nearest = self._nearest(queries, min(k, n - 1), range(start, start + len(queries)))
            yield np.stack([rows for rows, _ in nearest]), np.stack([similarities for _, similarities in nearest])

    def _nearest(self, queries: Vectors, k: int, without: range | list[int] | None) -> list[tuple[Rows, Similarities]]:
        """Return the k nearest of each query, asking for more where a tie runs past the candidates."""
        count = min(len(self.vectors), k + _SPARE + 1)
        products, candidates = self._index.candidates(queries, count)
        nearest = []
        for position, query in enumerate(queries):
            own = -1 if without is None else without[position]
            rows = candidates[position]
            worst = products[position]
            while len(rows) < len(self.vectors) and k and worst[-1] > worst[k] - _ROUNDING:
                wider = self._index.candidates(query[None, :], min(len(self.vectors), 4 * len(rows)))
                worst, rows = wider[0][0], wider[1][0]
            nearest.append(self._ordered(query, rows[(rows >= 0) & (rows != own)], k))
        return nearest

    def _ordered(self, query: Vectors, rows: NDArray[Any], k: int) -> tuple[Rows, Similarities]:
        import numpy as np

        products = self.vectors[rows].astype(np.float64) * query
        similarities = np.clip(products.sum(axis=1), -1, 1).astype(np.float32)
        order = np.lexsort((rows, -similarities))[:k]
        return rows[order].astype(np.int32), similarities[order]


def unit(vectors: NDArray[np.floating[Any]]) -> Vectors:
    """Return (n, d) vectors as float32 rows of length one, contiguous.

    Raises InvalidInput for a row that has no direction: not finite, or all zero.
    """
    import numpy as np

    single = np.array(vectors, dtype=np.float32, order="C")
    lengths = np.sqrt(np.einsum("ij,ij->i", single, single, dtype=np.float64))
    wrong = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))
    if len(wrong):
        raise InvalidInput(f"the vector of row {wrong[0]} is zero or not finite, so it is near to nothing")
    single /= lengths[:, None]
    return single
