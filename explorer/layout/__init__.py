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

from typing import TYPE_CHECKING, Any

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
    "principal_components", "project", "sampled_rows",
]  # fmt: skip

_ROWS = 50_000  # whose principal components are computed at a time: 77 MB for 384 dimensions
_DRAWN_EXACTLY = 3  # so few unit vectors lie in a plane through their mean: no optimization is needed


def project(
    vectors: NDArray[np.float32],
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
    if len(vectors) <= sampling.LIMIT:
        return _whole(vectors, neighbors, similarities, options, process)

    def lay_out(some: NDArray[np.float32], near: NDArray[Any], cosines: NDArray[Any]) -> Coordinates:
        # A sample that is too large has a sample of its own.
        made = project if len(some) < len(vectors) else _whole
        return made(some, near, cosines, options, process)

    return sampling.project_by_sample(vectors, neighbors, similarities, options.seed, lay_out)


def _whole(
    vectors: NDArray[np.float32],
    neighbors: NDArray[Any],
    similarities: NDArray[Any],
    options: LayoutOptions,
    process: LayoutProcess | None,
) -> Coordinates:
    start = principal_components(vectors)
    if len(vectors) <= _DRAWN_EXACTLY:
        return start
    if process is not None and (placed := process.optimize(start, neighbors, similarities, options)) is not None:
        return placed
    from explorer.layout.optimizer import optimize

    return optimize(start, neighbors, similarities, options)


def principal_components(vectors: NDArray[np.floating[Any]]) -> Coordinates:
    """Return the first two principal components of (n, d) rows, (n, 2) float32; absent ones are zero.

    The sign of each component, which is arbitrary, is set so that its loading of largest size is positive. Rows may be
    mapped, and of half precision: some are held at a time.
    """
    import numpy as np

    mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    if len(vectors) < vectors.shape[1]:
        plane = np.linalg.svd((vectors - mean).astype(np.float64), full_matrices=False)[2][:2].T
    else:
        products = np.zeros((vectors.shape[1],) * 2)
        for start in range(0, len(vectors), _ROWS):
            centered = vectors[start : start + _ROWS] - mean
            products += centered.T @ centered
        plane = np.linalg.eigh(products)[1][:, ::-1][:, :2]
    largest = np.abs(plane).argmax(axis=0)
    plane = (plane * np.sign(plane[largest, np.arange(plane.shape[1])])).astype(np.float32)
    coordinates = np.zeros((len(vectors), 2), dtype=np.float32)
    for start in range(0, len(vectors), _ROWS):
        some = slice(start, start + _ROWS)
        coordinates[some, : plane.shape[1]] = (vectors[some] - mean) @ plane
    return coordinates
