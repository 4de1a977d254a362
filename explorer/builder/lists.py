"""The lists of all papers, made in whichever order: at once, or in shards of clusters that any worker can make.

A shard's file holds a row a paper: its row, then its six lists side by side, each number in four bytes.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer import __version__
from explorer.builder.plan import NEIGHBORS
from explorer.builder.state import NextState
from explorer.builder.workers import Workers
from explorer.duplicates import first_of_equal
from explorer.errors import EngineUnavailable
from explorer.index import Clusters, GraphBlock, NearestRows, unit
from explorer.lexical import TermCounts, Weighing
from explorer.ranking import SHORTLIST
from explorer.search.related import RelatedPapers
from explorer.store import ArrayWriter, find_shard, keep_shard, load_array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LISTS = {
    "neighbors": "<i4", "similarities": "<f4", "related": "<i4", "scores": "<f4", "cosines": "<f4", "scales": "<f4",
}  # fmt: skip
_OF_SCALES = 5  # numbers
_SHARD = 8_192  # papers, about
_SHARDS = 1_000  # at most, about: then they have more papers
_COPIED = 16_384  # rows at a time
_MADE_OF = ("vectors", "sample", "terms", "postings", "lengths", "keys")
_reading = threading.Lock()  # of a worker with several threads: what lists are made of is read once


class ListMaker:
    """Make the lists of papers, from all that they are made of in memory."""

    def __init__(self, nearest: NearestRows, related: RelatedPapers, within: tuple[Clusters, int] | None) -> None:
        self._nearest, self._related, self.within = nearest, related, within

    def lists(self, rows: NDArray[np.int64] | None = None) -> Iterator[tuple[Any, tuple[NDArray[Any], ...]]]:
        """Yield rows, block by block, with their lists in the order of `LISTS`; of all papers, or of some `rows`."""
        for block in self._nearest.graph(NEIGHBORS, SHORTLIST, rows, within=self.within):
            yield block.own, lists_of(block, self._related)

    def shard(self, shard: ListShard) -> str:
        """Make a shard; return its key."""
        import numpy as np

        assert self.within is not None  # noqa: S101 -- there are no shards without clusters
        rows = self.within[0].rows_of(range(*shard.clusters))
        parts = [_packed(own, values) for own, values in self.lists(rows)]
        keep_shard(Path(shard.materials.folder), shard.key, np.concatenate(parts), "<i4")
        return shard.key


def lists_of(block: GraphBlock, related: RelatedPapers) -> tuple[NDArray[Any], ...]:
    """Return what `LISTS` has for the rows of a block, in that order."""
    return block.rows, block.similarities, *related.of(block, NEIGHBORS), related.scales_of(block)


def store_lists(
    state: NextState, maker: ListMaker, weighing: Weighing, workers: Workers, done: Callable[[int], object]
) -> None:
    """Store the lists of all papers. The state has all files that they are made of. Raises EngineUnavailable."""
    rows = state.files["vectors"].shape[0]
    files = ListFiles(state, rows, min(NEIGHBORS, rows - 1), in_order=maker.within is None)
    if maker.within is None:
        for own, values in maker.lists():
            files.put(own, values)
            done(len(own))
    else:
        workers.introduce()
        made_of = Materials.of(state, maker.within, weighing, workers)
        work = maker.shard if workers.are_here else make_shard
        for file in workers.files(work, made_of.shards(maker.within[0]), done):
            files.put(*_unpacked(load_array(file)))
        if not workers.are_here:
            with suppress(EngineUnavailable):  # one that is gone holds nothing
                workers.everywhere(forget, None)
    files.close()


# --- shards


@dataclass(frozen=True, slots=True)
class Materials:
    """Name what lists are made of: files, by their roles; what else decides how they become; all of it in a digest.

    `folder` is where shards are kept.
    """

    folder: str
    files: tuple[tuple[str, str], ...]
    weighing: Weighing
    size: int
    digest: str

    @classmethod
    def of(cls, state: NextState, within: tuple[Clusters, int], weighing: Weighing, workers: Workers) -> Materials:
        """Return what the lists of a state are made of; clusters are written where workers are to read them."""
        clusters, size = within
        found = {role: state.file(role) for role in _MADE_OF}
        said = [__version__, str(size), repr(weighing), *(state.files[role].sha256 for role in _MADE_OF)]
        digest = sha256("\0".join(said).encode())
        for name, values in (("of", clusters.of[:, None]), ("covers", clusters.covers)):
            digest.update(values.tobytes())
            if not workers.are_here:
                found[name] = keep_shard(Path(workers.folder), digest.hexdigest()[:32], values, "<i4")
        files = tuple((role, str(path.absolute())) for role, path in found.items())
        return cls(workers.folder, files, weighing, size, digest.hexdigest())

    def shards(self, clusters: Clusters) -> Iterator[ListShard]:
        """Yield shards of all clusters."""
        for some in clusters.ranges(max(_SHARD, len(clusters.of) // _SHARDS)):
            key = sha256(f"{self.digest} {some.start} {some.stop}".encode()).hexdigest()[:32]
            papers = int(clusters.sizes[some.start : some.stop].sum())
            yield ListShard(key, (some.start, some.stop), papers, self)


@dataclass(frozen=True, slots=True)
class ListShard:
    """Say of which clusters, from the first up to the last, lists are to be made, and what to keep them as."""

    key: str
    clusters: tuple[int, int]
    papers: int
    materials: Materials


def make_shard(shard: ListShard) -> str:
    """Make a shard on a worker, unless it is there; return its key. Raises LibraryDamaged for files that are cut."""
    if find_shard(Path(shard.materials.folder), shard.key) is not None:
        return shard.key
    with _reading:
        maker = _maker(shard.materials)
    return maker.shard(shard)


def forget(_: None) -> None:
    """Give back the memory of what lists are made of, on a worker that goes on to live."""
    _maker.cache_clear()


@lru_cache(maxsize=1)
def _maker(materials: Materials) -> ListMaker:
    """Read what lists are made of."""
    arrays = {role: load_array(Path(path)) for role, path in materials.files}
    nearest = NearestRows(arrays["vectors"])
    nearest.vectors  # noqa: B018 -- read once, and not by several threads
    counts = TermCounts.of_postings(arrays["terms"], arrays["postings"], arrays["lengths"][:, 0], materials.weighing)
    related = RelatedPapers(nearest, counts, unit(arrays["sample"]), first_of_equal(arrays["keys"][:, 1]))
    return ListMaker(nearest, related, (Clusters(arrays["of"][:, 0], arrays["covers"]), materials.size))


def _packed(own: Any, values: Sequence[NDArray[Any]]) -> NDArray[np.int32]:
    import numpy as np

    numbers = (np.ascontiguousarray(each, LISTS[role]).view("<i4") for role, each in zip(LISTS, values, strict=True))
    return np.concatenate([np.asarray(own, dtype="<i4")[:, None], *numbers], axis=1)


def _unpacked(numbers: NDArray[np.int32]) -> tuple[NDArray[np.int32], list[NDArray[Any]]]:
    width = (numbers.shape[1] - 1 - _OF_SCALES) // (len(LISTS) - 1)
    values, end = [], 1
    for role, dtype in LISTS.items():
        start, end = end, end + (_OF_SCALES if role == "scales" else width)
        values.append(numbers[:, start:end].view(dtype))
    return numbers[:, 0], values


# --- files


class ListFiles:
    """Write the lists of n papers, `width` entries each: some rows after the others, or in any order.

    Those that come in any order wait in files without names, which take room on the disk at once: a full one is told
    here, where it can be, and not by the system's end of the process when a page is written back.
    """

    def __init__(self, state: NextState, rows: int, width: int, *, in_order: bool) -> None:
        self._shapes = {role: (rows, _OF_SCALES if role == "scales" else width) for role in LISTS}
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
