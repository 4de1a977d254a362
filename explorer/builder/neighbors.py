"""How neighbors are looked for, by how many papers there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from explorer.builder.plan import NEIGHBORS
from explorer.index import Clusters, NearestRows, enough
from explorer.layout import sampled_rows

EXACT_UP_TO = 131_072  # papers; beyond, neighbors are looked for in clusters
RECALL = 0.95  # of neighbors found there, at least
_LEAST = 400  # papers that each is compared with, if there are so many
_SAMPLED = 1000  # papers whose true neighbors tell where to look


@dataclass(frozen=True, slots=True)
class NeighborSearch:
    """Say how neighbors are looked for: everywhere, or within clusters' covers; and what share of them is found.

    The recall is that of the stored neighbors of `rows` papers.
    """

    within: tuple[Clusters, int] | None = None
    recall: float = 1.0
    rows: int = 0

    @classmethod
    def of(cls, nearest: NearestRows, asked: str) -> NeighborSearch:
        """Decide; `asked` is "exact", "clusters" or "auto"."""
        import numpy as np

        n = len(nearest.vectors)
        if asked == "exact" or n <= max(NEIGHBORS + 1, EXACT_UP_TO if asked == "auto" else 0):
            return cls()
        rows = sampled_rows(n, _SAMPLED)
        true = np.concatenate([block.rows for block in nearest.graph(NEIGHBORS, rows=rows)])
        clusters = Clusters.made(nearest.vectors)
        needed = clusters.needed(rows, true)
        size = max(_LEAST, enough(needed, RECALL))
        return cls((clusters, size), float((needed <= size).mean()), len(rows))

    def described(self) -> dict[str, Any]:
        """Return what the manifest says of it."""
        kind = "exact" if self.within is None else "clusters"
        return {"type": kind, "recall": self.recall, "k": NEIGHBORS, "rows": self.rows}
