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

from typing import TYPE_CHECKING, Any

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
    machine, whichever process computes. All coordinates are finite.
    """
    start = principal_components(vectors)
    if len(vectors) <= _DRAWN_EXACTLY:
        return start
    if process is not None and (placed := process.optimize(start, neighbors, similarities, options)) is not None:
        return placed
    from explorer.layout.optimizer import optimize

    return optimize(start, neighbors, similarities, options)


def principal_components(vectors: NDArray[np.float32]) -> Coordinates:
    """Return the first two principal components of (n, d) rows, (n, 2) float32; absent ones are zero.

    The sign of each component, which is arbitrary, is set so that its loading of largest size is positive.
    """
    import numpy as np

    centered = vectors - vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    if len(centered) < centered.shape[1]:
        plane = np.linalg.svd(centered.astype(np.float64), full_matrices=False)[2][:2].T
    else:
        plane = np.linalg.eigh((centered.T @ centered).astype(np.float64))[1][:, ::-1][:, :2]
    largest = np.abs(plane).argmax(axis=0)
    plane = plane * np.sign(plane[largest, np.arange(plane.shape[1])])
    coordinates = np.zeros((len(vectors), 2), dtype=np.float32)
    coordinates[:, : plane.shape[1]] = centered @ plane.astype(np.float32)
    return coordinates
