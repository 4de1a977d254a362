"""The stages of a build: papers, vectors, neighbors, layout, commit. Composes the store and the parts.

Every stage writes into the store's work folder. What costs most, embedding, is done in shards named by their content:
a build that was cut off finds them again. The model is loaded beside, while papers are read.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from explorer import __version__, readers
from explorer.builder.options import BuildOptions, BuildReport
from explorer.builder.plan import NEIGHBORS, Plan
from explorer.builder.previous import previous_topics
from explorer.builder.ready import BLOCK, ready_vectors, rows_without_direction
from explorer.builder.words import Words
from explorer.duplicates import first_of_equal, twins
from explorer.embedder import BatchedEmbedder, Embedder, ModelFiles, load
from explorer.errors import InvalidInput, LibraryDamaged
from explorer.index import NearestRows, unit
from explorer.layout import NEAREST, LayoutOptions, LayoutProcess, faithfulness, kept_neighbors, project, sampled_rows
from explorer.progress import Progress
from explorer.ranking import SHORTLIST
from explorer.search.related import RelatedPapers, sample_rows
from explorer.store import (
    ArrayWriter,
    FileEntry,
    Manifest,
    PaperDatabase,
    PaperWriter,
    Workshop,
    describe_file,
    load_array,
    new_generation,
    write_array,
)
from explorer.topics import make_topics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SHARD = 512  # papers embedded at a time: what a killed build loses at most
_STAGES = ("reading", "embedding", "words", "neighbors", "topics", "layout", "writing")
_LISTS = ("neighbors", "similarities", "related", "scores", "cosines")
_VERSIONED = ("sentence-transformers", "torch", "openvino", "faiss-cpu", "umap-learn", "graspologic-native", "numpy")


class Build:
    """Carry one build through its stages."""

    def __init__(
        self, workshop: Workshop, options: BuildOptions, model: ModelFiles | Embedder | None, plan: Plan
    ) -> None:
        self._workshop = workshop
        self._options = options
        self._model = model
        self._plan = plan
        self._generation = new_generation()
        self._report = BuildReport()
        self._files: dict[str, FileEntry] = {}
        self._embedder: Future[Embedder] | None = None
        self._runtime = ""

    def run(self, layout: LayoutProcess) -> BuildReport:
        """Do it all, and commit. Raises InvalidInput."""
        with ExitStack() as self._beside:
            self._progress = self._beside.enter_context(Progress(_STAGES))
            for file in self._options.inputs:
                readers.find_reader(file)  # a wrong one is told before the first is read
            self._stage_vectors()
            self._store_neighbors(self._store_words())
            self._store_picture(layout)
            with self._progress.stage("writing"):
                self._commit()
        self._report.seconds = self._progress.seconds
        return self._report

    def _stage_vectors(self) -> None:
        vectors = self._options.vectors
        if vectors is None:
            self._stage_papers()
            self._embed(self._report.papers)
        else:
            self._copy_vectors(vectors, self._stage_papers_with(vectors))

    def _path(self, role: str, suffix: str) -> Path:
        return self._workshop.work / f"{role}-{self._generation}.{suffix}"

    def _stage_papers_with(self, vectors: Path) -> array[int]:
        """Stage the papers that have a vector; return for each row its row in `vectors`.

        These go by the records of the inputs or, where records were rejected or repeated, by the papers that are left.
        """
        unusable, given = rows_without_direction(vectors), len(ready_vectors(vectors))
        ordinals = self._stage_papers(unusable)
        records = len(ordinals) + self._report.repeated + len(self._report.rejected)
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
        writer = PaperWriter(self._path("papers", "sqlite"))
        try:
            for ordinal, (file, record) in enumerate(self._records()):
                if isinstance(record, readers.Rejected):
                    self._report.rejected.append((str(file), record.line, record.reason))
                elif ordinal in unusable:
                    self._report.rejected.append((str(file), 0, f"{record.id}: its vector is zero or not finite"))
                elif writer.add(record):
                    ordinals.append(ordinal)
                    self._start_model()
                else:
                    self._report.repeated += 1
            writer.finish()
        finally:
            writer.close()
        self._report.papers = len(ordinals)
        if not ordinals:
            reason = f", the first because: {self._report.rejected[0][2]}" if self._report.rejected else ""
            raise InvalidInput(f"no papers in the inputs ({len(self._report.rejected)} records rejected{reason})")
        self._files["papers"] = describe_file(self._path("papers", "sqlite"))
        return ordinals

    def _records(self) -> Iterator[tuple[Path, readers.Record]]:
        with self._progress.stage("reading") as done:
            for file in self._options.inputs:
                for record in readers.read(file):
                    yield file, record
                    done(1)

    def _start_model(self) -> None:
        """Begin to load the model beside: once there is a paper, so that wrong inputs are told at once."""
        if self._embedder is None and self._options.vectors is None:
            self._embedder = self._beside.enter_context(ThreadPoolExecutor(1)).submit(self._loaded_model)

    def _loaded_model(self) -> Embedder:
        assert self._model is not None  # noqa: S101 -- only ready vectors go without a model
        return load(self._model) if isinstance(self._model, ModelFiles) else self._model

    def _embed(self, rows: int) -> None:
        """Embed all papers, shard by shard; shards that an earlier try finished are taken up again."""
        assert self._embedder is not None  # noqa: S101 -- there is a paper
        shards = []
        with (
            self._progress.stage("embedding", rows) as done,
            closing(PaperDatabase(self._path("papers", "sqlite"), rows)) as database,
        ):
            embedder = self._embedder.result()
            for start in range(0, rows, _SHARD):
                texts = [paper.text for paper in database.range(start, min(start + _SHARD, rows))]
                shards.append(self._shard(embedder, texts, done))
        self._runtime = embedder.runtime
        writer = ArrayWriter(self._path("vectors", "npy"), "<f4", (rows, load_array(shards[0]).shape[1]))
        for shard in shards:
            writer.append(load_array(shard))
        self._files["vectors"] = writer.close()

    def _shard(self, embedder: Embedder, texts: Sequence[str], done: Callable[[int], object]) -> Path:
        """Return the file with the vectors of `texts`, which is named by all that decides them."""
        key = sha256("\0".join([embedder.identity.fingerprint, embedder.runtime, *texts]).encode()).hexdigest()[:32]
        path = self._workshop.shards / f"{key}.npy"
        if _is_whole(path):
            done(len(texts))
            return path
        if isinstance(embedder, BatchedEmbedder):
            vectors = embedder.embed(texts, progress=done)
        else:  # one of the user's own
            vectors = embedder.embed(texts)
            done(len(texts))
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise InvalidInput(f"the model {embedder.identity.name} made {vectors.shape} of {len(texts)} texts")
        temporary = path.with_suffix(".tmp")
        write_array(temporary, unit(vectors), "<f4")
        temporary.replace(path)
        return path

    def _copy_vectors(self, file: Path, file_rows: array[int]) -> None:
        import numpy as np

        vectors, rows = ready_vectors(file), np.asarray(file_rows)
        dtype = "<f2" if vectors.dtype == np.float16 else "<f4"
        writer = ArrayWriter(self._path("vectors", "npy"), dtype, (len(rows), vectors.shape[1]))
        with self._progress.stage("embedding", len(rows)) as done:
            for start in range(0, len(rows), BLOCK):
                block = unit(vectors[rows[start : start + BLOCK]])
                writer.append(block)
                done(len(block))
        self._files["vectors"] = writer.close()

    def _store_words(self) -> Words:
        """Store how often which term stands in each paper."""
        with (
            self._progress.stage("words", self._report.papers) as done,
            closing(PaperDatabase(self._path("papers", "sqlite"), self._report.papers)) as database,
        ):
            words = Words.of(database.range(0, self._report.papers), done)
        self._weighing = words.counts.weighing
        self._store("terms", words.counts.table(), "<i8")
        self._store("postings", words.counts.postings(), "<i4")
        self._store("lengths", words.counts.lengths[:, None], "<i4")
        return words

    def _store_neighbors(self, words: Words) -> None:
        """Store the neighbor graph, and what is made of it and the words: related papers, near-duplicates."""
        rows, stored = self._report.papers, load_array(self._path("vectors", "npy"))
        nearest = NearestRows(stored)
        sample = stored[sample_rows(rows)]
        self._store("sample", sample, stored.dtype.str)
        related = RelatedPapers(nearest, words.counts, unit(sample), first_of_equal(words.contents))
        shape = (rows, min(NEIGHBORS, rows - 1))
        lists = {
            role: ArrayWriter(self._path(role, "npy"), dtype, shape)
            for role, dtype in zip(_LISTS, ("<i4", "<f4", "<i4", "<f4", "<f4"), strict=True)
        }
        with self._progress.stage("neighbors", rows) as done:
            for block in nearest.graph(NEIGHBORS, SHORTLIST):
                made = (block.rows, block.similarities, *related.of(block, NEIGHBORS))
                for writer, values in zip(lists.values(), made, strict=True):
                    writer.append(values)
                done(len(block.own))
        self._files |= {role: writer.close() for role, writer in lists.items()}
        neighbors, similarities = (load_array(self._path(role, "npy")) for role in ("neighbors", "similarities"))
        self._store("twins", twins(neighbors, similarities, words.titles, words.contents, words.counts), "<i4")
        self._vectors = nearest.vectors

    def _store_picture(self, process: LayoutProcess) -> None:
        """Store layout and topics: both are made of the neighbor graph, so one beside the other."""
        neighbors, similarities = (load_array(self._path(role, "npy")) for role in ("neighbors", "similarities"))
        options = LayoutOptions(seed=self._options.seed)
        layout = self._beside.enter_context(ThreadPoolExecutor(1)).submit(
            project, self._vectors, neighbors, similarities, options, process
        )
        with self._progress.stage("topics"):
            self._store_topics(neighbors, similarities)
        with self._progress.stage("layout"):
            coordinates = layout.result()
            self._store("layout", coordinates, "<f4")
            self._store("faithfulness", kept_neighbors(neighbors, coordinates)[:, None], "<f4")
            rows = sampled_rows(len(coordinates), seed=self._options.seed)
            kept, trustworthiness = faithfulness(self._vectors, coordinates, rows)
            self._picture = {"kept": kept, "trustworthiness": trustworthiness, "k": NEAREST, "rows": len(rows)}

    def _store_topics(self, neighbors: NDArray[np.int32], similarities: NDArray[np.float32]) -> None:
        """Store the topics; a library that is replaced hands its topics on where its papers are still there."""
        with closing(PaperDatabase(self._path("papers", "sqlite"), self._report.papers)) as database:
            previous = previous_topics(self._workshop.path, database, self._report.papers)
            topics = make_topics(neighbors, similarities, database.papers, self._options.seed, previous)
        self._topics = len(topics)
        self._store("topics", topics.levels, "<i4")
        path = self._path("labels", "json")
        path.write_text(topics.to_json(), encoding="utf-8")
        self._files["labels"] = describe_file(path)

    def _store(self, role: str, values: NDArray[np.generic], dtype: str) -> None:
        self._files[role] = write_array(self._path(role, "npy"), values, dtype)

    def _commit(self) -> None:
        rejected = self._path("rejected", "jsonl")
        with rejected.open("w", encoding="utf-8") as file:
            for name, line, reason in self._report.rejected:
                file.write(json.dumps({"file": name, "line": line, "reason": reason}) + "\n")
        self._files["rejected"] = describe_file(rejected)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = Manifest(
            generation=self._generation,
            papers=self._report.papers,
            model={**self._plan.model, "runtime": self._runtime} if self._runtime else self._plan.model,
            parameters=self._plan.parameters,
            inputs=self._plan.inputs,
            files=self._files,
            weighing=asdict(self._weighing),
            picture=self._picture,
            added=[now],
            counts={
                "repeated": self._report.repeated,
                "rejected": len(self._report.rejected),
                "topics": self._topics,
            },
            versions=_versions(),
            created=now,
        )
        self._workshop.commit(manifest)


def _is_whole(shard: Path) -> bool:
    try:
        load_array(shard)
    except (FileNotFoundError, LibraryDamaged):
        return False
    return True


def _versions() -> dict[str, str]:
    versions = {"paper-explorer": __version__}
    for name in _VERSIONED:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
