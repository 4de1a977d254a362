"""Neighbor graph to two dimensions with UMAP. May import papers, cache and errors.

    optimizer      UMAP on the library's own neighbor graph, in this process
    descent        its inner loop, which is compiled
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

from typing import TYPE_CHECKING, Any, Protocol

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
    "principal_components", "project", "sampled_rows",
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
    vectors: Vectors,
    neighbors: NDArray[Any],
    similarities: NDArray[Any],
    options: LayoutOptions,
    process: LayoutProcess | None = None,
) -> Coordinates:
    """Return (n, 2) float32 coordinates that put near rows together.

    `vectors` are (n, d) unit rows, `neighbors` the (n, k) rows nearest to each, itself excluded, `similarities` their
    cosines. A `process` that was started before has compiled by now. The same input gives the same bytes on the same
    machine, whichever process computes. All coordinates are finite.
    """
    start = principal_components(vectors)
    if len(start) <= _DRAWN_EXACTLY:
        return start
    if process is not None and (placed := process.optimize(start, neighbors, similarities, options)) is not None:
        return placed
    from explorer.layout.optimizer import optimize

    return optimize(start, neighbors, similarities, options)


def principal_components(vectors: Vectors) -> Coordinates:
    """Return the first two principal components of (n, d) rows, (n, 2) float32; absent ones are zero.

    The sign of each component, which is arbitrary, is set so that its loading of largest size is positive. Of many
    rows, some are in memory at a time.
    """
    import numpy as np

    n, d = vectors.shape
    size = max(_IN_HAND // (4 * d), d)
    if n <= size:
        vectors = vectors[:n]  # read once
    mean = _mean(vectors, size)
    parts = (vectors[start : start + size] - mean for start in range(0, n, size))
    if n < d:
        plane = np.linalg.svd(next(parts).astype(np.float64), full_matrices=False)[2][:2].T
    else:
        products = sum((part.T @ part).astype(np.float64) for part in parts)
        plane = np.linalg.eigh(products)[1][:, ::-1][:, :2]
    largest = np.abs(plane).argmax(axis=0)
    plane = plane * np.sign(plane[largest, np.arange(plane.shape[1])])
    coordinates = np.zeros((n, 2), dtype=np.float32)
    for start in range(0, n, size):
        part = vectors[start : start + size] - mean
        coordinates[start : start + size, : plane.shape[1]] = part @ plane.astype(np.float32)
    return coordinates


def _mean(vectors: Vectors, size: int) -> NDArray[np.float32]:
    """Return the mean of all rows, (d,), of which `size` are in memory at a time."""
    import numpy as np

    n, d = vectors.shape
    total = np.zeros(d)
    for start in range(0, n, size):
        total += vectors[start : start + size].sum(axis=0, dtype=np.float64)
    mean: NDArray[np.float32] = (total / n).astype(np.float32)
    return mean
