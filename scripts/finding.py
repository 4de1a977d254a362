"""Time searches of vectors in one library, one question a call and one thread, beside hnswlib and usearch if installed.

.venv/bin/python scripts/finding.py LIBRARY QUESTIONS.npy      prints JSON; `scaling.py` runs it

Each index looks as far as it must to find 99 % of the ten nearest of both halves of the questions; its recall is that
of the worse half. Indexes take turns. `index_mb` is what an index keeps besides the vectors of the library (float16),
which ours reads for the last candidates; the others have vectors of their own (float32) in it.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.index import NearestRows, unit
from explorer.search.corpus import nearest_of
from explorer.store import SEARCHED, LibraryFolder

K, RECALL, TURNS = 10, 0.99, 3
_OURS, _EFFORTS = "explorer", tuple(round(K * 2 ** (step / 6)) for step in range(40))
_ADDED = 50_000  # vectors at a time
Find = Callable[[NDArray[np.float32]], Any]


class Ours:
    """The library's own index."""

    def __init__(self, folder: LibraryFolder) -> None:
        self.nearest = nearest_of(folder)
        self.index, wanted = self.nearest._inverted, folder.manifest.search["reach"][0][1]
        assert self.index is not None
        self.index.compile()  # as after some thousand questions
        self.efforts = [round(wanted * 2 ** (step / 6)) for step in range(-12, 19)]
        entries = folder.manifest.files
        self.megabytes = sum(entries[role].size for role in (*SEARCHED, "neighbors")) / 1e6
        self.seconds = 0.0  # it is part of the library

    def set(self, effort: int) -> None:
        """Let it look so far."""
        self.nearest._inverted = self.index.reaching(((K, effort),))

    def find(self, query: NDArray[np.float32]) -> list[int]:
        """Return the nearest."""
        return [row for row, _ in self.nearest.search(query, K)]


class Hnswlib:
    """Its defaults, which are also what its documentation measures with."""

    efforts = _EFFORTS

    def __init__(self, blocks: Iterator[tuple[int, NDArray[np.float32]]], shape: tuple[int, int]) -> None:
        import hnswlib

        started = perf_counter()
        self.index = hnswlib.Index(space="ip", dim=shape[1])
        self.index.init_index(max_elements=shape[0], ef_construction=200, M=16)
        for start, block in blocks:
            self.index.add_items(block, np.arange(start, start + len(block)), num_threads=os.cpu_count())
        self.seconds = perf_counter() - started
        self.index.set_num_threads(1)
        self.megabytes = self.index.index_file_size() / 1e6

    def set(self, effort: int) -> None:
        """Let it look so far."""
        self.index.set_ef(effort)

    def find(self, query: NDArray[np.float32]) -> list[int]:
        """Return the nearest."""
        return list(self.index.knn_query(query[None], K)[0][0])


class Usearch:
    """Its defaults: vectors in half precision."""

    efforts = _EFFORTS

    def __init__(self, blocks: Iterator[tuple[int, NDArray[np.float32]]], shape: tuple[int, int]) -> None:
        from usearch.index import Index

        started = perf_counter()
        self.index = Index(ndim=shape[1], metric="ip", dtype="f16")
        for start, block in blocks:
            self.index.add(np.arange(start, start + len(block)), block, threads=os.cpu_count())
        self.seconds = perf_counter() - started
        self.megabytes = self.index.serialized_length / 1e6

    def set(self, effort: int) -> None:
        """Let it look so far."""
        self.index.expansion_search = effort

    def find(self, query: NDArray[np.float32]) -> list[int]:
        """Return the nearest."""
        return list(self.index.search(query, K, threads=1).keys)


def measure(path: Path, questions: NDArray[np.float32]) -> dict[str, Any]:
    """Return what each index takes."""
    import faiss

    folder = LibraryFolder(path)
    vectors = NearestRows(folder.array("vectors")).vectors
    true = faiss.knn(questions, vectors, K, metric=faiss.METRIC_INNER_PRODUCT)[1]

    def blocks() -> Iterator[tuple[int, NDArray[np.float32]]]:
        for start in range(0, len(vectors), _ADDED):
            yield start, vectors[start : start + _ADDED]

    indexes: dict[str, Any] = {_OURS: Ours(folder)}
    for name, made in (("hnswlib", Hnswlib), ("usearch", Usearch)):
        try:
            indexes[name] = made(blocks(), vectors.shape)
        except ImportError:
            print(f"{name} is not installed", file=sys.stderr)
    chosen = {name: _effort(index, questions, true) for name, index in indexes.items()}
    seconds: dict[str, list[float]] = {name: [] for name in indexes}
    for _ in range(TURNS):
        for name, index in indexes.items():
            seconds[name].append(_seconds(index.find, questions))
    return {
        name: {
            "queries_per_s": round(1 / statistics.median(seconds[name])),
            "recall": round(min(_recalls(index.find, questions, true)), 4),
            "effort": chosen[name],
            "index_mb": round(index.megabytes),
            "made_in_s": round(index.seconds, 1),
        }
        for name, index in indexes.items()
    }


def _effort(index: Any, questions: NDArray[np.float32], true: NDArray[Any]) -> int:
    """Let an index make the least effort by which it finds enough of both halves' nearest; return it."""
    for effort in index.efforts:
        index.set(effort)
        if min(_recalls(index.find, questions, true)) >= RECALL:
            break
    return int(effort)


def _recalls(find: Find, questions: NDArray[np.float32], true: NDArray[Any]) -> tuple[float, float]:
    """Return what share of the nearest is found, of every other question and of the others."""
    found = [
        len(set(map(int, find(query))) & set(own)) / K for query, own in zip(questions, true.tolist(), strict=True)
    ]
    return float(np.mean(found[::2])), float(np.mean(found[1::2]))


def _seconds(find: Find, questions: NDArray[np.float32]) -> float:
    """Return the mean seconds of a question."""
    started = perf_counter()
    for query in questions:
        find(query)
    return (perf_counter() - started) / len(questions)


def main() -> None:
    from threadpoolctl import threadpool_limits

    questions = unit(np.load(sys.argv[2]))
    with threadpool_limits(1):
        import faiss

        faiss.omp_set_num_threads(os.cpu_count() or 1)
        print(json.dumps(measure(Path(sys.argv[1]), questions)))


if __name__ == "__main__":
    main()
