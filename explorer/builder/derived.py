"""What is made of papers and vectors, anew: words, neighbor graph, related papers, near-duplicates, topics, layout."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from explorer.builder.lists import ListMaker, store_lists
from explorer.builder.neighbors import NeighborSearch
from explorer.builder.previous import previous_topics
from explorer.builder.searching import store_index
from explorer.builder.state import NextState
from explorer.builder.unitvectors import MappedVectors, UnitVectors
from explorer.builder.words import Words
from explorer.builder.workers import Workers
from explorer.duplicates import first_of_equal, twins
from explorer.index import NearestRows, unit
from explorer.layout import (
    NEAREST,
    LayoutOptions,
    LayoutProcess,
    begin,
    faithfulness,
    kept_neighbors,
    project_from,
    sampled_rows,
)
from explorer.lexical import TermCounts
from explorer.progress import Progress
from explorer.search.related import RelatedPapers, sample_rows
from explorer.store import EXACT_SEARCH, PaperDatabase
from explorer.topics import make_topics
from explorer.topics.topics import Topics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STAGES = ("words", "neighbors", "topics", "layout")


class Derived:
    """Store what can always be made again. `papers` and `vectors` of the state must have been written.

    `index` is how neighbors are to be looked for: "exact", "clusters", or "auto", by how many papers there are;
    `workers` make the lists that are made in shards, this process where none are named. Where it `saves_memory`,
    vectors are in a file while neighbors are looked for, and the layout waits for the topics.
    """

    saves_memory = False

    def __init__(
        self, state: NextState, rows: int, progress: Progress, index: str = "auto", workers: Workers | None = None
    ) -> None:
        self._state = state
        self._rows = rows
        self._progress = progress
        self._asked = index
        self._workers = workers or Workers(state.workshop)
        self.index: dict[str, Any] = {}
        self.search: dict[str, Any] = dict(EXACT_SEARCH)
        self.weighing: dict[str, Any] = {}
        self.picture: dict[str, float] = {}
        self.topics = 0

    def database(self) -> PaperDatabase:
        """Return the papers of the new state."""
        return PaperDatabase(self._state.path("papers", "sqlite"), self._rows)

    def store_lists(self) -> None:
        """Store words, neighbor graph, related papers and near-duplicates. Nothing of that is kept in memory."""
        words = self._counted()
        self.store_words(words.counts)
        vectors = self._state.array("vectors")
        nearest, let_go = self._nearest(vectors)  # first of all: it refuses what has no direction
        self._state.store("sample", vectors[sample_rows(self._rows)], vectors.dtype.str)
        self._state.store("keys", words.keys, "<i8")
        related = RelatedPapers(
            nearest, words.counts, unit(self._state.array("sample")), first_of_equal(words.keys[:, 1])
        )
        with self._progress.stage("neighbors", self._rows) as done:
            search = NeighborSearch.of(nearest, self._asked)
            self.index = search.described()
            maker = ListMaker(nearest, related, search.within)
            store_lists(self._state, maker, words.counts.weighing, self._workers, lambda n: (let_go(), done(n)))
            if search.within is not None:
                self.search = store_index(self._state, nearest, search.within[0], search.known)
        self.store_twins(words.keys, words.counts)

    def store_words(self, counts: TermCounts, known: tuple[NDArray[np.int64], NDArray[np.int32]] | None = None) -> None:
        """Store how often which term stands in each paper; the table of terms and the postings may be `known`."""
        self.weighing = asdict(counts.weighing)
        table, postings = known or (counts.table(), counts.postings())
        self._state.store("terms", table, "<i8")
        self._state.store("postings", postings, "<i4")
        self._state.store("lengths", counts.lengths[:, None], "<i4")

    def store_twins(self, keys: NDArray[np.int64], counts: TermCounts) -> None:
        """Store near-duplicates; `keys` (n, 2) are equal for equal titles, and for equal texts."""
        neighbors, similarities = self._graph()
        self._state.store("twins", twins(neighbors, similarities, keys[:, 0], keys[:, 1], counts), "<i4")

    def store_picture(self, options: LayoutOptions, process: LayoutProcess) -> None:
        """Store layout and topics: both are made of the neighbor graph, so one beside the other where that may be."""
        vectors, (neighbors, similarities) = UnitVectors(self._state), self._graph()
        with ExitStack() as beside:
            if self.saves_memory:
                self.make_topics(options.seed)
            # Before topics, which keep a thread that runs Python waiting.
            beginning = begin(vectors, neighbors, similarities, options)
            layout = beside.enter_context(ThreadPoolExecutor(1)).submit(
                project_from, beginning, neighbors, similarities, options, process
            )
            del neighbors, similarities
            if not self.saves_memory:
                self.make_topics(options.seed)
            with self._progress.stage("layout"):
                coordinates = layout.result()
                # All at once only now, when the process that computed has ended.
                self.store_layout(vectors[:], coordinates, sampled_rows(self._rows, seed=options.seed))

    def make_topics(self, seed: int) -> None:
        """Store topics made anew; those of the library before hand on their names where their papers still are."""
        neighbors, similarities = self._graph()
        with self._progress.stage("topics"), closing(self.database()) as database:
            previous = previous_topics(self._state.workshop.path, database, self._rows)
            self.store_topics(make_topics(neighbors, similarities, database.papers, seed, previous))

    def store_topics(self, topics: Topics) -> None:
        """Store topics."""
        self.topics = len(topics)
        self._state.store("topics", topics.levels, "<i4")
        self._state.store_text("labels", "json", [topics.to_json()])

    def store_layout(
        self, vectors: NDArray[np.float32], coordinates: NDArray[np.float32], rows: NDArray[np.integer[Any]]
    ) -> None:
        """Store the picture, and how true it is: of each paper, and over some `rows`."""
        with ThreadPoolExecutor(1) as beside:
            measured = beside.submit(faithfulness, vectors, coordinates, rows)
            self._state.store("layout", coordinates, "<f4")
            self._state.store("faithfulness", kept_neighbors(self._graph()[0], coordinates)[:, None], "<f4")
            kept, trustworthiness = measured.result()
        self.picture = {"kept": kept, "trustworthiness": trustworthiness, "k": NEAREST, "rows": len(rows)}

    def _nearest(self, vectors: NDArray[np.floating[Any]]) -> tuple[NearestRows, Callable[[], object]]:
        """Return the unit vectors to be searched, and what lets go of memory for those that were used."""
        nearest, stored = NearestRows(vectors), UnitVectors(self._state)
        if not self.saves_memory:
            nearest.vectors = stored[:]  # through no mapping, whose pages would be in memory too
            return nearest, lambda: None
        mapped = MappedVectors(stored, self._state.workshop.work)
        nearest.vectors = mapped.vectors
        return nearest, mapped.let_go

    def _graph(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        return self._state.array("neighbors"), self._state.array("similarities")

    def _counted(self) -> Words:
        with self._progress.stage("words", self._rows) as done, closing(self.database()) as database:
            return Words.of(database.range(0, self._rows), done)
