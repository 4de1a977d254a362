"""From one state of a library to the next: what is derived follows what changed, and is made anew where that is due.

A small library's lists are made anew, and any library's when a fifth of it has changed since terms were last weighed.
Otherwise only what changed is worked out. The picture is never made anew here: old papers stay where they are.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

from explorer.builder.derived import Derived
from explorer.builder.lists import LISTS
from explorer.builder.plan import NEIGHBORS
from explorer.builder.state import NextState
from explorer.builder.unitvectors import UnitVectors
from explorer.builder.words import Words
from explorer.duplicates import first_of_equal
from explorer.growth.change import Change
from explorer.growth.lists import ChangedLists
from explorer.growth.searching import store_grown_index
from explorer.growth.words import changed_words
from explorer.index import NearestRows, unit
from explorer.layout import placed, sampled_rows
from explorer.progress import Progress
from explorer.ranking import SHORTLIST
from explorer.search.related import RelatedPapers, sample_rows
from explorer.store import SAMPLE, ArrayWriter, LibraryFolder, Workshop
from explorer.topics.growth import joined
from explorer.topics.matching import Previous
from explorer.topics.topics import Topics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SMALL = 2000  # papers whose lists are made anew, whatever changed
DUE = 0.2  # of the papers changed since terms were weighed: then they are weighed anew
_MEASURED = 500  # papers by which the picture is measured while it grows
_COPIED = 16_384  # rows at a time


class Succession:
    """Carry a library from the state in `folder` to the next one. The papers' database is written before."""

    def __init__(self, workshop: Workshop, folder: LibraryFolder, progress: Progress) -> None:
        self.folder = folder
        self.state = NextState(workshop, folder.manifest)
        self._progress = progress

    def finish(self, change: Change, fresh: NDArray[np.floating[Any]], **said: Any) -> None:
        """Store what follows from the change, and commit. The papers' file is taken up here, too.

        `fresh` are the (f, d) vectors of the rows whose texts are new. `said` are fields of the manifest, with counts
        that are merged into the old ones.
        """
        before = self.folder.manifest
        rows = len(change.origin)
        drift = before.counts.get("drift", 0) + change.extent
        derived = Derived(self.state, rows, self._progress, before.parameters["index"])
        derived.index, derived.search = before.index, before.search
        if change.is_none:
            self._keep_all(derived)
        else:
            drift = self._follow(derived, change, fresh, drift)
        counts = {**before.counts, **said.pop("counts", {}), "topics": derived.topics, "drift": drift}
        self.commit(
            papers=rows, index=derived.index, search=derived.search, weighing=derived.weighing,
            picture=derived.picture, counts=counts, **said,
        )  # fmt: skip

    def commit(self, **said: Any) -> None:
        """Commit the files of the state; `said` are the fields of the manifest that differ from those before."""
        with self._progress.stage("writing"):
            self.state.commit(**said)

    def _follow(self, derived: Derived, change: Change, fresh: NDArray[np.floating[Any]], drift: int) -> int:
        """Store everything; return how far the weights of terms are behind."""
        rows = len(change.origin)
        if rows > SMALL and drift < DUE * rows:
            self._follow_change(derived, change, fresh)
            return drift
        self._take_papers()
        self._store_vectors(change, fresh)
        derived.store_lists()
        self._place(derived, change, UnitVectors(self.state)[:])
        derived.make_topics(int(self.folder.manifest.parameters["layout"]["seed"]))
        return 0

    def _keep_all(self, derived: Derived) -> None:
        """Keep all files but the papers': nothing that is derived of texts has changed."""
        before = self.folder.manifest
        self._take_papers()
        self.state.keep(*(role for role in before.files if role not in self.state.files))
        derived.weighing, derived.picture = before.weighing, before.picture
        derived.topics = before.counts["topics"]

    def _take_papers(self) -> None:
        self.state.add("papers", "sqlite")

    def _store_vectors(self, change: Change, fresh: NDArray[np.floating[Any]]) -> None:
        import numpy as np

        vectors = self.folder.array("vectors")
        rows = len(change.origin)
        place, stays = np.cumsum(change.is_fresh) - 1, change.before if change.only_adds else 0
        writer = ArrayWriter(self.state.path("vectors"), vectors.dtype.str, (rows, vectors.shape[1]))
        for start in range(0, stays, _COPIED):
            writer.append(vectors[start : min(start + _COPIED, stays)])
        for start in range(stays, rows, _COPIED):
            some = slice(start, min(start + _COPIED, rows))
            block = np.array(vectors[np.maximum(change.origin[some], 0)])
            is_fresh = change.is_fresh[some]
            block[is_fresh] = fresh[place[some][is_fresh]]
            writer.append(block)
        self.state.files["vectors"] = writer.close()

    def _follow_change(self, derived: Derived, change: Change, fresh: NDArray[np.floating[Any]]) -> None:
        """Store what has changed.

        Vectors are stored and searched beside words, these are written beside neighbors, and lists beside the picture.
        """
        with ThreadPoolExecutor(1) as beside, closing(derived.database()) as database:
            with self._progress.stage("words"):
                stored = beside.submit(self._stored_vectors, change, fresh)
                searched = beside.submit(lambda: list(stored.result().graph(NEIGHBORS, SHORTLIST, change.fresh)))
                words, postings = changed_words(self.folder, change, database.papers(change.fresh.tolist()))
                written = [beside.submit(self._take_papers), beside.submit(derived.store_words, words.counts, postings)]
                nearest, same = stored.result(), first_of_equal(words.keys[:, 1])
                sample = unit(self._sampled(nearest))
                related = RelatedPapers(nearest, words.counts, sample, same, asked=len(change.fresh))
                found = searched.result()
            with self._progress.stage("neighbors"):
                lists = ChangedLists(nearest, related, same, change, found).of(
                    {role: self.folder.array(role) for role in LISTS}
                )
                for role in ("neighbors", "similarities"):
                    self.state.store(role, lists.pop(role), LISTS[role])
            written.append(beside.submit(self._store_rest, derived, lists, words))
            if self.folder.manifest.has_index:
                written.append(beside.submit(store_grown_index, self.folder, self.state, change, fresh))
            self._place(derived, change, nearest.vectors)
            self._join_topics(derived, change)
            for each in written:
                each.result()

    def _stored_vectors(self, change: Change, fresh: NDArray[np.floating[Any]]) -> NearestRows:
        self._store_vectors(change, fresh)
        return NearestRows(self.state.array("vectors"))

    def _store_rest(self, derived: Derived, lists: dict[str, NDArray[Any]], words: Words) -> None:
        for role, values in lists.items():
            self.state.store(role, values, LISTS[role])
        self.state.store("keys", words.keys, "<i8")
        derived.store_twins(words.keys, words.counts)

    def _sampled(self, nearest: NearestRows) -> NDArray[np.float32]:
        """Keep the sample that stands for all vectors while it is as large as it must be; return it."""
        sample: NDArray[np.float32] = self.folder.array("sample")
        rows = len(nearest.vectors)
        if len(sample) == min(rows, SAMPLE):
            self.state.keep("sample")
            return sample
        sample = nearest.vectors[sample_rows(rows)]
        self.state.store("sample", sample, self.folder.array("vectors").dtype.str)
        return sample

    def _place(self, derived: Derived, change: Change, vectors: NDArray[np.float32]) -> None:
        """Store the picture: old papers, those with another text included, stay where they are."""
        import numpy as np

        with self._progress.stage("layout"):
            rows = len(change.origin)
            coordinates = np.full((rows, 2), np.nan, dtype=np.float32)
            is_old = change.origin >= 0
            coordinates[is_old] = self.folder.array("layout")[change.origin[is_old]]
            if not is_old.all():
                neighbors, similarities = self.state.array("neighbors"), self.state.array("similarities")
                coordinates = placed(coordinates, neighbors, similarities)
            seed = int(self.folder.manifest.parameters["layout"]["seed"])
            derived.store_layout(vectors, coordinates, sampled_rows(rows, _MEASURED, seed))

    def _join_topics(self, derived: Derived, change: Change) -> None:
        with self._progress.stage("topics"):
            previous = Previous(Topics.from_json(self.folder.labels(), self.folder.array("topics")), change.origin)
            neighbors, similarities = self.state.array("neighbors"), self.state.array("similarities")
            derived.store_topics(joined(previous, neighbors, similarities))
