"""Places for papers that join a picture in which nobody else may move.

What a place is worth is how many of the paper's true nearest are its nearest in the picture if it lies there. Means of
the neighbors' places, and descents along a gradient from there, are worth less than that: they put papers between the
groups, where nobody is near. So the neighbors' own places and those halfway between two of them are tried, and the best
is taken; once more when all have one, as newcomers are neighbors, too.

Papers of a field that the picture does not have, whose neighbors are newcomers themselves, would be scattered like
that. They get a picture of their own, in the free area nearest to what they have to do with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from explorer.layout.faithfulness import NEAREST
from explorer.layout.fields import free_place, own_picture, parts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Places = NDArray[np.float64]
    Rows = NDArray[np.intp]

_TRIED = 10  # neighbors, and all pairs of them
_TOGETHER = 1000  # newcomers at a time: about 35 MB
_ASIDE = 0.15  # of the mean distance between points: how far from the place found, where somebody may lie
_KNOWN = 0.7  # of what chance gives, old papers among the nearest: with fewer, a paper is of a new field;
_LEAST = 0.2  # or with fewer of its nearest
_FIELD = NEAREST + 1  # papers in a field
_ROUNDS = (_LEAST, _LEAST, 1e-9, 1e-9)  # for others: the share of the nearest that must have a place first
_SAMPLED = 2000  # points that tell how dense a picture is
_APART = 5  # neighbors up to which distances are compared


def placed(
    coordinates: NDArray[np.float32], neighbors: NDArray[Any], similarities: NDArray[Any], seed: int = 0
) -> NDArray[np.float32]:
    """Return (n, 2) `coordinates` in which those rows that were not finite have places, too; all others are the same.

    `neighbors` are the (n, k) rows nearest to each row, itself excluded, the nearest first, and `similarities` their
    cosines. The same input gives the same places. Time and memory grow with the number of newcomers, and with n only
    as a k-d tree of n points does. Raises ValueError when the row counts differ.
    """
    import numpy as np

    if not len(coordinates) == len(neighbors) == len(similarities):
        raise ValueError(f"{len(coordinates)} places, but neighbors of {len(neighbors)}: rows must be the same papers")
    made = np.array(coordinates, dtype=np.float32)
    newcomers = np.flatnonzero(~np.isfinite(made).all(axis=1))
    if len(newcomers):
        picture = _Growing(made, neighbors, newcomers, seed)
        picture.grow()
        made[newcomers] = picture.places[newcomers]
    return made


class _Growing:
    """Hold a picture that newcomers join: `places` are (n, 2) float64, not finite where there is none yet."""

    def __init__(self, coordinates: NDArray[np.float32], neighbors: NDArray[Any], newcomers: Rows, seed: int) -> None:
        import numpy as np

        self.places = coordinates.astype(np.float64)
        self._is_placed = np.asarray(np.isfinite(self.places).all(axis=1))
        self._neighbors, self._newcomers, self._seed = neighbors, newcomers, seed
        angles = np.random.default_rng(seed).uniform(0, 2 * np.pi, len(newcomers))
        self._aside = np.stack([np.cos(angles), np.sin(angles)], axis=1)

    def grow(self) -> None:
        """Give all newcomers places: first those that old papers are near to, then whole fields, then what is left."""
        known = max(_LEAST, _KNOWN * float(self._is_placed.mean()))
        waiting = self._moved(self._newcomers, known)
        for field in self._parts(waiting):
            if len(field) >= _FIELD and self._share_placed(field).mean() < known:
                self._settle(field)
        for share in _ROUNDS:
            waiting = self._moved(waiting[~self._is_placed[waiting]], share)
        if len(waiting):
            self._settle(waiting)
        self._move(self._newcomers)

    def _share_placed(self, rows: Rows) -> NDArray[np.float64]:
        """Return the share of each row's nearest that have a place; without any neighbors none have."""
        near = self._neighbors[rows, :NEAREST]
        shares: NDArray[np.float64] = self._is_placed[near].sum(axis=1) / max(1, near.shape[1])
        return shares

    def _moved(self, rows: Rows, share: float) -> Rows:
        """Give places to those rows of whose nearest such a share have one; return the others."""
        ready = self._share_placed(rows) >= share
        self._move(rows[ready])
        return rows[~ready]

    def _move(self, rows: Rows) -> None:
        """Give each row the best of the places that there are for it now."""
        import numpy as np
        from scipy.spatial import cKDTree

        if not len(rows) or not self._neighbors.shape[1]:
            return
        there = np.flatnonzero(self._is_placed)
        tree = cKDTree(self.places[there], balanced_tree=False, compact_nodes=False)
        there = np.append(there, -1)  # what the tree says where there are not enough
        some = (rows[start : start + _TOGETHER] for start in range(0, len(rows), _TOGETHER))
        self.places[rows] = np.concatenate([self._best(asked, tree, there) for asked in some])
        self._is_placed[rows] = True

    def _best(self, rows: Rows, tree: Any, there: Rows) -> Places:
        """Return of each row's candidates the one with most of its nearest among as many, a bit aside, (m, 2)."""
        import numpy as np

        candidates = self._candidates(rows)
        distances, found = tree.query(candidates.reshape(-1, 2), k=NEAREST + 1)
        found = there[found].reshape(*candidates.shape[:2], NEAREST + 1)
        is_near = (found[..., None] == self._neighbors[rows, None, None, :NEAREST]).any(axis=3)
        # The row itself, which has a place in the second pass, is none of its own nearest.
        has_itself = (found == rows[:, None, None]).any(axis=2)
        kept = is_near[..., :NEAREST].sum(axis=2) + (is_near[..., NEAREST] & has_itself)
        best, each = kept.argmax(axis=1), np.arange(len(rows))
        apart = distances.reshape(found.shape)[each, best, NEAREST - 1] / np.sqrt(NEAREST)
        stays = (best == 0) & self._is_placed[rows]
        apart = np.where(stays | ~np.isfinite(apart), 0, _ASIDE * apart)
        chosen: Places = candidates[each, best] + apart[:, None] * self._aside[np.searchsorted(self._newcomers, rows)]
        return chosen

    def _candidates(self, rows: Rows) -> Places:
        """Return the places to try for each row, (m, c, 2), the one it has first."""
        import numpy as np

        near = self._neighbors[rows]
        is_placed = self._is_placed[near]
        order = np.argsort(~is_placed, axis=1, kind="stable")[:, :_TRIED]
        tried = np.take_along_axis(near, order, axis=1)
        tried = np.where(np.take_along_axis(is_placed, order, axis=1), tried, tried[:, :1])
        first, second = np.triu_indices(tried.shape[1])
        places = self.places[tried]
        made = (places[:, first] + places[:, second]) / 2
        own = np.where(self._is_placed[rows][:, None], self.places[rows], made[:, 0])
        return np.concatenate([own[:, None], made], axis=1)

    def _parts(self, rows: Rows) -> list[Rows]:
        """Return the connected parts of the neighbor graph among these rows alone."""
        return [rows[part] for part in parts(self._links(rows), len(rows))] if len(rows) else []

    def _links(self, rows: Rows) -> NDArray[np.intp]:
        """Return which of these rows, which ascend, are among the nearest of which, as (2, m) positions in them."""
        import numpy as np

        near = self._neighbors[rows, :NEAREST]
        at = np.minimum(np.searchsorted(rows, near), len(rows) - 1)
        return np.stack([np.nonzero(rows[at] == near)[0], at[rows[at] == near]])

    def _settle(self, rows: Rows) -> None:
        """Give rows a picture of their own, as dense as all, in the free area nearest to what they have to do with."""
        import numpy as np

        own, there = own_picture(self._links(rows), len(rows), self._seed), self._is_placed.nonzero()[0]
        if len(there):
            old = self.places[there]
            own *= spacing(old) / spacing(own)
            near = self._neighbors[rows].ravel()
            near = near[self._is_placed[near]]
            wanted = np.median(self.places[near] if len(near) else old, axis=0)
            own += free_place(old, float(np.sqrt((own**2).sum(axis=1).max())), wanted)
        self.places[rows] = own
        self._is_placed[rows] = True


def spacing(points: Places) -> float:
    """Return about how far points lie from those around them; 1 where they all lie in one place."""
    import numpy as np
    from scipy.spatial import cKDTree

    some = points[:: max(1, len(points) // _SAMPLED)]
    count = min(_APART, len(points) - 1)
    return float(np.median(cKDTree(points).query(some, k=[count + 1])[0])) or 1.0
