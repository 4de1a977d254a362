"""The topics of a library that grew or shrank by some papers: nobody else changes topic, no topic its name."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from explorer.topics.matching import Previous
from explorer.topics.topics import Topic, Topics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NEIGHBORS = 15  # that tell a paper's topic
_LEAST_WEIGHT = 0.01  # of one with nothing in common
_CENTRAL = 10


def joined(previous: Previous, neighbors: NDArray[np.int32], similarities: NDArray[np.float32]) -> Topics:
    """Return the topics of the library now: the same ones, but for those that no paper is left in.

    `neighbors` are the (n, k) int32 rows nearest to each row now, itself excluded, the nearest first, `similarities`
    their cosines. A new paper joins the finest topic that its first fifteen neighbors have most weight in, by cosines;
    those that know most of their neighbors' topics come first, and count for the others. It is in none when none of its
    neighbors is in any. Sizes are those of now. Central papers that went away are missed, unless all did: then others
    take their place, by the weight of their neighbors in the topic. Ids, labels, terms and colors stay.
    """
    import numpy as np

    levels = np.full((len(previous.rows), 2), -1, dtype=np.int32)
    is_old = previous.rows >= 0
    levels[is_old] = previous.topics.levels[previous.rows[is_old]]
    pairs, kinds = np.unique(levels.view(np.int64)[:, 0], return_inverse=True)  # both ids as one number: far faster
    kinds = np.where(pairs == -1, -1, np.arange(len(pairs)))[kinds]
    _join(np.flatnonzero(~is_old), kinds, neighbors, similarities)
    levels.view(np.int64)[kinds >= 0, 0] = pairs[kinds[kinds >= 0]]
    now = np.full(len(previous.topics.levels), -1, dtype=np.int64)
    now[previous.rows[is_old]] = np.flatnonzero(is_old)
    topics = []
    for topic in _counted(previous.topics.topics, levels):
        central = tuple(row for row in now[list(topic.central)].tolist() if row >= 0)
        if not central:
            members = np.flatnonzero(levels[:, topic.level] == topic.id)
            central = _most_central(members, neighbors, similarities)
        topics.append(replace(topic, central=central))
    return Topics(levels, tuple(topics), previous.topics.next_id)


def _join(
    newcomers: NDArray[np.int64], kinds: NDArray[np.int64], neighbors: NDArray[Any], similarities: NDArray[Any]
) -> None:
    """Write the kind of each newcomer into `kinds`, which has -1 for none: the one that its neighbors favor.

    One joins after the other, always the one that knows most: whose neighbors of known kind have most weight.
    """
    near, weights, around = _around(newcomers, neighbors, similarities)
    known = (weights * (kinds[near] >= 0)).sum(axis=1).tolist()
    order = [(-weight, place) for place, weight in enumerate(known) if weight > 0]
    heapq.heapify(order)
    while order:
        _, place = heapq.heappop(order)
        if kinds[newcomers[place]] >= 0:
            continue  # it stood there twice
        kinds[newcomers[place]] = _favorite(kinds[near[place]].tolist(), weights[place].tolist())
        for other, weight in around[place]:
            if kinds[newcomers[other]] < 0:
                known[other] += weight
                heapq.heappush(order, (-known[other], other))


def _around(
    newcomers: NDArray[np.int64], neighbors: NDArray[Any], similarities: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.float64], dict[int, list[tuple[int, float]]]]:
    """Return the neighbors of newcomers and their weights, and which newcomers each of them is a neighbor of.

    Newcomers are numbered as in `newcomers`, which ascends.
    """
    import numpy as np

    near = neighbors[newcomers, :_NEIGHBORS]
    weights = np.maximum(similarities[newcomers, :_NEIGHBORS].astype(np.float64), _LEAST_WEIGHT)
    around: dict[int, list[tuple[int, float]]] = defaultdict(list)
    if len(newcomers):
        place = np.minimum(np.searchsorted(newcomers, near), len(newcomers) - 1)
        own, column = np.nonzero(newcomers[place] == near)
        found = (place[own, column].tolist(), own.tolist(), weights[own, column].tolist())
        for other, waiting, weight in zip(*found, strict=True):
            around[other].append((waiting, weight))
    return near, weights, around


def _favorite(kinds: list[int], weights: list[float]) -> int:
    """Return the kind of most weight; of equal ones, the first."""
    votes: dict[int, float] = defaultdict(float)
    for kind, weight in zip(kinds, weights, strict=True):
        if kind >= 0:
            votes[kind] += weight
    return max(votes, key=lambda kind: (votes[kind], -kind))


def _counted(topics: Sequence[Topic], levels: NDArray[np.int32]) -> list[Topic]:
    """Return the topics that have papers with their sizes, the coarse ones first, by size, then the parts of each."""
    import numpy as np

    sizes = [
        dict(zip(*map(np.ndarray.tolist, np.unique(column, return_counts=True)), strict=True)) for column in levels.T
    ]
    there = [replace(topic, size=sizes[topic.level].get(topic.id, 0)) for topic in topics]
    parts = [topic for topic in there if topic.level == 1 and topic.size]
    held = {topic.parent for topic in parts}
    coarse = [topic for topic in there if topic.level == 0 and (topic.size or topic.id in held)]
    coarse.sort(key=lambda topic: -topic.size)
    place: dict[int | None, int] = {topic.id: position for position, topic in enumerate(coarse)}
    return coarse + sorted(parts, key=lambda topic: (place[topic.parent], -topic.size))


def _most_central(members: NDArray[np.int64], neighbors: NDArray[Any], similarities: NDArray[Any]) -> tuple[int, ...]:
    """Return the ten most central of some rows: by the cosines with those neighbors that are among them, both ways."""
    import numpy as np

    near = neighbors[members]
    place = np.minimum(np.searchsorted(members, near), len(members) - 1)
    weights = np.where(members[place] == near, np.maximum(similarities[members], 0), 0).astype(np.float64)
    degrees = weights.sum(axis=1) + np.bincount(place.ravel(), weights=weights.ravel(), minlength=len(members))
    order = np.lexsort((members, -degrees.round(4)))[:_CENTRAL]
    return tuple(members[order].tolist())
