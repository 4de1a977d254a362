"""UMAP on a given neighbor graph and start, in this process.

UMAP gets the library's own neighbor graph, so it neither searches again nor needs its search compiled.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from explorer.layout.options import LayoutOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def optimize(
    start: NDArray[np.float32],
    neighbors: NDArray[Any],
    similarities: NDArray[Any],
    options: LayoutOptions,
) -> NDArray[np.float32]:
    """Return (n, 2) float32 coordinates, finite and centered, from the (n, 2) `start` and the (n, k) neighbor lists."""
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
    placed: NDArray[np.float32] = np.where(np.isfinite(coordinates), coordinates, 0).astype(np.float32)
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

    It compiles for seconds in every process otherwise; where no cache can be written, it still does.
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
