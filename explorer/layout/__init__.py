"""Neighbor graph to two dimensions with UMAP. May import papers, cache and errors.

    components     principal components, where a layout begins
    levels         samples of many papers, which are laid out first
    sampling       these samples, their neighbors, and places for the papers that are not in them
    optimizer      UMAP on one neighbor graph, in this process
    descent        its inner loop, which is compiled
    blocks         that loop by several threads, the same bytes for any number of them
    process        the same in a process of its own, which starts and compiles while other work goes on
    worker         that process
    faithfulness   how much of the truth the picture keeps
    picture        which points are nearest in it
    newcomers      places for papers that join a picture in which nobody else moves
    fields         pictures of whole fields that are new to it, and where there is room for them
    alignment      turning a new picture so that it looks like the one before

One graph, one loss, one descent, for ten papers and for a million: what changes with their number is where they begin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from explorer.layout import levels
from explorer.layout.alignment import aligned
from explorer.layout.components import Vectors, principal_components
from explorer.layout.faithfulness import NEAREST, faithfulness, kept_neighbors, sampled_rows
from explorer.layout.levels import Beginning, Level, begin
from explorer.layout.newcomers import placed
from explorer.layout.options import LayoutOptions
from explorer.layout.process import LayoutProcess
from explorer.layout.sampling import placed_by_sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Coordinates = NDArray[np.float32]

__all__ = [
    "NEAREST", "LayoutOptions", "LayoutProcess", "aligned", "begin", "faithfulness", "kept_neighbors", "placed",
    "principal_components", "project", "project_from", "sampled_rows",
]  # fmt: skip

_DRAWN_EXACTLY = 3  # so few unit vectors lie in a plane through their mean: no optimization is needed


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
    machine, whichever process computes and by however many threads. Of more than 50,000 papers a sample is laid out
    first, where the others begin; beyond a million these stay there. All coordinates are finite.
    """
    return project_from(begin(vectors, neighbors, similarities, options), neighbors, similarities, options, process)


def project_from(
    beginning: Beginning,
    neighbors: NDArray[Any],
    similarities: NDArray[Any],
    options: LayoutOptions,
    process: LayoutProcess | None = None,
) -> Coordinates:
    """Return what `project` does of vectors of which `begin` returned the `beginning`; they are needed no more."""
    start, coarser = beginning
    if coarser and len(neighbors) > levels.LIMIT:
        first = coarser[0]
        made = _laid_out(start, first.neighbors, first.similarities, options, process, coarser[1:])
        return placed_by_sample(made, first.sample, neighbors, options.seed)
    return _laid_out(start, neighbors, similarities, options, process, coarser)


def _laid_out(
    start: Coordinates,
    neighbors: NDArray[Any],
    similarities: NDArray[Any],
    options: LayoutOptions,
    process: LayoutProcess | None,
    coarser: Sequence[Level],
) -> Coordinates:
    if len(neighbors) <= _DRAWN_EXACTLY:
        return start
    if process is not None:
        made = process.optimize(start, neighbors, similarities, options, coarser)
        if made is not None:
            return made
    from explorer.layout.optimizer import optimize

    return levels.lay_out(optimize, start, neighbors, similarities, options, coarser)
