"""All products of some vectors with some others, and the largest of each: for blocks that BLAS has done in no time.

FAISS's search keeps a heap a query, which for hundreds of neighbors takes longer than the products do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Chosen = tuple[NDArray[np.float32], NDArray[np.int32]]

_COMPILED_FROM = 20_000  # vectors in all; below, NumPy is done before a compiler has been loaded
_STEP = 0.02  # by which a bound is moved at first, doubled each time


class VectorIndex(Protocol):
    """Find the rows of largest inner product; what every index type offers."""

    def candidates(self, queries: Vectors, count: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return for each of (m, d) unit queries the `count` largest inner products, in any order, and their rows.

        Where there are fewer, rows are -1.
        """


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


class ProductIndex:
    """Find the largest products with (n, d) vectors; `choose` is what `choosing` returns."""

    def __init__(self, vectors: Vectors, choose: Callable[[Vectors, int], Chosen]) -> None:
        self._vectors = vectors
        self._choose = choose

    def candidates(self, queries: Vectors, count: int) -> Chosen:
        """Return `count` inner products and rows for each query, (m, count), in no order."""
        return self._choose(queries @ self._vectors.T, count)


class Among:
    """Find rows among some: an index of their vectors, which numbers them from 0."""

    def __init__(self, index: VectorIndex, rows: NDArray[np.int64]) -> None:
        self._index = index
        self._rows = rows

    def candidates(self, queries: Vectors, count: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return `count` inner products and rows for each query."""
        products, places = self._index.candidates(queries, count)
        return products, self._rows[places]


def choosing(vectors: int) -> Callable[[Vectors, int], Chosen]:
    """Return what chooses the `count` largest of each row of products; compiled where there are many `vectors`."""
    return _compiled() if vectors >= _COMPILED_FROM else _chosen


@contextmanager
def single_threaded() -> Iterator[None]:
    """Have each product made by one thread: several are made at once."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield


def _chosen(products: Vectors, count: int) -> Chosen:
    import numpy as np

    if count >= products.shape[1]:
        places = np.broadcast_to(np.arange(products.shape[1], dtype=np.int32), products.shape)
    else:
        places = np.argpartition(-products, count - 1, axis=1)[:, :count].astype(np.int32)
    return np.take_along_axis(products, places, axis=1), places


@lru_cache(maxsize=1)
def _compiled() -> Callable[[Vectors, int], Chosen]:
    """Return what `_chosen` does as compiled code that lets other threads run: some ten times as fast."""
    import numba
    import numpy as np

    number, bound, write = (numba.njit(nogil=True)(function) for function in (_number, _bound, _write))
    step, half = np.float32(_STEP), np.float32(0.5)

    def chosen(products: Vectors, count: int) -> Chosen:
        if count >= products.shape[1]:
            return _chosen(products, count)
        bounds = np.empty((len(products), 2), dtype=np.float32)
        values = np.empty((len(products), count), dtype=np.float32)
        places = np.empty((len(products), count), dtype=np.int32)
        bound(products, count, bounds, number, step, half)
        write(products, bounds, values, places)
        return values, places

    return chosen


# These three are compiled. None knows the others, so what one calls is given to it.


def _number(row: Any, bound: Any) -> int:
    """Return how many are not below a bound."""
    number = 0
    for place in range(len(row)):
        number += row[place] >= bound
    return number


def _bound(products: Any, count: Any, bounds: Any, number: Any, step: Any, half: Any) -> None:
    """Write two bounds of each row of (m, n) products, (m, 2).

    At or above the second there are fewer than `count`, at or above the first as many, or a sixteenth more; or there is
    no number between the two. They are looked for about those of the row before: rows of one cluster are alike.
    """
    low = high = products[0, 0]
    for row in range(products.shape[0]):
        own, by = products[row], step
        low, high = low - step, high + step
        while number(own, low) < count:
            by = by + by
            low = low - by
        while number(own, high) >= count:
            by = by + by
            high = high + by
        held, middle = len(own), (low + high) * half
        while held > count + count // 16 and low < middle < high:
            above = number(own, middle)
            if above >= count:
                low, held = middle, above
            else:
                high = middle
            middle = (low + high) * half
        bounds[row, 0], bounds[row, 1] = low, high


def _write(products: Any, bounds: Any, values: Any, places: Any) -> None:
    """Write those at or above the second bound, then those at or above the first, of which the least give way."""
    count = values.shape[1]
    for row in range(products.shape[0]):
        own, low, high, filled = products[row], bounds[row, 0], bounds[row, 1], 0
        for place in range(len(own)):
            if own[place] >= high:
                values[row, filled], places[row, filled] = own[place], place
                filled += 1
        certain = filled
        for place in range(len(own)):
            if low <= own[place] < high:
                if filled < count:
                    values[row, filled], places[row, filled] = own[place], place
                    filled += 1
                else:
                    least = certain + values[row, certain:].argmin()
                    if own[place] > values[row, least]:
                        values[row, least], places[row, least] = own[place], place
