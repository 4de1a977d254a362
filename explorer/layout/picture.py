"""Which points of a picture are nearest to one, in a total order: by distance, then by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ROUNDING = 1e-12  # more than two ways to compute a squared distance differ by, relatively
_CANDIDATES = 4_000_000  # at a time
_FEW = 1500  # papers are compared with each other sooner than SciPy is imported
_MORE = 4  # times as many candidates where those that were found do not decide


class Picture:
    """Find the k nearest of points, itself excluded, through a k-d tree where there are many.

    `coordinates` are (n, 2), finite; k is at least 1 and below n. Where more than k points lie in one place, they are
    each other's nearest, and only the first k + 1 can be anybody else's: a heap costs no more than other points do.
    """

    def __init__(self, coordinates: NDArray[np.floating[Any]], k: int) -> None:
        import numpy as np

        self._places = np.asarray(coordinates, dtype=np.float64)
        self._k = k
        self._tree: Any = None
        if len(self._places) > _FEW:
            from scipy.spatial import cKDTree

            self._heaps, self._begins, self._sizes = _heaps(self._places)
            number = np.empty(len(self._places), dtype=np.intp)
            number[self._heaps] = np.arange(len(self._places))
            self._rows = np.flatnonzero(number - self._begins <= k)
            self._tree = cKDTree(self._places[self._rows])

    def nearest(self, rows: NDArray[np.integer[Any]]) -> NDArray[np.intp]:
        """Return the k nearest of each of m rows, (m, k), nearest first."""
        import numpy as np

        if self._tree is None:
            return self._by_comparing(rows)
        found = np.empty((len(rows), self._k), dtype=np.intp)
        is_in_heap = self._sizes[rows] > self._k
        found[is_in_heap] = self._in_heap(rows[is_in_heap])
        found[~is_in_heap] = self._looked_up(rows[~is_in_heap], self._k + 2)
        return found

    def _by_comparing(self, rows: NDArray[np.integer[Any]]) -> NDArray[np.intp]:
        import numpy as np

        squares = ((self._places[rows][:, None] - self._places) ** 2).sum(axis=2)
        squares[np.arange(len(rows)), rows] = np.inf
        return np.argsort(squares, axis=1, kind="stable")[:, : self._k]

    def _in_heap(self, rows: NDArray[np.integer[Any]]) -> NDArray[np.intp]:
        """Return the first k of the same place but for a row itself."""
        import numpy as np

        first = self._heaps[self._begins[rows][:, None] + np.arange(self._k + 1)]
        columns = np.arange(self._k) + (first == rows[:, None]).cumsum(axis=1)[:, : self._k]
        return np.take_along_axis(first, columns, axis=1)

    def _looked_up(self, rows: NDArray[np.integer[Any]], count: int) -> NDArray[np.intp]:
        """Return them by `count` candidates each, and by more where there may be others as near as the last."""
        import numpy as np

        found = np.empty((len(rows), self._k), dtype=np.intp)
        count = min(count, len(self._rows))
        size = max(1, _CANDIDATES // count)
        for some in (slice(start, start + size) for start in range(0, len(rows), size)):
            others, squares = self._candidates(rows[some], count)
            found[some] = others[:, : self._k]
            if count < len(self._rows):
                # The last is the row itself. What was not found is no nearer than the one before it.
                is_open = squares[:, -2] <= squares[:, self._k - 1] * (1 + _ROUNDING)
                if is_open.any():
                    found[some][is_open] = self._looked_up(rows[some][is_open], count * _MORE)
        return found

    def _candidates(self, rows: NDArray[np.integer[Any]], count: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return `count` rows near to each and their squared distances, in order; a row itself is the farthest."""
        import numpy as np

        others = self._rows[self._tree.query(self._places[rows], k=count, workers=-1)[1]]
        squares = ((self._places[others] - self._places[rows][:, None]) ** 2).sum(axis=2)
        squares[others == rows[:, None]] = np.inf
        # Mostly the tree's order is right, but for the row itself, which comes first there.
        others, squares = (np.roll(values, -1, axis=1) for values in (others, squares))
        wrong = np.flatnonzero((squares[:, 1:] <= squares[:, :-1]).any(axis=1))
        order = np.lexsort((others[wrong], squares[wrong]))
        for values in (others, squares):
            values[wrong] = np.take_along_axis(values[wrong], order, axis=1)
        return others, squares


def _heaps(places: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows place by place, ascending in each; and for every row, where its place begins there and its size.

    All three are (n,).
    """
    import numpy as np

    order = np.lexsort((np.arange(len(places)), places[:, 1], places[:, 0]))
    is_new = np.ones(len(places), dtype=bool)
    is_new[1:] = (places[order[1:]] != places[order[:-1]]).any(axis=1)
    begins = np.flatnonzero(is_new)
    sizes = np.diff(begins, append=len(places))
    of = np.empty(len(places), dtype=np.intp)
    of[order] = np.cumsum(is_new) - 1
    return order, begins[of], sizes[of]
