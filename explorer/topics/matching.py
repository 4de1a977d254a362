"""Which group of a grown library is which of the one before: the one that shares most papers with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.topics.groups import COARSE, Groups
from explorer.topics.labels import Described
from explorer.topics.topics import Topic, Topics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = list[NDArray[np.intp]]

_SHARED = 0.5  # of the papers that both libraries have, in the old topic or in the new group: so many make it the same
_CENTRAL = 10


@dataclass(frozen=True, slots=True)
class Previous:
    """Hold the topics of the library before, and (n,) int64: for each row now its row then, -1 for new papers."""

    topics: Topics
    rows: NDArray[np.int64]


def matched(groups: Groups, central: tuple[Rows, Rows], terms: Described, previous: Previous | None) -> Topics:
    """Return groups as topics; those that were there before keep id, label and color, others get ids never used."""
    import numpy as np

    old = {topic.id: topic for topic in previous.topics.topics} if previous else {}
    coarse, next_id = _ids(groups.coarse, previous, 0, previous.topics.next_id if previous else 0)
    parents = groups.parents.tolist()
    is_part = np.array([parents.count(parent) > 1 for parent in parents])
    fine, next_id = _ids(np.where(is_part[groups.fine], groups.fine, -1), previous, 1, next_id)
    fine += [-1] * (len(parents) - len(fine))
    fine = [number if part else coarse[up] for number, part, up in zip(fine, is_part, parents, strict=True)]
    colors = _colors(coarse, old)
    labels = _Labels(old, {*coarse, *fine})
    topics = []
    for level, ids, members, rows, found in (
        (0, coarse, groups.coarse, central[0], terms.coarse),
        (1, fine, groups.fine, central[1], terms.fine),
    ):
        for group, number in enumerate(ids):
            parent = coarse[parents[group]] if level else None
            if number == parent:
                continue
            label = labels.of(number, found[group][0])
            color = colors[number if parent is None else parent]
            size, best = int((members == group).sum()), tuple(rows[group][:_CENTRAL].tolist())
            topics.append(Topic(number, level, parent, label, found[group][1], size, best, color))
    levels = np.stack([_named(groups.coarse, coarse), _named(groups.fine, fine)], axis=1)
    return Topics(levels, tuple(topics), next_id)


def _ids(labels: NDArray[np.int32], previous: Previous | None, level: int, next_id: int) -> tuple[list[int], int]:
    """Return the id of each group, and the next one that is free: the pairs that share most papers first."""
    import numpy as np

    ids: list[int | None] = [None] * (int(labels.max(initial=-1)) + 1)
    sizes = np.bincount(labels[labels >= 0], minlength=len(ids))
    if previous is not None:
        is_old = (previous.rows >= 0) & (labels >= 0)
        before = previous.topics.levels[previous.rows[is_old], level]
        pairs, shared = np.unique(np.stack([before, labels[is_old]], axis=1), axis=0, return_counts=True)
        before_sizes = dict(zip(*np.unique(before, return_counts=True), strict=True))
        now_sizes = np.bincount(labels[is_old], minlength=len(ids))
        there = {topic.id for topic in previous.topics.topics if topic.level == level}
        for place in np.lexsort((pairs[:, 1], pairs[:, 0], -shared)).tolist():
            topic, group = pairs[place].tolist()
            is_same = shared[place] >= _SHARED * min(before_sizes[topic], now_sizes[group])
            if topic in there and ids[group] is None and is_same:
                ids[group] = topic
                there.remove(topic)
    made = []
    for known, size in zip(ids, sizes.tolist(), strict=True):
        is_new = known is None and size > 0  # no papers: a group that has the id of its coarse one
        made.append(next_id if is_new or known is None else known)
        next_id += is_new
    return made, next_id


def _colors(coarse: list[int], old: dict[int, Topic]) -> dict[int, int]:
    """Return a slot of the palette for each coarse topic: the one that it had, else the first that is free."""
    colors = {number: old[number].color for number in coarse if number in old}
    free = [slot for slot in range(COARSE) if slot not in colors.values()]
    for number in coarse:
        if number not in colors:
            colors[number] = free.pop(0)
    return colors


class _Labels:
    """Give each topic its label: the one it had, else its own, else a number; none twice."""

    def __init__(self, old: dict[int, Topic], ids: set[int]) -> None:
        self._old = old
        self._shown = {old[number].label.lower() for number in ids if number in old}

    def of(self, number: int, label: str) -> str:
        if number in self._old:
            return self._old[number].label
        if not label or label.lower() in self._shown:
            label = f"{label} {number + 1}" if label else f"Topic {number + 1}"
        self._shown.add(label.lower())
        return label


def _named(labels: NDArray[np.int32], ids: list[int]) -> NDArray[np.int32]:
    import numpy as np

    return np.array([*ids, -1], dtype=np.int32)[labels]
