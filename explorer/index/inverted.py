"""An inverted file: rows in lists of near ones, as short codes; a question is compared with the nearest lists only.

A code has the first principal components of a vector, a byte each. Lists
are in groups, so that not even all lists' centers need be looked at: groups whose centers are near are opened, then the
lists nearest to the question, until these hold as many rows as are wanted. How many that must be is not guessed but
measured (`reach`). The best of these rows name their neighbors, of which some were in no list that was near. What is
found are candidates, whose cosines are then computed from their vectors. (Inverted files: Jégou et al., "Product
quantization for nearest neighbor search", TPAMI 2011.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.index.clusters import grouped, means
from explorer.index.scanning import Scanner, Sought, asked
from explorer.index.vectors import ROWS, Rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Codes = NDArray[np.int8]
    Numbers = NDArray[np.int64]
    Reach = Sequence[tuple[int, int]]

_LARGEST = 127  # of a code
_HELD = 0.85  # of all squared lengths, at least: by the components that codes have
_COMPONENTS = 32  # the number of components is a multiple of this
_LEARNED_FROM = 20_000  # rows that tell the principal axes
_OPENED = 64  # times the rows that are wanted: so many are in the groups that are opened
_TIMES, _SPARE = 3, 20  # candidates: so many times those asked for, and so many more
_DEEPER = 16  # times as many candidates for a text, at most: among a million, no more were found with more
_FOLLOWED = 2  # times those asked for: candidates whose neighbors are candidates, too
_FEW = 4  # times the rows that are wanted: where filters leave no more, all of these are compared
_MANY = 2  # an index is of no use where one row in so many is wanted
_BESIDE = 8_000  # rows: NumPy compares so many in the time of all else that it does for a question
_COMPILED_FROM = 20_000_000  # rows: NumPy has compared them, and done all else, in the time of a compiler, about 6 s


@dataclass(frozen=True, slots=True)
class Lists:
    """Say which of n rows is in which of c lists, which list in which of g groups, and what a code of h numbers is.

    `sizes` (g + c,) are the number of lists in each group, then the number of rows in each list, lists in the order of
    their groups; `members` (n,) are the rows, list after list, `places` (n,) where each row is among these; `axes`
    (d, h) make components of vectors, from -1 to 1; `centers` (g + c, h) are codes of the groups' centers, then of the
    lists'.
    """

    sizes: NDArray[np.int32]
    members: NDArray[np.int32]
    places: NDArray[np.int32]
    axes: Vectors
    centers: Codes

    def __post_init__(self) -> None:
        """Raise ValueError for what are no lists."""
        import numpy as np

        lists = len(self.sizes) - self.groups
        if not (self.sizes >= 0).all() or lists != self.sizes[: self.groups].sum() or not self.groups:
            raise ValueError("groups are not of lists")
        if self.sizes[self.groups :].sum(dtype=np.int64) != len(self.members):
            raise ValueError("lists are not of all rows")
        if not all(_are_rows(each, len(self.members)) for each in (self.members, self.places)):
            raise ValueError("members are not rows")
        if self.centers.shape != (len(self.sizes), self.axes.shape[1]):
            raise ValueError("there are other centers than lists and groups")
        if not (np.isfinite(self.axes).all() and (self.axes != 0).any(axis=0).all()):
            raise ValueError("axes are not of finite lengths")

    @property
    def groups(self) -> int:
        """Return g: the sizes of so many groups sum up to the number of the others."""
        import numpy as np

        sums = np.cumsum(self.sizes, dtype=np.int64) + np.arange(1, len(self.sizes) + 1)
        return int(np.searchsorted(sums, len(self.sizes))) + 1 if len(sums) else 0

    @classmethod
    def made(cls, vectors: Vectors, of: NDArray[np.int32], held: Numbers, seed: int = 0) -> Lists:
        """Make lists of (n, d) unit vectors that are in clusters, (n,); those of the rows `held` shape no center.

        By held rows the lists can then be judged: they are found as what comes later would be.
        """
        import numpy as np

        axes = _axes(vectors)
        rows = [each for each in grouped(of, int(of.max()) + 1) if len(each)]
        centers = _centers(vectors, rows, held)
        count = max(1, round(len(rows) ** 0.5))
        middles = means(centers, count, seed)
        groups = grouped(np.argmax(centers @ middles.T, axis=1), count)
        order = np.concatenate(groups)
        sizes = [*map(len, groups), *(len(rows[place]) for place in order)]
        members = np.concatenate([rows[place] for place in order]).astype(np.int32)
        coded = _encoded(np.concatenate([middles, centers[order]]), axes)
        return cls(np.array(sizes, dtype=np.int32), members, np.argsort(members).astype(np.int32), axes, coded)

    def codes(self, vectors: Vectors) -> Iterator[Codes]:
        """Yield the codes of (n, d) unit vectors in the order of `members`, block by block."""
        for start in range(0, len(self.members), ROWS):
            yield self.encoded(vectors[self.members[start : start + ROWS]])

    def encoded(self, vectors: Vectors) -> Codes:
        """Return the codes of (m, d) unit vectors, (m, h)."""
        return _encoded(vectors, self.axes)

    def nearest(self, vectors: Vectors) -> NDArray[np.int32]:
        """Return for (m, d) unit vectors the list whose center each is nearest to, (m,)."""
        import numpy as np

        weights = vectors @ self.axes * _squared_extents(self.axes)
        products = weights @ self.centers[self.groups :].T.astype(np.float32)
        nearest: NDArray[np.int32] = np.argmax(products, axis=1).astype(np.int32)
        return nearest

    def of(self) -> NDArray[np.int32]:
        """Return the list of each row, (n,)."""
        import numpy as np

        of = np.empty(len(self.members), dtype=np.int32)
        sizes = self.sizes[self.groups :]
        of[self.members] = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        return of

    def regrouped(self, of: NDArray[np.int32]) -> Lists:
        """Return the same lists with the rows that `of` (m,) says."""
        import numpy as np

        sizes = np.bincount(of, minlength=len(self.sizes) - self.groups)
        members = np.argsort(of, kind="stable").astype(np.int32)
        all_sizes = np.concatenate([self.sizes[: self.groups], sizes.astype(np.int32)])
        return Lists(all_sizes, members, np.argsort(members).astype(np.int32), self.axes, self.centers)


class InvertedFile:
    """Find candidates; any number of threads may ask.

    `codes` are those of the vectors in the order of the lists' members, `neighbors` (n, k) a neighbor graph; `reach`
    are pairs, ascending: so many papers nearest to one are found well enough among so many rows. `of_texts` are those
    for questions that are unlike the papers; without them, all rows are compared with such a question.
    """

    def __init__(self, lists: Lists, codes: Rows, neighbors: Rows, reach: Reach, of_texts: Reach = ()) -> None:
        papers = len(lists.members)
        if codes.shape != (papers, lists.axes.shape[1]) or neighbors.shape[0] != papers:
            raise ValueError("there are other codes or neighbors than rows")
        if not reach:
            raise ValueError("nothing says how far to look")
        self._reach, self._of_texts, self._papers = tuple(reach), tuple(of_texts), papers
        self._scanner = Scanner(
            lists.sizes, lists.groups, lists.centers, codes, (lists.members, lists.places), neighbors
        )
        self._weights = lists.axes * _squared_extents(lists.axes)
        self._compared = 0

    def reaching(self, reach: Reach, of_texts: Reach = ()) -> InvertedFile:
        """Return the same file, to be asked with another reach."""
        other = copy(self)
        other._reach, other._of_texts = tuple(reach), tuple(of_texts)
        return other

    def is_of_use(self, count: int, of_text: bool = False) -> bool:
        """Tell whether `count` nearest are looked for among few of all rows."""
        return are_few(self.wanted(count, of_text), self._papers)

    def compile(self) -> None:
        """Have code compiled for it, as if it had been asked often; that takes some seconds."""
        self._compared = _COMPILED_FROM + 1

    @property
    def is_compiled(self) -> bool:
        """Tell whether it has been asked so often that code is compiled for it."""
        return self._compared > _COMPILED_FROM

    def wanted(self, count: int, of_text: bool = False) -> int:
        """Return among how many rows `count` nearest are to be looked for."""
        from math import log

        reach = self._of_texts if of_text else self._reach
        if not reach:
            return self._papers
        (few, least), (many, most) = reach[0], reach[-1]
        if count <= few or many == few:
            return least
        grown: float = (count / few) ** max(0.0, log(most / least) / log(many / few))
        return round(least * grown)

    def candidates(
        self, query: Vectors, count: int, allowed: NDArray[np.bool_] | None = None, of_text: bool = False
    ) -> Numbers | None:
        """Return rows among which are the `count` nearest to a (d,) unit query; or None: look everywhere.

        `allowed` (n,) tells which rows may be among them.
        """
        import numpy as np

        of_paper, wanted = self.wanted(count), self.wanted(count, of_text)
        if allowed is not None and np.count_nonzero(allowed) <= _FEW * of_paper:
            return np.flatnonzero(allowed)
        if not self.is_of_use(count, of_text):
            return None
        deeper = min(max(wanted // of_paper, 1), _DEEPER)
        kept = deeper * (_TIMES * count + _SPARE)
        sought = Sought(_OPENED * wanted, wanted, kept, _FOLLOWED * count)
        self._compared += wanted + _BESIDE
        scan = self._scanner.compiled if self.is_compiled else self._scanner.by_numpy
        return scan(asked(query @ self._weights), allowed, sought)


def are_few(rows: int, papers: int) -> bool:
    """Tell whether to look among some rows is better than to compare all papers."""
    return rows * _MANY <= papers


def _are_rows(numbers: NDArray[np.int32], rows: int) -> bool:
    return len(numbers) == rows and (not rows or bool(0 <= numbers.min() <= numbers.max() < rows))


def _encoded(vectors: Vectors, axes: Vectors) -> Codes:
    """Return the codes of (m, d) vectors, (m, h); what lies beyond the axes' extents is at these."""
    import numpy as np

    codes: Codes = np.rint(np.clip(vectors @ axes, -1, 1) * _LARGEST).astype(np.int8)
    return codes


def _axes(vectors: Vectors) -> Vectors:
    """Return the principal axes that codes have, each divided by the largest component that there is, (d, h)."""
    import numpy as np

    learned = vectors[np.linspace(0, len(vectors) - 1, min(len(vectors), _LEARNED_FROM)).astype(np.int64)]
    amounts, axes = np.linalg.eigh(learned.T @ learned)
    held = np.cumsum(amounts[::-1]) / amounts.sum()
    count = -(-(int(np.searchsorted(held, _HELD)) + 1) // _COMPONENTS) * _COMPONENTS
    axes = np.ascontiguousarray(axes[:, ::-1][:, :count], dtype=np.float32)
    extents = np.zeros(axes.shape[1], dtype=np.float32)
    for start in range(0, len(vectors), ROWS):
        np.maximum(extents, abs(vectors[start : start + ROWS] @ axes).max(axis=0), out=extents)
    axes /= np.where(extents > 0, extents, 1)
    return axes


def _squared_extents(axes: Vectors) -> Vectors:
    """Return the squares of what the axes were divided by, (h,): their lengths were one."""
    import numpy as np

    squares: Vectors = 1 / np.einsum("ij,ij->j", axes, axes)
    return squares


def _centers(vectors: Vectors, lists: list[Numbers], held: Numbers) -> Vectors:
    """Return the mean directions of lists, (c, d), without the rows that are held, where there are others."""
    import numpy as np

    is_held = np.zeros(len(vectors), dtype=bool)
    is_held[held] = True
    centers = np.empty((len(lists), vectors.shape[1]), dtype=np.float32)
    for place, rows in enumerate(lists):
        others = rows[~is_held[rows]]
        centers[place] = vectors[others if len(others) else rows].mean(axis=0)
    lengths = np.linalg.norm(centers, axis=1, keepdims=True)
    centers /= np.where(lengths > 0, lengths, 1)
    return centers
