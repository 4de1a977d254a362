"""One question compared with codes: by NumPy, which reads a file's rows where it must, or by compiled code.

Products of codes are sums of integers and every choice among them is by number, so both find the same rows.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from explorer.index.compiled import LOW, Held, compiled_search
from explorer.index.vectors import Rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Codes = NDArray[np.int8]
    Asked = NDArray[np.int16]
    Numbers = NDArray[np.int64]
    Allowed = NDArray[np.bool_] | None

_OF_QUERY = 32_767  # the largest code of a question, which has two bytes a dimension: it is not what makes errors


class Sought(NamedTuple):
    """Say how many are sought: rows in opened groups, in lists; candidates, those whose neighbors are some, too."""

    opened: int
    wanted: int
    kept: int
    followed: int


def asked(weights: NDArray[np.floating[Any]]) -> Asked:
    """Return the codes of a question, (h,), as large as can be while their products with other codes fit 32 bits."""
    import numpy as np

    exact = weights.astype(np.float64)
    sizes = abs(exact)
    largest = sizes.max()
    if not largest:  # a question in directions that codes leave out: all are as near
        return np.zeros(len(exact), dtype=np.int16)
    most = min(_OF_QUERY / largest, (2**31 - 1 - 128 * len(exact)) / (128 * sizes.sum()))
    codes: Asked = np.rint(exact * most).astype(np.int16)
    return codes


class Scanner:
    """Find candidates among rows in lists, and lists in groups. `placed` are the rows by place, and places by row."""

    def __init__(
        self,
        sizes: NDArray[np.int32],
        groups: int,
        centers: Codes,
        codes: Rows,
        placed: tuple[NDArray[np.int32], NDArray[np.int32]],
        neighbors: Rows,
    ) -> None:
        import numpy as np

        self._centers, self._codes, self._neighbors = centers, codes, neighbors
        self._members, self._places = placed
        self._group_ends = np.cumsum(sizes[:groups], dtype=np.int64)
        self._list_ends = np.cumsum(sizes[groups:], dtype=np.int64)
        self._sizes = sizes[groups:].astype(np.int64)

    @cached_property
    def _held(self) -> Held:
        codes, neighbors = self._codes.whole(), self._neighbors.whole()
        return Held(self._centers, self._group_ends, self._list_ends, codes, self._members, self._places, neighbors)

    @cached_property
    def _counts(self) -> tuple[Numbers, Numbers]:
        return self._counted(None)

    def compiled(self, asked: Asked, allowed: Allowed, sought: Sought) -> Numbers:
        """Return candidates, best first; it reads all files when it is first asked."""
        import numpy as np

        counts = self._counts if allowed is None else self._counted(allowed)
        may = np.empty(0, dtype=np.bool_) if allowed is None else allowed
        found: Numbers = compiled_search()(self._held, asked, may, counts, sought)
        return found

    def by_numpy(self, asked: Asked, allowed: Allowed, sought: Sought) -> Numbers:
        """Return candidates, best first, after reading what must be looked at and no more."""
        import numpy as np

        weights = asked.astype(np.float64)  # in which all sums are exact
        lists = self._nearest_lists(weights, self._counted(allowed), sought)
        ends, sizes = self._list_ends[lists], self._sizes[lists]
        blocks = [
            self._codes.rows(end - size, end) @ weights for end, size in zip(ends.tolist(), sizes.tolist(), strict=True)
        ]
        keys = self._keys(np.concatenate(blocks), ranges(ends - sizes, sizes), allowed)
        least = keys[max(0, len(keys) - sought.kept)] >> 32
        keys = keys[keys >> 32 >= least]
        followed = self._members[keys[max(0, len(keys) - sought.followed) :] & LOW]
        places = np.unique(self._places[self._neighbors.take(followed).ravel()])
        others = self._keys(self._codes.take(places) @ weights, places, allowed)
        keys = np.union1d(keys, others[others >> 32 >= least])
        found: Numbers = self._members[keys[: -sought.kept - 1 : -1] & LOW].astype(np.int64)
        return found

    def _nearest_lists(self, weights: NDArray[np.float64], counts: tuple[Numbers, Numbers], sought: Sought) -> Numbers:
        """Return the lists that hold the rows that are wanted, ascending."""
        import numpy as np

        groups = len(self._group_ends)
        opened = _nearest((self._centers[:groups] @ weights).astype(np.int64), counts[0], sought.opened)
        sizes = np.diff(self._group_ends, prepend=0)[opened]
        lists = ranges(self._group_ends[opened] - sizes, sizes)
        products = (self._centers[groups + lists] @ weights).astype(np.int64)
        return lists[_nearest(products, counts[1][lists], sought.wanted)]

    def _keys(self, products: NDArray[np.float64], places: Numbers, allowed: Allowed) -> Numbers:
        """Return product and place in one number, ascending, of what is allowed."""
        import numpy as np

        keys = (products.astype(np.int64) << 32) | places
        if allowed is not None:
            keys = keys[allowed[self._members[places]]]
        return np.sort(keys)

    def _counted(self, allowed: Allowed) -> tuple[Numbers, Numbers]:
        """Return how many rows of each group and of each list are allowed."""
        import numpy as np

        lists = self._sizes
        if allowed is not None:
            before = np.append(0, np.cumsum(allowed[self._members], dtype=np.int64))
            lists = before[self._list_ends] - before[self._list_ends - self._sizes]
        return np.diff(np.append(0, np.cumsum(lists))[self._group_ends], prepend=0), lists


def _nearest(products: Numbers, counts: Numbers, wanted: int) -> Numbers:
    """Return the positions, ascending, of those of largest product that count `wanted` together, or of all."""
    import numpy as np

    order = np.argsort(-products, kind="stable")
    last = min(int(np.searchsorted(np.cumsum(counts[order]), wanted)), len(order) - 1)
    return np.flatnonzero(products >= products[order[last]])


def ranges(starts: Numbers, sizes: Numbers) -> Numbers:
    """Return the numbers of ranges, one after the other."""
    import numpy as np

    return np.arange(sizes.sum()) + np.repeat(starts - np.cumsum(sizes) + sizes, sizes)
