"""Fields that a picture does not have yet: groups of newcomers, a picture of each, and free areas for these pictures.

NumPy and SciPy do it: where newcomers are few, compiling the layout's own descent would take longer than all the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Places = NDArray[np.float64]
    Rows = NDArray[np.intp]
    Links = NDArray[np.intp]  # (2, m): the points that each edge joins

_TURNS = 100  # of the iteration for the start
_EPOCHS = 250
_RATE = 0.2
_PUSH = 1500.0  # how hard a point is pushed by the mean of others, against one edge that draws it
_SAMPLE = 64  # points that it is pushed by in an epoch
_LIMIT = 8.0  # of a push
_CELLS = 256  # a side, of the grid in which free areas are sought


def parts(links: Links, count: int) -> list[Rows]:
    """Return the connected parts of `count` points, each ascending, the largest first, of equal ones by first point."""
    import numpy as np
    from scipy.sparse.csgraph import connected_components

    labels = connected_components(_graph(links, count), directed=False)[1]
    order = np.argsort(labels, kind="stable")
    found = np.split(order, np.cumsum(np.bincount(labels))[:-1])
    return sorted(found, key=lambda rows: (-len(rows), int(rows[0])))


def own_picture(links: Links, count: int, seed: int) -> Places:
    """Return (count, 2) places for points, about zero, so that those that are linked are near.

    The start is the slowest waves on the graph (Belkin & Niyogi, "Laplacian eigenmaps for dimensionality reduction and
    data representation", Neural Computation 15, 2003). Then linked points draw each other and all push each other, as
    in the layout: in each epoch, random ones stand for all. All is finite.
    """
    import numpy as np

    dice = np.random.default_rng(seed)
    places = _slow_waves(links, count, dice)
    if count < 2:
        return places
    for epoch in range(_EPOCHS):
        rate = _RATE * (1 - epoch / _EPOCHS)
        places += rate * _drawn(places, links)
        push = _PUSH * min(1.0, 2 * epoch / _EPOCHS)
        places += rate * np.clip(push * _pushed(places, dice.permutation(count)), -_LIMIT, _LIMIT)
    centered: Places = places - places.mean(axis=0)
    return centered


def free_place(points: Places, radius: float, wanted: Places) -> Places:
    """Return the middle (2,) of a circle of `radius` without points, as near to the place `wanted` as there is one.

    That is up to the cells of a grid. There is always one beside the picture of the (n, 2) points, n >= 1.
    """
    import numpy as np
    from scipy.ndimage import distance_transform_edt

    lowest, highest = points.min(axis=0), points.max(axis=0)
    cell = max(float((highest - lowest).max()) / _CELLS, radius / 4)
    border = 2 * radius + 4 * cell
    corner = lowest - border
    shape = np.floor((highest + border - corner) / cell).astype(int) + 1
    is_free = np.ones(shape, dtype=bool)
    is_free[tuple(((points - corner) / cell).astype(int).T)] = False
    is_wide = (
        distance_transform_edt(is_free) * cell >= radius + 2 * cell
    )  # two: both points lie anywhere in their cells
    middles = corner + (np.argwhere(is_wide) + 0.5) * cell
    nearest: Places = middles[((middles - wanted) ** 2).sum(axis=1).argmin()]
    return nearest


def _graph(links: Links, count: int) -> Any:
    import numpy as np
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones(links.shape[1]), (links[0], links[1])), shape=(count, count))


def _slow_waves(links: Links, count: int, dice: np.random.Generator) -> Places:
    """Return the two slowest waves but the constant one, by orthogonal iteration, of a size that fits the forces."""
    import numpy as np

    graph = _graph(links, count)
    graph = graph + graph.T
    roots = np.sqrt(np.maximum(np.asarray(graph.sum(axis=1)).ravel(), 1))[:, None]
    waves = dice.normal(size=(count, 3))
    waves[:, :1] = roots
    for _ in range(_TURNS):
        waves = np.linalg.qr(waves)[0] if count > 2 else waves
        waves[:, 1:] += (graph @ (waves[:, 1:] / roots)) / roots
    waves = waves[:, 1:] / roots
    return np.asarray(waves / (waves.std() or 1.0))


def _drawn(places: Places, links: Links) -> Places:
    """Return how each point is drawn by those that it is linked to: UMAP's curve with a = b = 1."""
    import numpy as np

    count = len(places)
    apart = places[links[0]] - places[links[1]]
    forces = -2 * apart / (1 + (apart**2).sum(axis=1, keepdims=True))
    made = np.empty_like(places)
    for axis in (0, 1):
        made[:, axis] = np.bincount(links[0], weights=forces[:, axis], minlength=count)
        made[:, axis] -= np.bincount(links[1], weights=forces[:, axis], minlength=count)
    return made


def _pushed(places: Places, order: NDArray[np.intp]) -> Places:
    """Return how each point is pushed by the mean of those that follow it in a random order."""
    import numpy as np

    count = len(places)
    sample = min(_SAMPLE, count - 1)
    lines = places[order].T.astype(np.float32)
    x, y = (
        line - np.lib.stride_tricks.sliding_window_view(np.append(line, line[:sample]), count)[1:] for line in lines
    )
    square = x**2 + y**2
    forces = 2 / ((np.float32(0.001) + square) * (1 + square))
    made = np.empty_like(places)
    made[order] = np.stack([(forces * x).mean(axis=0), (forces * y).mean(axis=0)], axis=1)
    return made
