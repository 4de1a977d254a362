"""Where vectors come from, and unit vectors. May import errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from explorer.errors import InvalidInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

ROWS = 4096  # rows in hand at a time where they are many


class VectorRows(Protocol):
    """Give (n, d) vectors a block at a time; the store offers this for vectors larger than the memory."""

    @property
    def shape(self) -> tuple[int, int]:
        """Return (n, d)."""

    def blocks(self) -> Iterator[tuple[int, NDArray[np.floating[Any]]]]:
        """Yield (first row, rows) from the first row to the last."""

    def take(self, rows: Sequence[int] | NDArray[np.integer[Any]]) -> NDArray[np.floating[Any]]:
        """Return some rows."""


class Rows(Protocol):
    """Give the rows of an array (n, w), or all of it; the store offers this for what is on disk."""

    @property
    def shape(self) -> tuple[int, int]:
        """Return (n, w)."""

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """Return the rows `start` to `stop`, the last not included."""

    def take(self, rows: Sequence[int] | NDArray[np.integer[Any]]) -> NDArray[Any]:
        """Return some rows."""

    def whole(self) -> NDArray[Any]:
        """Return all rows."""


class InMemory:
    """Give an array block by block, or rows of it."""

    def __init__(self, vectors: NDArray[Any]) -> None:
        self._vectors = vectors
        self.shape = (vectors.shape[0], vectors.shape[1])

    def blocks(self) -> Iterator[tuple[int, NDArray[np.floating[Any]]]]:
        """Yield (first row, rows)."""
        for start in range(0, self.shape[0], ROWS):
            yield start, self._vectors[start : start + ROWS]

    def take(self, rows: Sequence[int] | NDArray[np.integer[Any]]) -> NDArray[Any]:
        """Return some rows."""
        return self._vectors[rows]

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """Return the rows `start` to `stop`, the last not included."""
        return self._vectors[start:stop]

    def whole(self) -> NDArray[Any]:
        """Return all rows."""
        return self._vectors


def unit(vectors: NDArray[np.floating[Any]], first_row: int = 0) -> Vectors:
    """Return (n, d) vectors as float32 rows of length one, contiguous.

    Raises InvalidInput for a row that has no direction: not finite, or all zero; rows are counted from `first_row`.
    """
    import numpy as np

    single = np.array(vectors, dtype=np.float32, order="C")
    single /= lengths_of(single, first_row)[:, None]
    return single


def lengths_of(vectors: Vectors, first_row: int) -> NDArray[np.float64]:
    """Return the lengths of (n, d) vectors. Raises InvalidInput as `unit` does."""
    import numpy as np

    lengths: NDArray[np.float64] = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    is_right = (lengths > 0) & (lengths < np.inf)
    if not is_right.all():
        wrong = first_row + int(np.argmin(is_right))
        raise InvalidInput(f"the vector of row {wrong} is zero or not finite, so it is near to nothing")
    return lengths
