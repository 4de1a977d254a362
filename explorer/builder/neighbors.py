"""How neighbors are looked for, by how many papers there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from explorer.builder.plan import NEIGHBORS
from explorer.index import Clusters, NearestRows, enough
from explorer.layout import sampled_rows
from explorer.ranking import SHORTLIST

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EXACT_UP_TO = 131_072  # papers; beyond, neighbors are looked for in clusters
RECALL = 0.95  # of neighbors found there, at least
_LEAST = 400  # papers that each is compared with, if there are so many
_SAMPLED = 1000  # papers whose true neighbors tell where to look


@dataclass(frozen=True, slots=True)
class NeighborSearch:
    """Say how neighbors are looked for: everywhere, or within clusters' covers; and what share of them is found.

    The recall is that of the stored neighbors of some papers: `known` are (m,) rows, their (m, k) true nearest, nearest
    first, and their (m, s) true nearest in no order.
    """

    within: tuple[Clusters, int] | None = None
    recall: float = 1.0
    known: tuple[NDArray[np.integer[Any]], ...] = ()

    @classmethod
    def of(cls, nearest: NearestRows, asked: str) -> NeighborSearch:
        """Decide; `asked` is "exact", "clusters" or "auto"."""
        import numpy as np

        n = len(nearest.vectors)
        if asked == "exact" or n <= max(NEIGHBORS + 1, EXACT_UP_TO if asked == "auto" else 0):
            return cls()
        rows = sampled_rows(n, _SAMPLED)
        blocks = list(nearest.graph(NEIGHBORS, SHORTLIST, rows))
        true, many = (np.concatenate([getattr(block, name) for block in blocks]) for name in ("rows", "shortlist"))
        clusters = Clusters.made(nearest.vectors)
        needed = clusters.needed(rows, true)
        size = max(_LEAST, enough(needed, RECALL))
        return cls((clusters, size), float((needed <= size).mean()), (rows, true, many))

    def described(self) -> dict[str, Any]:
        """Return what the manifest says of it."""
        kind = "exact" if self.within is None else "clusters"
        return {"type": kind, "recall": self.recall, "k": NEIGHBORS, "rows": len(self.known[0]) if self.known else 0}
