"""What a map shows: papers, places, neighbors, topics and columns, as arrays that share the order of the papers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from explorer.papers import Paper

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class MapTopic:
    """Describe a topic: its lasting id, its level from 0 (coarse), its label, its slot in the palette.

    `parent` is the position of the coarser topic that holds it, -1 at level 0.
    """

    id: int
    level: int
    label: str
    color: int
    parent: int = -1


@dataclass(frozen=True, slots=True)
class Measured:
    """Say how much of the truth the picture keeps, over `rows` papers and their `k` nearest.

    `kept` is the share of true neighbors that are neighbors in the picture, `trustworthiness` that of Venna & Kaski.
    """

    kept: float
    trustworthiness: float
    k: int
    rows: int


@dataclass(frozen=True, slots=True)
class MapData:
    """Hold what a map shows; row i of everything is paper i.

    `title` is the name of the library; `papers` has n entries, n >= 1, and is gone through once; `coordinates` is
    (n, 2) float32; `neighbors` is (n, m) int32 rows, the most related first, never the paper itself; `similarities` is
    (n, m) float32 cosines. `topics` are in no particular order, and `topic_of` is (n,) positions in it: each paper's
    finest topic, -1 for none. `faithfulness` is (n,) float32 from 0 to 1, NaN where unknown. `columns` are the user's
    own, n values of any kind each. `directions` is (n, d) float32: vectors whose products stand for cosines.
    `newcomers` are the rows that the last addition brought, in any order, and `added` is the day of it, "2026-11-29";
    none and "" for a library that was only built. Raises ValueError when row counts differ, or rows do not exist.
    """

    title: str
    papers: Collection[Paper]
    coordinates: NDArray[np.float32]
    neighbors: NDArray[np.int32]
    similarities: NDArray[np.float32]
    topics: Sequence[MapTopic] = ()
    topic_of: NDArray[np.int32] | None = None
    faithfulness: NDArray[np.float32] | None = None
    measured: Measured | None = None
    columns: Mapping[str, Sequence[object]] = field(default_factory=dict)
    directions: NDArray[np.float32] | None = None
    newcomers: Sequence[int] | NDArray[np.integer[Any]] = ()
    added: str = ""

    def __post_init__(self) -> None:
        count = len(self.papers)
        if self.coordinates.shape != (count, 2):
            raise ValueError(f"{count} papers need coordinates of shape ({count}, 2), not {self.coordinates.shape}")
        if self.neighbors.shape != self.similarities.shape or len(self.neighbors) != count:
            raise ValueError(
                f"{count} papers need as many rows of neighbors and similarities, both of one shape, "
                f"not {self.neighbors.shape} and {self.similarities.shape}"
            )
        for name in ("topic_of", "faithfulness", "directions"):
            values = getattr(self, name)
            if values is not None and len(values) != count:
                raise ValueError(f"{count} papers need as many rows of {name}, not {len(values)}")
        for name, column in self.columns.items():
            if len(column) != count:
                raise ValueError(f"{count} papers need as many values in the column {name!r}, not {len(column)}")
        if len(self.newcomers) and not 0 <= min(self.newcomers) <= max(self.newcomers) < count:
            raise ValueError(f"newcomers must be rows of the {count} papers")

    def new_rows(self) -> NDArray[np.int64]:
        """Return the newcomers' rows, ascending, each once."""
        import numpy as np

        return np.unique(np.asarray(self.newcomers, dtype=np.int64))

    def ancestors(self) -> list[list[int]]:
        """Return for each level the position of every topic's ancestor there; a coarser topic stands for itself."""
        levels = 1 + max((topic.level for topic in self.topics), default=-1)
        found = []
        for level in range(levels):
            positions = list(range(len(self.topics)))
            for _ in range(levels):
                positions = [
                    self.topics[at].parent if self.topics[at].level > level and self.topics[at].parent >= 0 else at
                    for at in positions
                ]
            found.append(positions)
        return found


def positions(levels: NDArray[np.int32], place: Mapping[int, int]) -> NDArray[np.int32]:
    """Return (n,) positions in a list of topics, of the finest one of each paper, for (n, 2) ids; -1 for none."""
    import numpy as np

    ids, numbers = np.unique(levels[:, -1], return_inverse=True)
    return np.array([place.get(number, -1) for number in ids.tolist()], dtype=np.int32)[numbers]


def directions(vectors: NDArray[np.floating[Any]], width: int = 48) -> NDArray[np.float32]:
    """Return (n, width) float32 whose products are about the cosines of (n, d) unit rows.

    They are the components of the vectors along the principal directions of them all: no other `width` numbers a paper
    give products nearer to the cosines (Eckart & Young, "The approximation of one matrix by another", 1936).
    """
    import numpy as np

    rows = np.asarray(vectors, dtype=np.float32)
    values, axes = np.linalg.eigh((rows.T @ rows).astype(np.float64))
    chosen: NDArray[np.float32] = rows @ axes[:, np.argsort(-values)[:width]].astype(np.float32)
    return chosen
