"""The lists of a library that changes: every paper's nearest and related papers.

Fresh papers, and those that lost one of their lists, are searched as in a build. To all others, fresh papers are
candidates: one that is nearer than the last of a list takes its place. The neighbor graph comes out as a build's; of
the related papers, those that lie within the shortlist as it was are ordered by the weights that terms had then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from explorer.builder.lists import LISTS, lists_of
from explorer.builder.plan import NEIGHBORS
from explorer.growth.change import Change
from explorer.index import GraphBlock, NearestRows
from explorer.ranking import SHORTLIST, Scale, fused
from explorer.search.related import RelatedPapers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Lists = dict[str, NDArray[Any]]
    Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]
    """Rows, fresh rows that may enter their lists, and their products."""

_PRODUCTS = 8_000_000  # at a time
_PAIRS = 16_384  # at a time
_ROUNDING = 1e-5  # more than float32 products are wrong by


class ChangedLists:
    """Make the lists of the next state from those of the state before; `found` are the neighbors of the fresh rows."""

    def __init__(
        self,
        nearest: NearestRows,
        related: RelatedPapers,
        same: NDArray[np.int64],
        change: Change,
        found: Sequence[GraphBlock],
    ) -> None:
        self._nearest = nearest
        self._related = related
        self._same = same
        self._change = change
        self._found = found

    def of(self, before: Lists) -> Lists:
        """Return the lists of all rows; `before` are the stored ones, by role, with at least 30 others for each."""
        import numpy as np

        change, n = self._change, len(self._change.origin)
        lists = {role: np.empty((n, values.shape[1]), dtype=LISTS[role]) for role, values in before.items()}
        is_whole = np.zeros(n, dtype=bool)
        is_whole[change.kept] = True
        for role, values in before.items():
            if change.only_adds:
                lists[role][: change.before] = values
                continue
            taken = values[change.origin[change.kept]]
            if role in {"neighbors", "related"}:
                taken = change.now[taken]
                is_whole[change.kept] &= (taken >= 0).all(axis=1)
            lists[role][change.kept] = taken
        # A paper with the very text of a fresh one leads by it: that is worked out as in a build.
        is_whole &= ~np.isin(self._same, self._same[change.fresh])
        is_open = ~is_whole
        is_open[change.fresh] = False
        self._search(lists, np.flatnonzero(is_open))
        if len(change.fresh):
            self._enter(lists, np.flatnonzero(is_whole))
        return lists

    def _search(self, lists: Lists, rows: NDArray[np.int64]) -> None:
        for block in chain(self._found, self._nearest.graph(NEIGHBORS, SHORTLIST, rows)):
            for role, values in zip(LISTS, lists_of(block, self._related), strict=True):
                lists[role][block.own] = values

    def _enter(self, lists: Lists, rows: NDArray[np.int64]) -> None:
        """Let fresh rows enter the lists of others."""
        import numpy as np

        parts = list(self._pairs(lists, rows))
        own, fresh, products = (np.concatenate(values) for values in zip(*parts, strict=True))
        is_near = products > lists["similarities"][own, -1] - _ROUNDING
        cosines = self._cosines(own[is_near], fresh[is_near])
        _merge(lists, ("neighbors", "similarities"), own[is_near], (fresh[is_near], cosines))
        lexical = self._related.answers(own, fresh)
        scores = _scores(lists, own, products, lexical)
        margin = _ROUNDING / np.maximum(lists["scales"][own, 1], 1e-9)
        is_related = scores > lists["scores"][own, -1] - margin
        own, fresh = own[is_related], fresh[is_related]
        cosines = self._cosines(own, fresh)
        scores = _scores(lists, own, cosines, lexical[is_related])
        _merge(lists, ("related", "scores", "cosines"), own, (fresh, scores.astype(np.float32), cosines))

    def _pairs(self, lists: Lists, rows: NDArray[np.int64]) -> Iterator[Pairs]:
        """Yield the pairs near enough for the one's neighbors, or for its shortlist as it was."""
        import numpy as np

        fresh = self._nearest.vectors[self._change.fresh]
        size = max(1, _PRODUCTS // len(fresh))
        for start in range(0, max(len(rows), 1), size):
            own = rows[start : start + size]
            products = self._nearest.vectors[own] @ fresh.T
            least = np.minimum(lists["similarities"][own, -1], lists["scales"][own, 4]) - _ROUNDING
            places, others = np.nonzero(products > least[:, None])
            yield own[places], self._change.fresh[others], products[places, others]

    def _cosines(self, rows: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.float32]:
        import numpy as np

        cosines = np.empty(len(rows), dtype=np.float32)
        for some in (slice(start, start + _PAIRS) for start in range(0, len(rows), _PAIRS)):
            cosines[some] = self._nearest.pairs(self._nearest.vectors[rows[some]], others[some, None])[:, 0]
        return cosines


def _scores(
    lists: Lists, rows: NDArray[np.int64], cosines: NDArray[np.float32], lexical: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the fused scores of answers to `rows`, by the scales that these were ordered with."""
    scales = lists["scales"][rows].astype("f8").T
    dense, words = fused(cosines, lexical, (Scale(scales[0], scales[1]), Scale(scales[2], scales[3])))
    return dense + words


def _merge(lists: Lists, roles: tuple[str, ...], own: NDArray[np.int64], entering: tuple[NDArray[Any], ...]) -> None:
    """Put `entering` (rows, what they are ordered by, ...) into the lists of `own`, each at its place.

    Longer lists are cut; equal ones are ordered by row.
    """
    import numpy as np

    if not len(own):
        return
    order = np.argsort(own, kind="stable")
    affected, begins, counts = np.unique(own[order], return_index=True, return_counts=True)
    columns = np.arange(len(own)) - np.repeat(begins, counts)
    places = np.repeat(np.arange(len(affected)), counts)
    width = lists[roles[0]].shape[1]
    together = []
    for role, values in zip(roles, entering, strict=True):
        filling = -np.inf if values.dtype.kind == "f" else 0
        wide = np.full((len(affected), width + int(counts.max())), filling, dtype=lists[role].dtype)
        wide[:, :width] = lists[role][affected]
        wide[places, width + columns] = values[order]
        together.append(wide)
    best = np.lexsort((together[0], -together[1]))[:, :width]
    for role, wide in zip(roles, together, strict=True):
        lists[role][affected] = np.take_along_axis(wide, best, axis=1)
