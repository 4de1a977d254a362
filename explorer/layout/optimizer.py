"""UMAP on a given neighbor graph and start, in this process.

UMAP gets the library's own neighbor graph, so it neither searches again nor needs its search compiled; what it makes of
it, the fuzzy graph, is laid out by `descent`.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from explorer.layout.blocks import block_count, cells, descend_by_rounds
from explorer.layout.descent import compiled
from explorer.layout.options import LayoutOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_EXTENT = 10.0  # of the start, on each axis; UMAP's
_NOISE = 1e-4  # on the start, so that papers in one place come apart; UMAP's
_AGAIN = 0.3  # of all epochs, for papers that have places already
_MOST_PUSHED = 1 / 64  # of all papers, at an edge's turn


def optimize(
    start: NDArray[np.float32],
    neighbors: NDArray[Any],
    similarities: NDArray[Any],
    options: LayoutOptions,
    *,
    is_placed: bool = False,
) -> NDArray[np.float32]:
    """Return (n, 2) float32 coordinates, finite and centered, from the (n, 2) `start` and the (n, k) neighbor lists.

    A start of which the places are the coarse picture already, at its scale, `is_placed`: it gets the second half of
    fewer epochs, in which nothing moves far and repulsion is whole.
    """
    import numpy as np

    n = len(start)
    random_state = np.random.RandomState(options.seed)
    graph = _fuzzy_graph(start, _with_self_first(neighbors, similarities, options.n_neighbors), random_state)
    order, blocks = random_state.permutation(n), block_count(n)
    again = round(_AGAIN * options.n_epochs)
    first, end = (again, 2 * again) if is_placed else (0, options.n_epochs)
    ends, waits = _edges(graph, order, max(end - first, 1))
    del graph  # of many papers, hundreds of megabytes
    places = (start if is_placed else _scaled(start, random_state))[order].T.copy()
    states = random_state.randint(2**48, size=(blocks, blocks), dtype=np.int64)
    made = cells(n, ends, waits, states, first)
    del ends, waits
    descend_by_rounds(_descent(), places, made, (first, end), (float(options.learning_rate), *_repulsion(n, options)))
    placed = np.empty_like(start, dtype=np.float32)
    placed[order] = places.T
    placed -= placed.mean(axis=0, dtype=np.float64).astype(np.float32)
    return placed


def _edges(graph: Any, order: NDArray[Any], epochs: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the edges whose turn comes, points in such an order: their ends (2, m), and how long they wait (m,)."""
    import numpy as np

    edges = graph[order][:, order].tocoo()
    most = edges.data.max()
    is_drawn = edges.data >= most / epochs
    ends = np.stack([edges.row[is_drawn], edges.col[is_drawn]]).astype(np.int32)
    return ends, (most / edges.data[is_drawn]).astype(np.float32)


def _repulsion(n: int, options: LayoutOptions) -> tuple[int, float]:
    """Return how many papers are pushed off at each turn of an edge, and how hard each.

    In a small library, `negative_sample_rate` papers would be most of them, and pushing all of them apart would drown
    what neighbors say. From 64 times as many papers on, it is what UMAP does; below, the push of one paper on another
    stays what it is there, as t-SNE's does, where it is normalized. All the same as many are drawn: that is less noise.
    """
    rate = options.negative_sample_rate
    samples = min(rate, n)
    return samples, options.repulsion_strength * min(rate, n * _MOST_PUSHED) / max(samples, 1)


def _scaled(start: NDArray[np.float32], random_state: np.random.RandomState) -> NDArray[np.float32]:
    """Return the start as UMAP scales it: each axis from 0 to 10, and a little noise."""
    import numpy as np

    extent = np.ptp(start, axis=0)
    scaled = (start - start.min(axis=0)) * (_EXTENT / np.where(extent > 0, extent, 1))
    noisy: NDArray[np.float32] = (scaled + random_state.normal(scale=_NOISE, size=start.shape)).astype(np.float32)
    return noisy


def _with_self_first(neighbors: NDArray[Any], similarities: NDArray[Any], count: int) -> tuple[Any, Any]:
    """Return UMAP's neighbor lists: `count` rows and cosine distances, each row itself first, its twins after it."""
    import numpy as np

    rows = np.arange(len(neighbors), dtype=np.int32)[:, None]
    indices = np.concatenate([rows, np.asarray(neighbors)[:, : count - 1]], axis=1)
    distances = 1 - np.concatenate([np.ones(rows.shape), np.asarray(similarities)[:, : count - 1]], axis=1)
    return indices, np.maximum(distances, 0).astype(np.float32)


def _fuzzy_graph(start: NDArray[np.float32], lists: tuple[Any, Any], random_state: np.random.RandomState) -> Any:
    """Return UMAP's fuzzy graph of neighbor lists, a sparse matrix (n, n); of `start` it takes the length alone."""
    indices, distances = lists
    with warnings.catch_warnings():
        # Papers whose neighbors are all far off stay unconnected: UMAP's remark is not the user's concern.
        warnings.simplefilter("ignore")
        graph, _, _ = _umap().fuzzy_simplicial_set(
            start, indices.shape[1], random_state, "cosine", knn_indices=indices, knn_dists=distances
        )
    return graph.tocsr()


def _umap() -> Any:
    """Import umap-learn with its compiled functions kept on disk between processes.

    It compiles for seconds in every process otherwise; where no cache can be written, it still does.
    """
    from numba.core.dispatcher import Dispatcher

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap import umap_

    for function in vars(umap_).values():
        if isinstance(function, Dispatcher) and not function.signatures:
            _keep_compiled(function)
    return umap_


@cache
def _descent() -> Any:
    """Return the compiled descent, kept on disk likewise."""
    import numba

    descend = compiled(numba)
    _keep_compiled(descend)
    return descend


def _keep_compiled(function: Any) -> None:
    """Have numba keep a function's compiled code where it may: "no locator available" says that there is nowhere."""
    with suppress(RuntimeError):
        function.enable_caching()
