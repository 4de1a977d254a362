"""Near-duplicates: papers that are one paper twice. Imports nothing of the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAME_TITLE = 0.8  # cosine from which papers of the same title are taken for one
SAME_TEXT, SAME_TERMS = 0.96, 0.9  # cosine and share of common terms from which any two papers are,
ENOUGH_TERMS = 20  # if they have so many: short texts differ in few words, and mean others


class Contents(Protocol):
    """Give the terms of papers: those of paper i are terms[starts[i] : starts[i + 1]]."""

    @property
    def starts(self) -> NDArray[np.int64]:
        """Return (n + 1,)."""

    @property
    def terms(self) -> NDArray[np.int32]:
        """Return (p,), without repetitions within a paper."""


def twins(
    neighbors: NDArray[np.int32],
    similarities: NDArray[np.float32],
    titles: NDArray[np.int64],
    texts: NDArray[np.int64],
    contents: Contents,
) -> NDArray[np.int32]:
    """Return (m, 3): rows with a near-duplicate, ascending; the first row of the group; the first of the same text.

    `neighbors` and `similarities` are the (n, k) neighbor graph, `titles` and `texts` (n,) numbers that are equal for
    equal titles and texts; a title of 0 is like no other. Near-duplicates of near-duplicates are one group.
    """
    import numpy as np

    same = first_of_equal(texts)
    groups = _Groups(len(titles))
    for row in np.flatnonzero(same != np.arange(len(same))).tolist():
        groups.join(row, int(same[row]))
    rows, places = np.nonzero(similarities >= min(SAME_TITLE, SAME_TEXT))
    others = neighbors[rows, places]
    cosines = similarities[rows, places]
    titled = (titles[rows] == titles[others]) & (titles[rows] != 0) & (cosines >= SAME_TITLE)
    for place in np.flatnonzero(titled | (cosines >= SAME_TEXT)).tolist():
        row, other = int(rows[place]), int(others[place])
        if titled[place] or _share(contents, row, other) >= SAME_TERMS:
            groups.join(row, other)
    near = groups.first()
    in_groups = np.flatnonzero(np.bincount(near, minlength=len(near))[near] > 1)
    return np.stack([in_groups, near[in_groups], same[in_groups]], axis=1).astype(np.int32)


def _share(contents: Contents, row: int, other: int) -> float:
    """Return the share of the two papers' terms that both have; 0 where there are too few to tell."""
    ours, theirs = (set(contents.terms[slice(*contents.starts[one : one + 2])].tolist()) for one in (row, other))
    return len(ours & theirs) / len(ours | theirs) if min(len(ours), len(theirs)) >= ENOUGH_TERMS else 0.0


def first_of_equal(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each of (n,) values the position of the first that is equal to it."""
    import numpy as np

    _, first, group = np.unique(values, return_index=True, return_inverse=True)
    return first[group]


class _Groups:
    """Join rows to groups (union-find; the first row of a group stands for it)."""

    def __init__(self, count: int) -> None:
        self._parents: dict[int, int] = {}
        self._count = count

    def join(self, row: int, other: int) -> None:
        """Make one group of the two rows' groups."""
        first, second = sorted((self._find(row), self._find(other)))
        if first != second:
            self._parents[second] = first

    def first(self) -> NDArray[Any]:
        """Return the first row of each row's group."""
        import numpy as np

        first = np.arange(self._count)
        for row in self._parents:
            first[row] = self._find(row)
        return first

    def _find(self, row: int) -> int:
        while (parent := self._parents.get(row, row)) != row:
            self._parents[row] = row = self._parents.get(parent, parent)
        return row
