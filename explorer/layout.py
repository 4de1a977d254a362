"""Neighbor graph to two dimensions with UMAP. May import papers and errors.

UMAP gets the library's own neighbor graph, so it neither searches again nor compiles its search. The start is the
principal components: deterministic, and as good a start as a spectral one (Kobak & Linderman, "Initialization is
critical for preserving global data structure in both t-SNE and UMAP", Nature Biotechnology 39, 2021).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Coordinates = NDArray[np.float32]

_DRAWN_EXACTLY = 3  # so few unit vectors lie in a plane through their mean: no optimization is needed


@dataclass(frozen=True, slots=True)
class LayoutOptions:
    """Hold UMAP's parameters, by UMAP's names and with its defaults."""

    n_neighbors: int = 15
    min_dist: float = 0.1
    spread: float = 1.0
    negative_sample_rate: int = 5
    repulsion_strength: float = 1.0
    seed: int = 42


def project(
    vectors: NDArray[np.float32], neighbors: NDArray[Any], similarities: NDArray[Any], options: LayoutOptions
) -> Coordinates:
    """Return (n, 2) float32 coordinates that put near rows together.

    `vectors` are (n, d) unit rows, `neighbors` the (n, k) rows nearest to each, itself excluded, `similarities` their
    cosines. The same input gives the same bytes on the same machine. All coordinates are finite.
    """
    start = principal_components(vectors)
    if len(vectors) <= _DRAWN_EXACTLY:
        return start
    return _optimized(start, neighbors, similarities, options)


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


def _optimized(
    start: Coordinates, neighbors: NDArray[Any], similarities: NDArray[Any], options: LayoutOptions
) -> Coordinates:
    import numpy as np

    umap = _umap()
    random_state = np.random.RandomState(options.seed)
    indices, distances = _with_self_first(neighbors, similarities, options.n_neighbors)
    with warnings.catch_warnings():
        # Papers whose neighbors are all far off stay unconnected: UMAP's remark is not the user's concern.
        warnings.simplefilter("ignore")
        graph, _, _ = umap.fuzzy_simplicial_set(
            start, indices.shape[1], random_state, "cosine", knn_indices=indices, knn_dists=distances
        )
        a, b = umap.find_ab_params(options.spread, options.min_dist)
        coordinates, _ = umap.simplicial_set_embedding(
            start, graph, 2, 1.0, a, b, options.repulsion_strength, options.negative_sample_rate, None,
            umap.noisy_scale_coords(start, random_state), random_state, "cosine", {}, False, {}, False,
        )  # fmt: skip
    placed: Coordinates = np.where(np.isfinite(coordinates), coordinates, 0).astype(np.float32)
    placed -= placed.mean(axis=0, dtype=np.float64).astype(np.float32)
    return placed


def _with_self_first(neighbors: NDArray[Any], similarities: NDArray[Any], count: int) -> tuple[Any, Any]:
    """Return UMAP's neighbor lists: `count` rows and cosine distances, each row itself first, its twins after it."""
    import numpy as np

    rows = np.arange(len(neighbors), dtype=np.int32)[:, None]
    indices = np.concatenate([rows, np.asarray(neighbors)[:, : count - 1]], axis=1)
    distances = 1 - np.concatenate([np.ones(rows.shape), np.asarray(similarities)[:, : count - 1]], axis=1)
    return indices, np.maximum(distances, 0).astype(np.float32)


def _umap() -> Any:
    """Import umap-learn with its compiled functions kept on disk between processes.

    It compiles for ten seconds and more in every process otherwise; where no cache can be written, it still does.
    """
    from numba.core.dispatcher import Dispatcher

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap import layouts, umap_, utils

    for module in (layouts, umap_, utils):
        for function in vars(module).values():
            if isinstance(function, Dispatcher) and not function.signatures:
                try:
                    function.enable_caching()
                except RuntimeError:  # "no locator available": nowhere to keep it
                    return umap_
    return umap_
