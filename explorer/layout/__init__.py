"""Neighbor graph to two dimensions with UMAP. May import papers, cache and errors.

    optimizer      UMAP on the library's own neighbor graph, in this process
    descent        its inner loop, which is compiled
    blocks         that loop by several threads, the same bytes for any number of them
    sampling       beyond a million papers: the layout of a sample, and places for the others
    process        the same in a process of its own, which starts and compiles while other work goes on
    worker         that process
    faithfulness   how much of the truth the picture keeps
    picture        which points are nearest in it
    newcomers      places for papers that join a picture in which nobody else moves
    fields         pictures of whole fields that are new to it, and where there is room for them
    alignment      turning a new picture so that it looks like the one before

The start is the principal components: deterministic, and as good a start as a spectral one (Kobak & Linderman,
"Initialization is critical for preserving global data structure in both t-SNE and UMAP", Nature Biotechnology 39,
2021).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from explorer.layout import sampling
from explorer.layout.alignment import aligned
from explorer.layout.faithfulness import NEAREST, faithfulness, kept_neighbors, sampled_rows
from explorer.layout.newcomers import placed
from explorer.layout.options import LayoutOptions
from explorer.layout.process import LayoutProcess

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Coordinates = NDArray[np.float32]

__all__ = [
    "NEAREST", "LayoutOptions", "LayoutProcess", "aligned", "faithfulness", "kept_neighbors", "placed",
    "principal_components", "project", "project_from", "sampled_rows",
]  # fmt: skip

_DRAWN_EXACTLY = 3  # so few unit vectors lie in a plane through their mean: no optimization is needed
_IN_HAND = 192 << 20  # bytes of vectors at a time: of 131,072 that have 384 dimensions


class Vectors(Protocol):
    """Give (n, d) float32 rows slice by slice, from wherever they are; an array does."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Return (n, d)."""

    def __getitem__(self, rows: slice, /) -> Any:
        """Return some rows that follow each other."""


def project(
    vectors: Vectors | NDArray[np.float32],
    neighbors: NDArray[Any],
    similarities: NDArray[Any],
    options: LayoutOptions,
    process: LayoutProcess | None = None,
) -> Coordinates:
    """Return (n, 2) float32 coordinates that put near rows together.

    `vectors` are (n, d) unit rows, `neighbors` the (n, k) rows nearest to each, itself excluded, `similarities` their
    cosines. A `process` that was started before has compiled by now. The same input gives the same bytes on the same
    machine, whichever process computes and by however many threads. More than a million papers are placed by those of a
    sample (`sampling`). All coordinates are finite.
    """
    return project_from(principal_components(vectors), neighbors, similarities, options, process, lambda: vectors)


def project_from(
    start: Coordinates,
    neighbors: NDArray[Any],
    similarities: NDArray[Any],
    options: LayoutOptions,
    process: LayoutProcess | None = None,
    vectors: Callable[[], Any] | None = None,
) -> Coordinates:
    """Return what `project` does of vectors whose `principal_components` are `start`.

    `vectors` returns them, should they be needed: of more than a million, rows are taken from everywhere, so they are
    an array, in memory or mapped.
    """
    if vectors is None or len(start) <= sampling.LIMIT:
        return _whole(start, neighbors, similarities, options, process)

    def lay_out(some: NDArray[np.float32], near: NDArray[Any], cosines: NDArray[Any]) -> Coordinates:
        if len(some) < len(start):  # a sample that is too large has a sample of its own
            return project(some, near, cosines, options, process)
        return _whole(start, near, cosines, options, process)

    return sampling.project_by_sample(vectors(), neighbors, similarities, options.seed, lay_out)


def _whole(
    start: Coordinates,
    neighbors: NDArray[Any],
    similarities: NDArray[Any],
    options: LayoutOptions,
    process: LayoutProcess | None,
) -> Coordinates:
    if len(start) <= _DRAWN_EXACTLY:
        return start
    if process is not None and (placed := process.optimize(start, neighbors, similarities, options)) is not None:
        return placed
    from explorer.layout.optimizer import optimize

    return optimize(start, neighbors, similarities, options)


def principal_components(vectors: Vectors | NDArray[np.float32]) -> Coordinates:
    """Return the first two principal components of (n, d) rows, (n, 2) float32; absent ones are zero.

    The sign of each component, which is arbitrary, is set so that its loading of largest size is positive. Of many
    rows, some are in memory at a time.
    """
    import numpy as np

    n, d = vectors.shape
    size = max(_IN_HAND // (4 * d), d)
    if n <= size:
        vectors = vectors[:n]  # read once
        mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        plane = _plane(vectors - mean)
    else:
        mean, products = _moments(vectors, size)
        plane = np.linalg.eigh(products)[1][:, ::-1][:, :2]
    largest = np.abs(plane).argmax(axis=0)
    plane = plane * np.sign(plane[largest, np.arange(plane.shape[1])])
    coordinates = np.zeros((n, 2), dtype=np.float32)
    for start in range(0, n, size):
        part = vectors[start : start + size] - mean
        coordinates[start : start + size, : plane.shape[1]] = part @ plane.astype(np.float32)
    return coordinates


def _plane(centered: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the first two axes, (d, 2), of (n, d) rows whose mean is zero; fewer where there are no more."""
    import numpy as np

    if len(centered) < centered.shape[1]:
        return np.asarray(np.linalg.svd(centered.astype(np.float64), full_matrices=False)[2][:2].T)
    return np.asarray(np.linalg.eigh((centered.T @ centered).astype(np.float64))[1][:, ::-1][:, :2])


def _moments(vectors: Vectors | NDArray[np.float32], size: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the mean of all rows, (d,), and the (d, d) products of their distances from it, in one go.

    So many rows are in memory at a time.
    """
    import numpy as np

    n, d = vectors.shape
    total, products = np.zeros(d), np.zeros((d, d))
    for start in range(0, n, size):
        part = np.asarray(vectors[start : start + size], dtype=np.float32)
        total += part.sum(axis=0, dtype=np.float64)
        products += part.T @ part
    mean = total / n
    return mean.astype(np.float32), products - n * np.outer(mean, mean)
