"""Cosines of many pairs of vectors by compiled code, to the bit what NumPy's product and sum are.

Products of float32 numbers are exact in float64, so that a cosine depends on the order of its sum alone. NumPy's is
pairwise: vectors are halved until parts have 128 numbers at most, a part is summed up in eight lanes, and sums of parts
are added as they were parted. It is done likewise here, without an array of all products in between.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

_PART = 128  # numbers that are summed up in lanes
_LANES = 8
_DEPTH = 64  # parts of parts; there are never so many


def summed(vectors: Vectors, queries: Vectors, candidates: NDArray[Any]) -> NDArray[np.float64]:
    """Return the products of (m, d) queries each with its own (m, c) rows of (n, d) vectors, by NumPy."""
    import numpy as np

    sums: NDArray[np.float64] = (vectors[candidates].astype(np.float64) * queries[:, None]).sum(axis=2)
    return sums


@lru_cache(maxsize=1)
def compiled_sums() -> Callable[[Vectors, Vectors, NDArray[Any]], NDArray[np.float64]]:
    """Return what does as `summed`, four times as fast; threads may call it at once."""
    import numba

    return summing(numba.njit(nogil=True))


def summing(compiled: Callable[..., Any]) -> Callable[[Vectors, Vectors, NDArray[Any]], NDArray[np.float64]]:
    """Return what sums products up, compiled so."""
    import numpy as np

    fill = _filling(compiled, _adding(compiled))

    def sums(vectors: Vectors, queries: Vectors, candidates: NDArray[Any]) -> NDArray[np.float64]:
        made = np.empty(candidates.shape)
        fill(vectors, queries, candidates, np.array(_parts(vectors.shape[1])), made)
        return made

    return sums


def _parts(length: int) -> list[tuple[int, int]]:
    """Return the lengths of the parts of a vector, and how many sums are added when each is done."""
    if length <= _PART:
        return [(length, 0)]
    half = length // 2 - length // 2 % _LANES
    *parts, (last, added) = _parts(half) + _parts(length - half)
    return [*parts, (last, added + 1)]


def _filling(compiled: Callable[..., Any], add: Any) -> Any:
    """Return what writes the sums of all pairs."""
    import numpy as np

    def fill(vectors: Any, queries: Any, candidates: Any, parts: Any, made: Any) -> None:
        query, products = np.empty(vectors.shape[1]), np.empty(vectors.shape[1])
        lanes, sums = np.empty(_LANES), np.empty(_DEPTH)
        for number in range(len(queries)):
            for place in range(len(query)):
                query[place] = queries[number, place]
            for position in range(candidates.shape[1]):
                row = candidates[number, position]
                for place in range(len(query)):
                    products[place] = np.float64(vectors[row, place]) * query[place]
                made[number, position] = add(products, parts, lanes, sums)

    return compiled(fill)


def _adding(compiled: Callable[..., Any]) -> Any:
    """Return what adds numbers up by parts, in `lanes` (8,) and `sums`, which are written."""

    def add(numbers: Any, parts: Any, lanes: Any, sums: Any) -> Any:
        start, top = 0, 0
        for part in range(len(parts)):
            length = parts[part, 0]
            end = start + length - length % _LANES
            for lane in range(_LANES):
                lanes[lane] = numbers[start + lane] if start < end else 0.0
            for place in range(start + _LANES, end, _LANES):
                for lane in range(_LANES):
                    lanes[lane] += numbers[place + lane]
            total = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
            total += (lanes[4] + lanes[5]) + (lanes[6] + lanes[7])
            for place in range(end, start + length):
                total += numbers[place]
            sums[top] = total
            start, top = start + length, top + 1
            for _ in range(parts[part, 1]):
                sums[top - 2] += sums[top - 1]
                top -= 1
        return sums[0]

    return compiled(add)
