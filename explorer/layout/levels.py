"""Many papers by levels: a sample of them is laid out first, and of that a sample; then each level from the one before.

A level's papers begin where their neighbors in the sample lie, so the picture is in order already when they come, and
what is left to do for each of them is little, whatever their number (as in Walshaw, "A multilevel algorithm for
force-directed graph-drawing", Journal of Graph Algorithms and Applications 7, 2003). Of more papers than a machine lays
out at once, those that are not in the first sample stay where their neighbors are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from explorer.layout.components import Vectors, principal_components, taken
from explorer.layout.options import LayoutOptions
from explorer.layout.sampling import lists_within, placed_by_sample, sampled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Coordinates = NDArray[np.float32]

FROM = 50_000  # papers; more have a sample that is laid out first
AGAIN_FROM = 200_000  # papers of a sample; more have one, too: neighbors in a sample of a sample are less true
LIMIT = 1_000_000  # papers; of more, only a sample is laid out
_WORTH = 0.8  # of all papers in the sample: with more there is nothing to gain


class Level(NamedTuple):
    """Hold a sample: (m,) rows, ascending, of the papers or of the sample before; the neighbors among them, (m, k).

    These are positions in the sample, nearest first, with their cosines.
    """

    sample: NDArray[np.intp]
    neighbors: NDArray[np.int32]
    similarities: NDArray[np.float32]


class Beginning(NamedTuple):
    """Hold samples, the finest first, and where the papers of the last begin (all papers, where there is none)."""

    start: Coordinates
    coarser: list[Level]


def begin(
    vectors: Vectors | NDArray[np.float32],
    neighbors: NDArray[Any],
    similarities: NDArray[Any],
    options: LayoutOptions,
) -> Beginning:
    """Return how the layout of (n, d) unit vectors begins; `neighbors` and `similarities` are (n, k).

    Vectors are read once, some at a time. Memory grows with the first sample.
    """
    coarser: list[Level] = []
    while (sample := _sample(neighbors, options.seed, AGAIN_FROM if coarser else FROM)) is not None:
        vectors = taken(vectors, sample)
        neighbors, similarities = lists_within(vectors, neighbors, sample, similarities.shape[1])
        coarser.append(Level(sample, neighbors, similarities))
    return Beginning(principal_components(vectors), coarser)


def lay_out(
    optimize: Callable[..., Coordinates],
    start: Coordinates,
    neighbors: NDArray[Any],
    similarities: NDArray[Any],
    options: LayoutOptions,
    coarser: Sequence[Level] = (),
) -> Coordinates:
    """Return (n, 2) coordinates of the papers whose neighbors are given, from the `start` of the last of `coarser`.

    `optimize` lays out one level: `optimizer.optimize`.
    """
    graphs = [(neighbors, similarities), *((level.neighbors, level.similarities) for level in coarser)]
    made = optimize(start, *graphs.pop(), options)
    for level in reversed(coarser):
        finer = graphs.pop()
        made = placed_by_sample(made, level.sample, finer[0], options.seed)
        made *= math.sqrt(len(made) / len(level.sample))  # so that there is room for all
        made = optimize(made, *finer, options, is_placed=True)
    return made


def _sample(neighbors: NDArray[Any], seed: int, above: int) -> NDArray[np.intp] | None:
    """Return a sample of papers, as small as can be or as is laid out at once; None where it is not worth it."""
    if len(neighbors) <= above:
        return None
    sample = sampled(neighbors, seed, LIMIT if len(neighbors) > LIMIT else 0)
    return None if len(sample) > _WORTH * len(neighbors) else sample
