"""What a topic is, and how a library keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LONGEST = 10_000  # topics that a library can have


@dataclass(frozen=True, slots=True)
class Topic:
    """Describe a topic. `id` keeps its meaning as long as the library lives, and so do label and color.

    `level` is 0 for coarse and 1 for fine; `parent` is the id of the coarse topic that holds it; `terms` are the
    phrases that tell its papers from others, the best first; `size` is how many papers it has; `central` are rows, the
    most central one first; `color` is a slot of the palette, that of the parent for fine ones.
    """

    id: int
    level: int
    parent: int | None
    label: str
    terms: tuple[str, ...]
    size: int
    central: tuple[int, ...]
    color: int


@dataclass(frozen=True, slots=True)
class Topics:
    """Hold the topics of a library, the coarse ones first, by size.

    `levels` is (n, 2) int32: the ids of each paper's coarse and fine topic, -1 for none; a coarse topic without finer
    ones stands in both columns. Ids from `next_id` on were never used.
    """

    levels: NDArray[np.int32]
    topics: tuple[Topic, ...]
    next_id: int

    def __iter__(self) -> Iterator[Topic]:
        """Yield the topics, each coarse one before the finer ones in it."""
        for topic in self.topics:
            if topic.parent is None:
                yield topic
                yield from (part for part in self.topics if part.parent == topic.id)

    def __len__(self) -> int:
        """Return how many topics there are, coarse and fine."""
        return len(self.topics)

    def to_json(self) -> str:
        """Return all but `levels` as JSON."""
        content = {"next_id": self.next_id, "topics": [asdict(topic) for topic in self.topics]}
        return json.dumps(content, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str, levels: NDArray[np.int32]) -> Topics:
        """Return what `to_json` wrote with its `levels`. Nothing is trusted.

        Raises ValueError when it is not that, or does not go with the (n, 2) `levels`.
        """
        import numpy as np

        try:
            content = json.loads(text)
            topics = tuple(_topic(described) for described in content["topics"])
            made = cls(levels, topics, content["next_id"])
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a list of topics: {error}") from None
        ids = {topic.id for topic in topics}
        coarse = {topic.id for topic in topics if topic.level == 0}
        right = {
            "two topics of one id": len(ids) == len(topics) <= _LONGEST,
            "ids that are still to come": isinstance(made.next_id, int) and made.next_id > max(ids, default=-1),
            "a fine topic without a coarse one": all(
                topic.parent in coarse if topic.level == 1 else topic.parent is None for topic in topics
            ),
            "papers of topics that do not exist": set(np.unique(levels).tolist()) <= ids | {-1},
            "rows that do not exist": all(0 <= row < len(levels) for topic in topics for row in topic.central),
        }
        for wrong, is_right in right.items():
            if not is_right:
                raise ValueError(wrong)
        return made


def _topic(described: dict[str, Any]) -> Topic:
    topic = Topic(**{**described, "terms": tuple(described["terms"]), "central": tuple(described["central"])})
    numbers = (topic.id, topic.level, topic.size, topic.color, *topic.central)
    if any(isinstance(number, bool) or not isinstance(number, int) or number < 0 for number in numbers):
        raise ValueError(f"topic {topic.id!r} has numbers that are none")
    if not all(isinstance(text, str) for text in (topic.label, *topic.terms)) or topic.level > 1:
        raise ValueError(f"topic {topic.id!r} has no label, or another level than 0 and 1")
    return topic
