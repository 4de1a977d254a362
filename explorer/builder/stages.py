"""The stages of a build: papers, vectors, what is derived of them, commit. Composes the store and the parts.

Every stage writes into the store's work folder. The model is loaded beside, while papers are read.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection
from contextlib import ExitStack, closing
from pathlib import Path

from explorer.builder.derived import STAGES, Derived
from explorer.builder.embedding import Shards
from explorer.builder.forecast import DIMENSIONS
from explorer.builder.intake import Inputs
from explorer.builder.options import BuildOptions, BuildReport
from explorer.builder.plan import Plan
from explorer.builder.ready import BLOCK, ready_vectors, rows_without_direction
from explorer.builder.recording import Recorder
from explorer.builder.room import Room, ready_shape
from explorer.builder.state import NextState, now, versions
from explorer.builder.workers import Workers
from explorer.embedder import Embedder, ModelFiles
from explorer.engine import engine_named
from explorer.errors import InvalidInput
from explorer.index import unit
from explorer.layout import LayoutOptions, LayoutProcess
from explorer.progress import Progress
from explorer.store import ArrayWriter, Manifest, PaperWriter, Workshop, load_array
from explorer.store.manifest import ELEMENT_SIZES


class Build:
    """Carry one build through its stages."""

    def __init__(
        self,
        workshop: Workshop,
        options: BuildOptions,
        model: ModelFiles | Embedder | None,
        plan: Plan,
        inputs: Inputs,
    ) -> None:
        self._workshop = workshop
        self._options = options
        self._model = model
        self._plan = plan
        self._inputs = inputs
        self._state = NextState(workshop)
        self._room = Room(workshop.path, options)
        self._report = BuildReport()
        self._runtime = ""

    def run(self, layout: LayoutProcess) -> BuildReport:
        """Do it all, and commit. Raises InvalidInput, NotEnoughRoom."""
        with ExitStack() as beside, Progress(("reading", "embedding", *STAGES, "writing")) as self._progress:
            self._inputs.check()  # a wrong one is told before the first is read
            engine = beside.enter_context(engine_named(self._options.engine, self._options.address))
            workers = Workers(self._workshop, engine)
            self._shards = Shards(self._workshop, None if self._options.vectors else self._model, beside, workers)
            self._stage_vectors()
            derived = Derived(self._state, self._report.papers, self._progress, self._options.index, workers)
            derived.saves_memory = self._room.is_scarce
            derived.store_lists()
            derived.store_picture(LayoutOptions(seed=self._options.seed), layout)
            with self._progress.stage("writing"):
                self._commit(derived)
        self._report.seconds = self._progress.seconds
        return self._report

    def _stage_vectors(self) -> None:
        vectors = self._options.vectors
        if vectors is None:
            self._stage_papers()
            self._room.require((self._report.papers, DIMENSIONS, 4), self._state.files["papers"].size)
            self._embed(self._report.papers)
        else:
            self._room.require(ready_shape(vectors))
            self._copy_vectors(vectors, self._stage_papers_with(vectors))
        stored = self._state.files["vectors"]  # by now it is known what they are
        self._room.require((stored.shape[0], stored.shape[1], ELEMENT_SIZES[stored.dtype]), None)

    def _stage_papers_with(self, vectors: Path) -> array[int]:
        """Stage the papers that have a vector; return for each row its row in `vectors`.

        These go by the records of the inputs or, where records were rejected or repeated, by the papers that are left.
        """
        unusable, given = rows_without_direction(vectors), len(ready_vectors(vectors))
        ordinals = self._stage_papers(unusable)
        records = self._records
        if given == records:
            return ordinals
        if unusable:  # then these rows are not of the records that were left out for them
            ordinals = self._stage_papers()
        if given != len(ordinals):
            raise InvalidInput(f"{vectors} has {given} rows for {len(ordinals)} papers (of {records} records)")
        if unusable:
            raise InvalidInput(f"{vectors}: row {min(unusable)} is zero or not finite")
        return array("q", range(given))

    def _stage_papers(self, unusable: Collection[int] = ()) -> array[int]:
        """Write all papers to the database; return for each row the position of its record in the inputs."""
        ordinals = array("q")
        self._report = BuildReport()
        with (
            self._progress.stage("reading") as done,
            closing(PaperWriter(self._state.path("papers", "sqlite"))) as writer,
            Recorder(self._state.path("rejected", "jsonl"), self._inputs, self._report) as recorder,
        ):
            for ordinal, file, paper in recorder.papers(done):
                if ordinal in unusable:
                    recorder.reject(file, f"{paper.id}: its vector is zero or not finite")
                elif (outcome := writer.add(paper)) is not None and outcome.is_new:
                    ordinals.append(ordinal)
                    self._shards.start()
                else:
                    self._report.repeated += 1
                    self._report.merged += outcome is not None and outcome.is_changed
            self._report.without_abstract = writer.without_abstract
            writer.finish()
            self._records = recorder.records
        self._report.papers = len(ordinals)
        if not ordinals:
            reason = f", the first because: {self._report.rejected[0].reason}" if self._report.rejected else ""
            raise InvalidInput(f"no papers in the inputs ({self._report.rejected_count} records rejected{reason})")
        self._state.add("papers", "sqlite")
        self._state.add("rejected", "jsonl")
        return ordinals

    def _embed(self, rows: int) -> None:
        """Embed all papers, shard by shard; shards that an earlier try finished are taken up again."""
        derived = Derived(self._state, rows, self._progress)
        with self._progress.stage("embedding", rows) as done, closing(derived.database()) as database:

            def texts(some: slice) -> list[str]:
                return [paper.text for paper in database.range(some.start, some.stop)]

            shards = self._shards.files(rows, texts, done)
        self._runtime = self._shards.runtime
        writer = ArrayWriter(self._state.path("vectors"), "<f4", (rows, load_array(shards[0]).shape[1]))
        for shard in shards:
            writer.append(load_array(shard))
        self._state.files["vectors"] = writer.close()

    def _copy_vectors(self, file: Path, file_rows: array[int]) -> None:
        import numpy as np

        vectors, rows = ready_vectors(file), np.asarray(file_rows)
        dtype = "<f2" if vectors.dtype == np.float16 else "<f4"
        writer = ArrayWriter(self._state.path("vectors"), dtype, (len(rows), vectors.shape[1]))
        with self._progress.stage("embedding", len(rows)) as done:
            for start in range(0, len(rows), BLOCK):
                block = unit(vectors[rows[start : start + BLOCK]])
                writer.append(block)
                done(len(block))
        self._state.files["vectors"] = writer.close()

    def _commit(self, derived: Derived) -> None:
        created = now()
        manifest = Manifest(
            generation=self._state.generation,
            papers=self._report.papers,
            model={**self._plan.model, "runtime": self._runtime} if self._runtime else self._plan.model,
            parameters=self._plan.parameters,
            inputs=self._plan.inputs,
            files=self._state.files,
            index=derived.index,
            search=derived.search,
            weighing=derived.weighing,
            picture=derived.picture,
            added=[created],
            counts={
                "repeated": self._report.repeated,
                "rejected": self._report.rejected_count,
                "without_abstract": self._report.without_abstract,
                "topics": derived.topics,
                "drift": 0,
            },
            versions=versions(),
            created=created,
        )
        self._workshop.commit(manifest)
