"""Whether there is room for a build: asked where its papers are counted, before what takes long begins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from explorer.builder.forecast import LETTERS, MODEL, Workload, must_save, refusals
from explorer.builder.limits import Limits, limits_of
from explorer.builder.neighbors import EXACT_UP_TO
from explorer.builder.options import BuildOptions
from explorer.builder.ready import ready_vectors
from explorer.errors import NotEnoughRoom

_BIG = 10_000  # papers; what fewer need is there, and told by the system where it is not


def workload(shape: tuple[int, int, int], options: BuildOptions, letters: float = LETTERS) -> Workload:
    """Return what is to be built of so many rows, of so many dimensions, of so many bytes each."""
    rows, dimensions, number = shape
    clusters = options.index == "clusters" or (options.index == "auto" and rows > EXACT_UP_TO)
    embeds = options.vectors is None
    return Workload(rows, dimensions, number, letters, embeds, clusters, MODEL if embeds else 0)


def ready_shape(vectors: Path) -> tuple[int, int, int]:
    """Return how many rows ready vectors have, their dimensions, and the bytes of a number as it will be stored."""
    found = ready_vectors(vectors)
    return len(found), found.shape[1], 2 if found.dtype == "float16" else 4


class Room:
    """Watch over the room of one build. `is_scarce` tells, after `require`, that memory is to be saved."""

    def __init__(self, path: Path, options: BuildOptions) -> None:
        self._path, self._options = path, options
        self.is_scarce = False

    def require(self, shape: tuple[int, int, int], written: int | None = 0) -> None:
        """Raise NotEnoughRoom where so many rows, dimensions, and bytes of a number cannot be built.

        So many bytes of them are `written` already; None: all that is large.
        """
        if shape[0] < _BIG and self._options.memory is None:
            return
        work, limits = workload(shape, self._options), self._limits(written)
        self.is_scarce = must_save(work, limits)
        if reasons := refusals(work, limits):
            raise NotEnoughRoom("; ".join(reasons))

    def _limits(self, written: int | None) -> Limits:
        limits = limits_of(self._path, self._options.memory)
        there = None if written is None or limits.disk is None else limits.disk + written
        return replace(limits, disk=there)
