"""How neighbors are looked for, by how many papers there are; the lists of all papers, in whichever order they come."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from explorer.builder.plan import NEIGHBORS
from explorer.builder.state import NextState
from explorer.index import Clusters, NearestRows, enough
from explorer.layout import sampled_rows
from explorer.store import ArrayWriter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LISTS = {
    "neighbors": "<i4", "similarities": "<f4", "related": "<i4", "scores": "<f4", "cosines": "<f4", "scales": "<f4",
}  # fmt: skip
EXACT_UP_TO = 131_072  # papers; beyond, neighbors are looked for in clusters
RECALL = 0.95  # of neighbors found there, at least
_LEAST = 400  # papers that each is compared with, if there are so many
_SAMPLED = 1000  # papers whose true neighbors tell where to look
_COPIED = 16_384  # rows at a time


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


class ListFiles:
    """Write the lists of n papers, `width` entries each: some rows after the others, or in any order.

    Those that come in any order wait in files without names, which take room on the disk at once: a full one is told
    here, where it can be, and not by the system's end of the process when a page is written back.
    """

    def __init__(self, state: NextState, rows: int, width: int, *, in_order: bool) -> None:
        self._shapes = {role: (rows, 5 if role == "scales" else width) for role in LISTS}
        self._writers = {
            role: ArrayWriter(state.path(role), LISTS[role], shape) for role, shape in self._shapes.items()
        }
        self._state = state
        self._waiting = None if in_order else {role: self._scratch(role) for role in LISTS}

    def put(self, own: Any, values: Sequence[NDArray[Any]]) -> None:
        """Take the lists of some rows, in the order of `LISTS`."""
        for role, each in zip(LISTS, values, strict=True):
            if self._waiting is None:
                self._writers[role].append(each)
            else:
                self._waiting[role][own] = each

    def close(self) -> None:
        """Complete the files, and let the state have them."""
        for role, writer in self._writers.items():
            if self._waiting is not None:
                waiting = self._waiting.pop(role)
                for start in range(0, len(waiting), _COPIED):
                    writer.append(waiting[start : start + _COPIED])
                del waiting  # and its file
            self._state.files[role] = writer.close()

    def _scratch(self, role: str) -> NDArray[Any]:
        import numpy as np

        rows, width = self._shapes[role]
        size = rows * width * np.dtype(LISTS[role]).itemsize
        with tempfile.TemporaryFile(dir=self._state.workshop.work) as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, max(size, 1))
            else:
                _fill(file, size)
            mapped: NDArray[Any] = np.memmap(file, LISTS[role], "r+", shape=(rows, width))
        return mapped


def _fill(file: Any, size: int) -> None:
    """Write zeros, since nothing else makes sure that there is room."""
    block = bytes(1 << 20)
    for start in range(0, size, len(block)):
        file.write(block[: size - start])
    file.flush()
