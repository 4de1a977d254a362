"""Samples of many papers that leave nothing out, and places for the others by their neighbors, a block at a time.

The sample leaves no field out: every paper is in it or has one of it among its 14 nearest, so of any papers that are
each other's nearest one is in it, and single papers that are near to none of it are in it themselves. Which of them:
chance, from the seed (as in Luby, "A simple parallel algorithm for the maximal independent set problem", SIAM Journal
on Computing 15, 1986).

A paper that is not in it goes to where most of its neighbors are: of their places the one that draws it most, by the
attraction of UMAP's curve 1 / (1 + d²), and from there one step of the mean shift (Cheng, "Mean shift, mode seeking,
and clustering", IEEE Transactions on Pattern Analysis and Machine Intelligence 17, 1995). Once more when all have one.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from explorer.layout.blocks import thread_count
from explorer.layout.faithfulness import NEAREST
from explorer.layout.newcomers import spacing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.intp]
    Coordinates = NDArray[np.float32]

_COLUMNS = (1, 2, 4, 8, 14)  # nearest that may stand for a paper: the fewer, the more papers are in the sample
_HOPS = 14  # nearest, and of these the nearest, that may be neighbors of a paper in the sample
_TOGETHER = 1000  # papers of the sample at a time whose neighbors are sought: about 150 MB
_PLACED = 10_000  # papers at a time that are placed: about 50 MB each thread
_PASSES = 2


def placed_by_sample(made: Coordinates, sample: Rows, neighbors: NDArray[Any], seed: int) -> Coordinates:
    """Return (n, 2) float32 coordinates, finite and centered, of all papers: `made` (m, 2) are those of a sample.

    `sample` (m,) are its rows, of which each of the others has one among its nearest, `neighbors` (n, k). The same
    input gives the same bytes, whatever the number of threads. Memory grows with some 50 bytes for each paper.
    """
    import numpy as np

    n = len(neighbors)
    coordinates = np.full((n, 2), np.nan, dtype=np.float32)
    coordinates[sample] = made
    others = np.flatnonzero(np.isnan(coordinates[:, 0]))
    aside = _aside(len(others), spacing(made.astype(np.float64)) * np.sqrt(len(sample) / n), seed)
    for _ in range(_PASSES):
        coordinates[others] = _by_neighbors(coordinates, neighbors, others) + aside
    coordinates -= coordinates.mean(axis=0, dtype=np.float64).astype(np.float32)
    return coordinates


def _aside(count: int, radius: float, seed: int) -> Coordinates:
    """Return random steps of up to `radius`, (count, 2), so that no two papers lie in one place."""
    import numpy as np

    turned, apart = np.random.default_rng(seed).uniform(0, 1, (2, count))
    length = radius * np.sqrt(apart)
    steps = np.stack([length * np.cos(2 * np.pi * turned), length * np.sin(2 * np.pi * turned)], axis=1)
    return np.asarray(steps, dtype=np.float32)


def sampled(neighbors: NDArray[Any], seed: int, most: int) -> Rows:
    """Return rows, ascending, so that every other one has one of them among its 14 nearest: `most` at most, if it can.

    `neighbors` are the (n, k) rows nearest to each, itself excluded, the nearest first.
    """
    import numpy as np

    order = np.random.default_rng(seed).permutation(len(neighbors))
    for columns in _COLUMNS:
        sample = _standing_for_all(neighbors[:, :columns], order)
        if len(sample) <= most:
            break
    return sample


def _standing_for_all(near: NDArray[Any], order: NDArray[np.int64]) -> Rows:
    """Return rows so that every other one is near to one: again and again those before all that they are near to."""
    import numpy as np

    n = len(near)
    waiting, is_taken = np.arange(n), np.zeros(n, dtype=bool)
    rank = np.append(order, n)  # of those that wait; the last: nobody
    while len(waiting):
        first = np.concatenate([rank[near[some]].min(axis=1, initial=n) for some in _blocks(waiting)])
        is_taken[waiting[rank[waiting] <= first]] = True
        is_done = np.concatenate([is_taken[some] | is_taken[near[some]].any(axis=1) for some in _blocks(waiting)])
        rank[waiting[is_done]] = n
        waiting = waiting[~is_done]
    return np.flatnonzero(is_taken)


def _blocks(rows: Rows, size: int = 100_000) -> Iterator[Rows]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def lists_within(
    vectors: NDArray[np.float32], neighbors: NDArray[Any], sample: Rows, k: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the neighbors within a sample, as positions in it (m, min(k, m - 1)), nearest first, and their cosines.

    `vectors` (m, d) are the unit rows of the sample, `neighbors` (n, k) those of all papers.
    They are sought among a paper's neighbors and the neighbors of these; where there are too few, any others stand in.
    """
    import numpy as np

    at = np.full(len(neighbors), -1, dtype=np.int32)
    at[sample] = np.arange(len(sample), dtype=np.int32)
    k = min(k, len(sample) - 1)

    def listed(some: Rows) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        return _listed(vectors, _candidates(neighbors, at, some, k), at[some])

    with ThreadPoolExecutor(thread_count()) as pool:
        found = list(pool.map(listed, _blocks(sample, _TOGETHER)))
    positions, cosines = (np.concatenate([lists[side][:, :k] for lists in found]) for side in (0, 1))
    return positions, cosines


def _candidates(neighbors: NDArray[Any], at: NDArray[np.int32], rows: Rows, k: int) -> NDArray[np.int32]:
    """Return positions in the sample that may be near to rows of it, (r, c), -1 where there is none or it is again."""
    import numpy as np

    near = np.asarray(neighbors[rows])
    further = np.asarray(neighbors[near[:, :_HOPS].ravel(), :_HOPS]).reshape(len(rows), -1)
    own, m = at[rows][:, None], int(at.max()) + 1
    any_others = (own + 1 + np.arange(k, dtype=np.int32) * max(1, (m - 1) // max(1, k))) % m
    found: NDArray[np.int32] = np.sort(np.concatenate([at[near], at[further], any_others], axis=1), axis=1)
    is_again = np.zeros(found.shape, dtype=bool)
    is_again[:, 1:] = found[:, 1:] == found[:, :-1]
    found[is_again | (found == own)] = -1
    return found


def _listed(
    vectors: NDArray[np.float32], candidates: NDArray[np.int32], own: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return candidates, the nearest first, and their cosines; what is none comes last."""
    import numpy as np

    order = np.argsort(candidates < 0, axis=1, kind="stable")
    candidates = np.take_along_axis(candidates, order, axis=1)[:, : int((candidates >= 0).sum(axis=1).max())]
    cosines = np.empty(candidates.shape, dtype=np.float32)
    for row, (query, those) in enumerate(zip(vectors[own], candidates, strict=True)):
        cosines[row] = vectors[those] @ query
    cosines[candidates < 0] = -np.inf
    order = np.argsort(-cosines, axis=1, kind="stable")
    return np.take_along_axis(candidates, order, axis=1), np.take_along_axis(cosines, order, axis=1)


def _by_neighbors(coordinates: Coordinates, neighbors: NDArray[Any], rows: Rows) -> Coordinates:
    """Return where most of each row's neighbors are, (r, 2), of those that have a place."""
    import numpy as np

    def settled(some: Rows) -> Coordinates:
        places = coordinates[neighbors[some, :NEAREST]]
        is_placed = np.isfinite(places[..., 0])
        places = np.where(is_placed[..., None], places, 0)
        squares = ((places[:, :, None] - places[:, None]) ** 2).sum(axis=3)
        attraction = is_placed[:, None] / (1 + squares)
        strongest = np.where(is_placed, attraction.sum(axis=2), -1).argmax(axis=1)
        drawn = attraction[np.arange(len(some)), strongest][..., None]
        moved: Coordinates = ((drawn * places).sum(axis=1) / drawn.sum(axis=1)).astype(np.float32)
        return moved

    with ThreadPoolExecutor(thread_count()) as pool:
        return np.concatenate(list(pool.map(settled, _blocks(rows, _PLACED))))
