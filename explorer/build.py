"""How a library is made: papers, vectors, neighbors, layout, commit. Composes the store and the parts.

Every stage writes into the store's work folder. What costs most, embedding, is done in shards named by their content:
a build that was cut off finds them again.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer import __version__, readers
from explorer.embedder import Embedder, ModelFiles, find_model, load
from explorer.errors import InvalidInput, LibraryDamaged, LibraryExists, LibraryNotFound
from explorer.index import NearestRows, unit
from explorer.layout import LayoutOptions, project
from explorer.store import (
    ArrayWriter,
    FileEntry,
    LibraryFolder,
    Manifest,
    PaperDatabase,
    PaperWriter,
    Workshop,
    describe_file,
    load_array,
    new_generation,
    read_manifest,
    require_own_folder,
    write_array,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tqdm import tqdm

NEIGHBORS = 30  # stored for each paper
_SHARD = 512  # papers embedded at a time: what a killed build loses at most
_BLOCK = 8192  # rows of ready vectors copied at a time
_VERSIONED = ("sentence-transformers", "torch", "faiss-cpu", "umap-learn", "numpy")


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """Say what a library is to be made of.

    `model` is a name, a folder or an Embedder, None for the default; `vectors` is a .npy file with ready (n, d) vectors
    in the order of the records; `replace` allows to overwrite a library made of something else.
    """

    inputs: tuple[Path, ...]
    model: str | Path | Embedder | None = None
    seed: int = 42
    vectors: Path | None = None
    replace: bool = False


@dataclass(slots=True)
class BuildReport:
    """Tell what a build did: `unchanged` when the library was there already; rejected as (file, line, reason)."""

    papers: int = 0
    repeated: int = 0
    unchanged: bool = False
    rejected: list[tuple[str, int, str]] = field(default_factory=list)


def build(path: Path, options: BuildOptions) -> BuildReport:
    """Make the library at `path`, or find it made already of the same inputs with the same parameters.

    Raises ModelNotAvailable before anything is read; InvalidInput, LibraryExists, LibraryLocked.
    """
    model = _find_model(options)
    plan = _plan(options, model)
    if (found := _found_complete(path, plan, options)) is not None:
        return found  # without the lock, so in a folder that is for reading only too
    with Workshop(path) as workshop:
        # Another process may have made it in the meantime.
        return _found_complete(path, plan, options) or _Build(workshop, options, model, plan).run()


@dataclass(frozen=True, slots=True)
class _Plan:
    """Hold everything that decides the content of a library, as its manifest will say it."""

    model: dict[str, Any]
    inputs: list[dict[str, Any]]
    parameters: dict[str, Any]


def _find_model(options: BuildOptions) -> ModelFiles | Embedder | None:
    if options.model is None or isinstance(options.model, str | Path):
        if options.vectors is not None and options.model is None:
            return None
        return find_model(None if options.model is None else str(options.model))
    return options.model


def _plan(options: BuildOptions, model: ModelFiles | Embedder | None) -> _Plan:
    if not 0 <= options.seed < 2**32:
        raise InvalidInput(f"the seed {options.seed} is not between 0 and {2**32 - 1}")
    parameters = {
        "neighbors": NEIGHBORS,
        "index": "exact",
        "layout": asdict(LayoutOptions(seed=options.seed)),
        "vectors": None if options.vectors is None else _file_hash(options.vectors),
    }
    inputs = [{"name": file.name, "sha256": _file_hash(file)} for file in options.inputs]
    return _Plan({} if model is None else model.identity.as_dict(), inputs, parameters)


def _found_complete(path: Path, plan: _Plan, options: BuildOptions) -> BuildReport | None:
    """Report the library if it is there already. Raises LibraryExists when one of something else is in the way."""
    if options.replace:
        return None
    require_own_folder(path)
    try:
        current = read_manifest(path)
    except LibraryNotFound:
        return None
    same_inputs = [entry["sha256"] for entry in current.inputs] == [entry["sha256"] for entry in plan.inputs]
    same_model = current.model.get("fingerprint") == plan.model.get("fingerprint")
    if same_inputs and same_model and current.parameters == plan.parameters:
        LibraryFolder(path).close()  # opening it checks that its files are all there
        return BuildReport(current.papers, current.counts["repeated"], unchanged=True)
    differing = "other inputs" if not same_inputs else "another model" if not same_model else "other parameters"
    raise LibraryExists(
        f"{path} is a library of {current.papers} papers made of {differing}: add --replace to build it anew, "
        "or name another folder with --library"
    )


class _Build:
    """Carry one build through its stages."""

    def __init__(
        self, workshop: Workshop, options: BuildOptions, model: ModelFiles | Embedder | None, plan: _Plan
    ) -> None:
        self._workshop = workshop
        self._options = options
        self._model = model
        self._plan = plan
        self._generation = new_generation()
        self._report = BuildReport()
        self._files: dict[str, FileEntry] = {}

    def run(self) -> BuildReport:
        vectors = self._options.vectors
        if vectors is None:
            self._stage_papers()
            self._embed(self._report.papers)
        else:
            self._copy_vectors(vectors, self._stage_papers_with(vectors))
        rows = self._report.papers
        nearest = NearestRows(load_array(self._path("vectors", "npy")))
        self._store_neighbors(nearest, rows)
        neighbors, similarities = (load_array(self._path(role, "npy")) for role in ("neighbors", "similarities"))
        layout = LayoutOptions(seed=self._options.seed)
        coordinates = project(nearest.vectors, neighbors, similarities, layout)
        self._files["layout"] = write_array(self._path("layout", "npy"), coordinates, "<f4")
        self._commit()
        return self._report

    def _path(self, role: str, suffix: str) -> Path:
        return self._workshop.work / f"{role}-{self._generation}.{suffix}"

    def _stage_papers_with(self, vectors: Path) -> array[int]:
        """Stage the papers that have a vector; return for each row its row in `vectors`.

        These go by the records of the inputs or, where records were rejected or repeated, by the papers that are left.
        """
        unusable, given = _rows_without_direction(vectors), len(_ready_vectors(vectors))
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
            for ordinal, (file, record) in enumerate(_records(self._options.inputs)):
                if isinstance(record, readers.Rejected):
                    self._report.rejected.append((str(file), record.line, record.reason))
                elif ordinal in unusable:
                    self._report.rejected.append((str(file), 0, f"{record.id}: its vector is zero or not finite"))
                elif writer.add(record):
                    ordinals.append(ordinal)
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

    def _embed(self, rows: int) -> None:
        """Embed all papers, shard by shard; shards that an earlier try finished are taken up again."""
        embedder = load(self._model) if isinstance(self._model, ModelFiles) else self._model
        assert embedder is not None  # noqa: S101 -- only ready vectors go without a model
        shards = []
        with (
            closing(PaperDatabase(self._path("papers", "sqlite"), rows)) as database,
            _progress("embedding", rows) as bar,
        ):
            for start in range(0, rows, _SHARD):
                texts = [paper.text for paper in database.range(start, min(start + _SHARD, rows))]
                shards.append(self._shard(embedder, texts))
                bar.update(len(texts))
        writer = ArrayWriter(self._path("vectors", "npy"), "<f4", (rows, load_array(shards[0]).shape[1]))
        for shard in shards:
            writer.append(load_array(shard))
        self._files["vectors"] = writer.close()

    def _shard(self, embedder: Embedder, texts: Sequence[str]) -> Path:
        """Return the file with the vectors of `texts`, which is named by all that decides them."""
        key = sha256("\0".join([embedder.identity.fingerprint, embedder.runtime, *texts]).encode()).hexdigest()[:32]
        path = self._workshop.shards / f"{key}.npy"
        if not _is_whole(path):
            vectors = embedder.embed(texts)
            if vectors.ndim != 2 or len(vectors) != len(texts):
                raise InvalidInput(f"the model {embedder.identity.name} made {vectors.shape} of {len(texts)} texts")
            temporary = path.with_suffix(".tmp")
            write_array(temporary, unit(vectors), "<f4")
            temporary.replace(path)
        return path

    def _copy_vectors(self, file: Path, file_rows: array[int]) -> None:
        import numpy as np

        vectors, rows = _ready_vectors(file), np.asarray(file_rows)
        dtype = "<f2" if vectors.dtype == np.float16 else "<f4"
        writer = ArrayWriter(self._path("vectors", "npy"), dtype, (len(rows), vectors.shape[1]))
        for start in range(0, len(rows), _BLOCK):
            writer.append(unit(vectors[rows[start : start + _BLOCK]]))
        self._files["vectors"] = writer.close()

    def _store_neighbors(self, nearest: NearestRows, rows: int) -> None:
        shape = (rows, min(NEIGHBORS, rows - 1))
        neighbors = ArrayWriter(self._path("neighbors", "npy"), "<i4", shape)
        similarities = ArrayWriter(self._path("similarities", "npy"), "<f4", shape)
        with _progress("neighbors", rows) as bar:
            for block_rows, block_similarities in nearest.graph(NEIGHBORS):
                neighbors.append(block_rows)
                similarities.append(block_similarities)
                bar.update(len(block_rows))
        self._files |= {"neighbors": neighbors.close(), "similarities": similarities.close()}

    def _commit(self) -> None:
        rejected = self._path("rejected", "jsonl")
        with rejected.open("w", encoding="utf-8") as file:
            for name, line, reason in self._report.rejected:
                file.write(json.dumps({"file": name, "line": line, "reason": reason}) + "\n")
        self._files["rejected"] = describe_file(rejected)
        manifest = Manifest(
            generation=self._generation,
            papers=self._report.papers,
            model=self._plan.model,
            parameters=self._plan.parameters,
            inputs=self._plan.inputs,
            files=self._files,
            counts={"repeated": self._report.repeated, "rejected": len(self._report.rejected)},
            versions=_versions(),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        self._workshop.commit(manifest)


def _records(inputs: Sequence[Path]) -> Iterator[tuple[Path, readers.Record]]:
    with _progress("reading", None) as bar:
        for file in inputs:
            for record in readers.read(file):
                yield file, record
                bar.update()


def _ready_vectors(file: Path) -> NDArray[np.floating[Any]]:
    import numpy as np

    try:
        vectors = np.load(file, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # a file can be wrong in more ways than NumPy has errors for
        raise InvalidInput(f"{file} is not a NumPy .npy file of numbers: {error}") from None
    if not isinstance(vectors, np.ndarray) or vectors.ndim != 2 or vectors.dtype.kind != "f" or 0 in vectors.shape:
        shape = f"{getattr(vectors, 'shape', '')} {getattr(vectors, 'dtype', type(vectors).__name__)}"
        raise InvalidInput(f"{file} must hold an (n, d) array of floating-point numbers, not {shape}")
    return vectors


def _rows_without_direction(file: Path) -> set[int]:
    """Return the rows of ready vectors that are zero or not finite: their papers are rejected, not the whole file."""
    import numpy as np

    vectors = _ready_vectors(file)
    unusable: set[int] = set()
    for start in range(0, len(vectors), _BLOCK):
        block = np.asarray(vectors[start : start + _BLOCK], dtype=np.float32)
        usable = np.isfinite(block).all(axis=1) & block.any(axis=1)
        unusable.update((start + np.flatnonzero(~usable)).tolist())
    return unusable


def _is_whole(shard: Path) -> bool:
    try:
        load_array(shard)
    except (FileNotFoundError, LibraryDamaged):
        return False
    return True


def _progress(stage: str, total: int | None) -> tqdm[Any]:
    """Show a bar on standard error, where that is a terminal."""
    from tqdm import tqdm

    return tqdm(desc=f"{stage:>9}", total=total, unit=" papers", leave=False, disable=None)


def _file_hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except IsADirectoryError:
        raise InvalidInput(f"{path} is a folder: name the files in it") from None
    except FileNotFoundError:
        raise InvalidInput(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InvalidInput(f"{path}: cannot be read: {error}") from error


def _versions() -> dict[str, str]:
    versions = {"paper-explorer": __version__}
    for name in _VERSIONED:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
