"""Rows in clusters of near ones: neighbors are looked for among some rows and not among all.

k-means on a sample, then every row belongs to the center it is nearest to. The rows of a cluster are compared with its
*cover*: the clusters that they are near to, nearest first, itself the first. How large covers must be is not guessed:
where the true neighbors of some rows are, found by comparing these with all rows, tells what share of all neighbors
covers of any size hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Rows = NDArray[np.int64]

_ROWS = 100  # in a cluster, in the mean
_LEARNED_FROM = 50  # rows a cluster
_ROUNDS = 5  # of k-means
_NEAR = 8  # centers that a row tells of where it lies
_SHARPNESS = 20.0  # how much a row is between centers: its share in one falls by e where the cosine does by 1/20
_IN_COVER = 1024  # clusters at most


@dataclass(frozen=True, slots=True)
class Part:
    """Name the rows of a cluster, and the rows that these are compared with, themselves included; both ascend."""

    own: Rows
    among: Rows


class Clusters:
    """Hold n rows in c clusters; `of` (n,) says which row is in which, `covers` (c, m) which are near to which."""

    def __init__(self, of: NDArray[np.int32], covers: NDArray[np.int32]) -> None:
        import numpy as np

        self.of, self.covers = of, covers
        self.sizes = np.bincount(of, minlength=len(covers))
        self._order = np.argsort(of, kind="stable")
        self._ends = np.cumsum(self.sizes)

    @classmethod
    def made(cls, vectors: Vectors, seed: int = 0) -> Clusters:
        """Make clusters of (n, d) unit vectors, of 100 rows in the mean. The same vectors give the same clusters."""
        import faiss
        import numpy as np

        n, d = vectors.shape
        count = max(1, n // _ROWS)
        learned = np.sort(np.random.default_rng(seed).permutation(n)[: count * _LEARNED_FROM])
        kmeans = faiss.Kmeans(
            d, count, niter=_ROUNDS, spherical=True, seed=seed + 1,
            min_points_per_centroid=1, max_points_per_centroid=_LEARNED_FROM,
        )  # fmt: skip
        kmeans.train(vectors[learned])
        centers = np.array(kmeans.centroids)
        near = min(_NEAR, count)
        cosines, nearest = faiss.knn(vectors, centers, near, metric=faiss.METRIC_INNER_PRODUCT)
        return cls(nearest[:, 0].astype(np.int32), _covers(centers, nearest, cosines))

    def rows(self, cluster: int) -> Rows:
        """Return the rows of a cluster, ascending."""
        end = self._ends[cluster]
        return self._order[end - self.sizes[cluster] : end]

    def ranges(self, rows: int) -> list[range]:
        """Return all clusters as ranges which have `rows` rows together, or the first number above; the last fewer."""
        ranges, first, held = [], 0, 0
        for cluster, size in enumerate(self.sizes.tolist()):
            held += size
            if held >= rows or cluster == len(self.sizes) - 1:
                ranges.append(range(first, cluster + 1))
                first, held = cluster + 1, 0
        return ranges

    def rows_of(self, clusters: range) -> Rows:
        """Return the rows of some clusters, cluster by cluster."""
        return self._order[self._ends[clusters.start] - self.sizes[clusters.start] : self._ends[clusters.stop - 1]]

    def parts(self, rows: NDArray[np.integer[Any]] | range, size: int) -> Iterator[Part]:
        """Yield `rows` cluster by cluster, with what to compare them with: covers of at least `size` rows."""
        import numpy as np

        wanted = np.sort(np.asarray(rows, dtype=np.int64))
        order = np.argsort(self.of[wanted], kind="stable")
        clusters, starts = np.unique(self.of[wanted[order]], return_index=True)
        for cluster, own in zip(clusters.tolist(), np.split(wanted[order], starts[1:]), strict=True):
            count = int(np.searchsorted(self._reach[cluster], size)) + 1
            among = np.concatenate([self.rows(other) for other in self.covers[cluster, :count]])
            yield Part(own, np.sort(among) if len(among) >= size else np.arange(len(self.of)))

    def needed(self, rows: Rows, neighbors: NDArray[np.integer[Any]]) -> Rows:
        """Return for which sizes `parts` compares (m,) `rows` with their (m, k) `neighbors`: the least, (m, k)."""
        import numpy as np

        sizes = np.empty(neighbors.shape, dtype=np.int64)
        for position, (row, others) in enumerate(zip(rows.tolist(), neighbors, strict=True)):
            own = int(self.of[row])
            place = np.full(len(self.covers), self.covers.shape[1])
            place[self.covers[own]] = np.arange(self.covers.shape[1])
            found = place[self.of[others]]
            before = np.append(0, self._reach[own])  # the last is for what is in no cluster of the cover
            sizes[position] = before[found] + 1
        return sizes

    @cached_property
    def _reach(self) -> NDArray[np.int64]:
        """Return how many rows the first clusters of each cover have together, (c, m)."""
        import numpy as np

        reach: NDArray[np.int64] = np.cumsum(self.sizes[self.covers], axis=1)
        return reach


def enough(needed: Rows, recall: float) -> int:
    """Return the size of covers that hold a share of `recall` of all neighbors; `needed` is what `Clusters` says."""
    import numpy as np

    ordered = np.sort(needed.ravel())
    return int(ordered[min(len(ordered) - 1, int(np.ceil(recall * len(ordered))) - 1)])


def _covers(centers: Vectors, near: NDArray[np.int64], cosines: Vectors) -> NDArray[np.int32]:
    """Return by cluster those in which its rows have most of their weight, then those that are near to its center."""
    import numpy as np

    count = len(centers)
    order = np.argsort(near[:, 0], kind="stable")
    ends = np.cumsum(np.bincount(near[:, 0], minlength=count))
    weights = np.exp((cosines - cosines[:, :1]) * _SHARPNESS)
    covers = np.empty((count, min(count, _IN_COVER)), dtype=np.int32)
    for cluster in range(count):
        rows = order[ends[cluster - 1] if cluster else 0 : ends[cluster]]
        told = np.bincount(near[rows].ravel(), weights=weights[rows].ravel(), minlength=count)
        told += 1e-6 * (centers @ centers[cluster])
        told[cluster] = np.inf
        covers[cluster] = np.argsort(-told, kind="stable")[: covers.shape[1]]
    return covers
