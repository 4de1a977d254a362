"""Rows in clusters of near ones: neighbors are looked for among some rows and not among all.

k-means, first into regions, then each of these into clusters, so that it takes n * sqrt(n) and not n * n; every row
belongs to the center it is nearest to. The rows of a cluster are compared with its *cover*: the clusters that they are
near to, nearest first, itself the first. How large covers must be is not guessed: where the true neighbors of some rows
are, found by comparing these with all rows, tells what share of all neighbors covers of any size hold.
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

_ROWS = 50  # in a cluster, in the mean
_LEARNED_FROM = 256  # rows a region
_ROUNDS = 5  # of k-means
_REGIONS = 20  # in whose clusters the rows of one can be, itself the first
_NEAR = 8  # centers that a row tells of where it lies
_SHARPNESS = 20.0  # how much a row is between centers: its share in one falls by e where the cosine does by 1/20
_IN_COVER = 2048  # clusters at most
_TOGETHER = 256  # clusters whose covers are made at a time


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
        self._rows = grouped(of, len(covers))

    @classmethod
    def made(cls, vectors: Vectors, seed: int = 0) -> Clusters:
        """Make clusters of (n, d) unit vectors, of 50 rows in the mean. The same vectors give the same clusters."""
        import faiss
        import numpy as np

        n = len(vectors)
        regions = max(1, round((n / _ROWS) ** 0.5))
        learned = np.sort(np.random.default_rng(seed).permutation(n)[: regions * _LEARNED_FROM])
        middles = means(vectors[learned], regions, seed + 1)
        near = faiss.knn(vectors, middles, min(_REGIONS, regions), metric=faiss.METRIC_INNER_PRODUCT)[1]
        own = grouped(near[:, 0], regions)
        centers = [
            means(vectors[rows], max(1, round(len(rows) / _ROWS)), seed + 2 + region) if len(rows) else middles[:0]
            for region, rows in enumerate(own)
        ]
        cosines, nearest = _nearest_centers(vectors, centers, near, own)
        return cls(nearest[:, 0].astype(np.int32), _covers(np.concatenate(centers), nearest, cosines))

    def rows(self, cluster: int) -> Rows:
        """Return the rows of a cluster, ascending."""
        return self._rows[cluster]

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
        import numpy as np

        return np.concatenate(self._rows[clusters.start : clusters.stop])

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


def means(vectors: Vectors, count: int, seed: int) -> Vectors:
    """Return `count` centers of (n, d) unit vectors, of length one, by k-means."""
    import faiss
    import numpy as np

    kmeans = faiss.Kmeans(
        vectors.shape[1], count, niter=_ROUNDS, spherical=True, seed=seed,
        min_points_per_centroid=1, max_points_per_centroid=len(vectors),
    )  # fmt: skip
    kmeans.train(vectors)
    return np.array(kmeans.centroids)


def grouped(numbers: NDArray[np.integer[Any]], count: int) -> list[Rows]:
    """Return the positions of each number below `count`, ascending."""
    import numpy as np

    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.cumsum(np.bincount(numbers, minlength=count))[:-1])


def _nearest_centers(
    vectors: Vectors, centers: list[Vectors], near: NDArray[np.int64], own: list[Rows]
) -> tuple[Vectors, NDArray[np.int64]]:
    """Return the cosines of each row's nearest centers and their numbers, nearest first, all regions' in a row.

    They are looked for in those regions that the rows of a region are mostly `near` to, (n, r); `own` are the rows of
    each region.
    """
    import faiss
    import numpy as np

    firsts = np.cumsum([0, *map(len, centers)])
    count = min(_NEAR, int(firsts[-1]))
    cosines = np.full((len(vectors), count), -1, dtype=np.float32)
    nearest = np.zeros((len(vectors), count), dtype=np.int64)
    for region, rows in enumerate(own):
        if not len(rows):
            continue
        told = np.bincount(near[rows].ravel(), minlength=len(centers))
        told[region] = len(rows) + 1
        regions = np.argsort(-told, kind="stable")[:_REGIONS]
        numbers = np.concatenate([np.arange(firsts[other], firsts[other + 1]) for other in regions])
        among = np.concatenate([centers[other] for other in regions])
        width = min(count, len(among))
        cosines[rows, :width], places = faiss.knn(vectors[rows], among, width, metric=faiss.METRIC_INNER_PRODUCT)
        nearest[rows, :width] = numbers[places]
        nearest[rows, width:] = nearest[rows, :1]
    return cosines, nearest


def _covers(centers: Vectors, near: NDArray[np.int64], cosines: Vectors) -> NDArray[np.int32]:
    """Return by cluster those in which its rows have most of their weight, then those that are near to its center."""
    import numpy as np

    count = len(centers)
    width = min(count, _IN_COVER)
    weights = np.exp((cosines - cosines[:, :1]) * _SHARPNESS)
    covers = np.empty((count, width), dtype=np.int32)
    for cluster, rows in enumerate(grouped(near[:, 0], count)):
        if cluster % _TOGETHER == 0:
            between = 1e-6 * (centers[cluster : cluster + _TOGETHER] @ centers.T)
        told = np.bincount(near[rows].ravel(), weights=weights[rows].ravel(), minlength=count)
        told = told + between[cluster % _TOGETHER]  # not in place: of no rows, they are whole numbers
        told[cluster] = np.inf
        first = np.sort(np.argpartition(-told, width - 1)[:width])
        covers[cluster] = first[np.argsort(-told[first], kind="stable")]
    return covers
