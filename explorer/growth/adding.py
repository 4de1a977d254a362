"""Papers that come to a library: only texts that are new, or other than they were, are embedded."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.builder.embedding import Shards
from explorer.builder.intake import Inputs
from explorer.builder.ready import ready_vectors, rows_without_direction
from explorer.builder.recording import Recorder
from explorer.builder.state import now
from explorer.embedder import Embedder, ModelFiles, require_same_model
from explorer.errors import InvalidInput
from explorer.growth.change import Change
from explorer.growth.options import AddOptions, GrowthReport
from explorer.growth.succession import Succession
from explorer.index import unit
from explorer.progress import Progress
from explorer.store import LibraryFolder, PaperDatabase, PaperWriter, Workshop, load_array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STAGES = ("reading", "embedding", "words", "neighbors", "layout", "topics", "writing")
_NEEDED = ("faiss", "scipy.sparse", "scipy.spatial")
_LARGE = 50_000_000  # bytes


def add(path: Path, options: AddOptions, model: ModelFiles | Embedder | None) -> GrowthReport:
    """Add papers to the library at `path`; nothing is written when all of them are there already.

    `model` is the library's own, None where vectors are given. Raises InvalidInput, ModelMismatch, LibraryError.
    """
    with (
        Inputs(options.inputs, options.reading) as inputs,
        Workshop(path) as workshop,
        closing(LibraryFolder(path)) as folder,
        Progress(STAGES) as progress,
        ExitStack() as beside,
    ):
        inputs.check()
        if model is not None:
            require_same_model(folder.manifest.model, model.identity)
        elif options.vectors is None:
            raise InvalidInput(f"{path} was built with ready vectors and no model: give the new ones with --vectors")
        shards = Shards(workshop, model, beside)
        return _Addition(Succession(workshop, folder, progress), options, inputs, shards, progress).run()


class _Addition:
    """Carry one addition through its stages."""

    def __init__(
        self, succession: Succession, options: AddOptions, inputs: Inputs, shards: Shards, progress: Progress
    ) -> None:
        self._succession = succession
        self._folder = succession.folder
        self._options = options
        self._inputs = inputs
        self._shards = shards
        self._progress = progress
        self._report = GrowthReport()
        self._records: dict[int, int] = {}  # of fresh rows: which record they are of

    def run(self) -> GrowthReport:
        """Do it all, and commit if anything has changed."""
        report, before = self._report, self._folder.manifest
        rows = self._stage_papers()
        report.papers, report.seconds = rows, self._progress.seconds
        if not (report.added or report.changed or report.updated):
            report.unchanged = True
            return report
        state = self._succession.state
        state.add("rejected", "jsonl")
        change = self._change(rows)
        counts = {name: before.counts.get(name, 0) for name in ("repeated", "rejected", "without_abstract")}
        counts["repeated"] += report.repeated
        counts["rejected"] += report.rejected_count
        counts["without_abstract"] += self._without_abstract
        self._succession.finish(
            change,
            self._vectors(change, rows),
            counts=counts,
            inputs=[*before.inputs, *self._inputs.described()],
            added=[*before.added, now()] if report.added else before.added,
        )
        return report

    def _stage_papers(self) -> int:
        """Write the papers of the next state; return how many there are."""
        source = self._folder.path / self._folder.manifest.files["papers"].name
        unusable = set() if self._options.vectors is None else rows_without_direction(self._options.vectors)
        state = self._succession.state
        with (
            self._progress.stage("reading") as done,
            closing(self._writer(source)) as writer,
            Recorder(state.path("rejected", "jsonl"), self._inputs, self._report, self._rejected()) as recorder,
        ):
            for ordinal, file, paper in recorder.papers(done):
                if ordinal in unusable:
                    recorder.reject(file, f"{paper.id}: its vector is zero or not finite")
                else:
                    self._take(writer, ordinal, paper)
            self._without_abstract = writer.without_abstract
            writer.finish()
            self._count = recorder.records
        return writer.count

    def _writer(self, source: Path) -> PaperWriter:
        """Return a copy to go on from. Beside one that takes long, what will be needed is imported.

        What is copied gets a checksum of its own, damage included: so the old one is looked at, too.
        """
        path = self._succession.state.path("papers", "sqlite")
        with ThreadPoolExecutor(2) as beside, ExitStack() as until_checked:
            checked = beside.submit(self._folder.require_whole, "papers")
            if source.stat().st_size > _LARGE:
                beside.submit(lambda: [import_module(name) for name in _NEEDED])
            try:
                writer = PaperWriter(path, len(self._folder.manifest.added), source=source)
            except sqlite3.Error:
                checked.result()  # of damage, this is what is to be told
                raise
            until_checked.callback(writer.close)
            checked.result()
            until_checked.pop_all()
        return writer

    def _take(self, writer: PaperWriter, ordinal: int, paper: Any) -> None:
        report, known_only = self._report, self._options.known_only
        outcome = writer.add(paper, newer=True if known_only else None, known_only=known_only)
        if outcome is None:
            report.unknown += 1
        elif outcome.is_new:
            report.added += 1
            report.without_abstract += not paper.abstract
            self._records[outcome.row] = ordinal
            self._shards.start()
        elif outcome.text_changed:
            report.changed += outcome.row not in self._records
            self._records[outcome.row] = ordinal
            self._shards.start()
        elif outcome.is_changed:
            report.updated += 1
            report.merged += 1
        else:
            report.repeated += 1

    def _rejected(self) -> Path:
        return self._folder.path / self._folder.manifest.files["rejected"].name

    def _change(self, rows: int) -> Change:
        import numpy as np

        before = self._folder.manifest.papers
        origin = np.where(np.arange(rows) < before, np.arange(rows), -1)
        is_fresh = np.zeros(rows, dtype=bool)
        is_fresh[list(self._records)] = True
        return Change(origin, is_fresh, before)

    def _vectors(self, change: Change, rows: int) -> NDArray[np.floating[Any]]:
        """Return the (f, d) vectors of the fresh rows."""
        import numpy as np

        fresh = change.fresh.tolist()
        width = self._folder.manifest.files["vectors"].shape[1]
        if not fresh:
            return np.empty((0, width), dtype=np.float32)
        vectors = self._embedded(fresh, rows) if self._options.vectors is None else self._given(fresh)
        if vectors.shape[1] != width:
            raise InvalidInput(f"the vectors have {vectors.shape[1]} dimensions, the library's {width}")
        return vectors

    def _embedded(self, fresh: list[int], rows: int) -> NDArray[np.float32]:
        import numpy as np

        path = self._succession.state.path("papers", "sqlite")
        with self._progress.stage("embedding", len(fresh)) as done, closing(PaperDatabase(path, rows)) as database:

            def texts(some: slice) -> list[str]:
                return [paper.text for paper in database.papers(fresh[some])]

            return np.concatenate([load_array(shard) for shard in self._shards.files(len(fresh), texts, done)])

    def _given(self, fresh: list[int]) -> NDArray[np.float32]:
        """Return what the user's file holds for the fresh rows: it has a row a record, or one for each of them."""
        import numpy as np

        file = self._options.vectors
        assert file is not None  # noqa: S101 -- who calls has looked
        vectors = ready_vectors(file)
        ordinals = np.array([self._records[row] for row in fresh])
        if len(vectors) == self._count:
            return unit(vectors[ordinals])
        if len(vectors) == len(fresh):
            return unit(vectors)
        raise InvalidInput(f"{file} has {len(vectors)} rows for {len(fresh)} new papers (of {self._count} records)")
