"""The facade. It composes the store and the parts, and computes nothing itself."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

from explorer import query as queries
from explorer.errors import InvalidInput, LibraryDamaged
from explorer.library.growing import Growing, input_files, reading_options
from explorer.library.papers import Papers
from explorer.matches import Matches
from explorer.query import Query
from explorer.search import answer
from explorer.store import LibraryFolder

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from explorer.builder import BuildReport
    from explorer.embedder import Embedder
    from explorer.search.corpus import StoredCorpus
    from explorer.search.options import SearchOptions
    from explorer.topics import Topics
    from explorer.webmap import Contents, MapData

_ON_MAP = 10  # neighbors shown for each paper


def default_path() -> Path:
    """Return where the library is unless told otherwise: $EXPLORER_LIBRARY, else artifacts/library."""
    return Path(os.environ.get("EXPLORER_LIBRARY") or Path("artifacts", "library"))


class Library(Growing):
    """Answer which papers are like this one, and draw what the field looks like.

    Make one with `Library.build`, open one with `Library.open`. Index and model are loaded when first needed, then
    kept. Also a context manager; `close` frees its files.
    """

    def __init__(self, folder: LibraryFolder, model: str | Path | Embedder | None = None) -> None:
        self._folder = folder
        self._model = model
        self.built: BuildReport | None = None

    @classmethod
    def build(
        cls,
        inputs: str | Path | Sequence[str | Path],
        path: str | Path | None = None,
        *,
        model: str | Path | Embedder | None = None,
        seed: int = 42,
        vectors: str | Path | None = None,
        replace: bool = False,
        **others: Any,
    ) -> Library:
        """Make a library of files, or folders of them, and open it; `built` tells what was read.

        `path` defaults to $EXPLORER_LIBRARY, else artifacts/library; `model` to all-MiniLM-L6-v2. `vectors` names a
        .npy file with ready (n, d) vectors in the order of the records. `columns` says which column of a table is which
        field ({"title": "Name"}), `strict` that no record may be bad. A library of the same inputs and parameters is
        opened as it is; one of others is kept unless `replace`. `index` says how neighbors are looked for: "exact",
        among all papers, in "clusters", or "auto", by their number; `engine` who embeds and looks for neighbors in
        clusters: this process ("local"), or the workers of the Dask cluster at `address`, else processes of this
        machine ("dask"); `memory` how much of it a build may take, in bytes or like "4G". One that needs more is
        refused before it begins. Raises ExplorerError: subclasses say what is wrong.
        """
        from explorer.builder import BuildOptions, build
        from explorer.builder.limits import parse_size

        given = None if vectors is None else Path(vectors)
        how: dict[str, Any] = {name: others.pop(name) for name in ("index", "engine", "address") if name in others}
        if (memory := others.pop("memory", None)) is not None:
            how["memory"] = parse_size(memory)
        options = BuildOptions(input_files(inputs), model, seed, given, replace, reading_options(others), **how)
        where = default_path() if path is None else Path(path)
        report = build(where, options)
        library = cls.open(where, model=model)
        library.built = report
        return library

    @classmethod
    def open(cls, path: str | Path | None = None, *, model: str | Path | Embedder | None = None) -> Library:
        """Open the library at `path`, by default $EXPLORER_LIBRARY, else artifacts/library. Takes milliseconds.

        `model` embeds queries by text; it must be the one that the library was built with, which is the default.
        Raises LibraryNotFound, LibraryDamaged or ForeignLibrary.
        """
        return cls(LibraryFolder(default_path() if path is None else Path(path)), model)

    def close(self) -> None:
        """Close the library's files."""
        self._folder.close()

    def __enter__(self) -> Library:
        """Return the library."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the library's files."""
        self.close()

    def __repr__(self) -> str:
        """Return where it is and how many papers it has."""
        return f"Library({str(self.path)!r}, {len(self.papers)} papers)"

    @property
    def path(self) -> Path:
        """Return the library's folder."""
        return self._folder.path

    @cached_property
    def papers(self) -> Papers:
        """Return the papers: iterable, with a length, by id or row."""
        return Papers(self._folder)

    def similar(self, paper_id: str, k: int = 10, options: SearchOptions | None = None, **named: Any) -> Matches:
        """Return the `k` papers most like one of the library, which is named by id or address in any form.

        `options`, or its fields by name, say what else matters. Up to 30 are looked up where the library stores them,
        unless options change which papers can be answers; more are searched. Raises UnknownPaper, InvalidInput.
        """
        part = Query("id", paper_id, queries.require_id(paper_id, self._folder.database))
        return self._answered([part], k, _options(options, named))

    def search(self, text: str, k: int = 10, options: SearchOptions | None = None, **named: Any) -> Matches:
        """Return the `k` papers most like a text, whatever it looks like; options are as for `similar`.

        Raises ModelMismatch when the library's vectors come from another model, ModelNotAvailable, InvalidInput.
        """
        part = Query("text", queries.require_words(text, "give some text"))
        return self._answered([part], k, _options(options, named))

    def find_similar(
        self, *asked: str | Query, k: int = 10, options: SearchOptions | None = None, **named: Any
    ) -> Matches:
        """Return the `k` papers most like what is asked for, which may be several things at once.

        Each is an id or address, else a whole title, else a file of text, or "@file" with a list of papers, else a
        text. `options`, or its fields by name (`like=[...]`, `unlike=[...]`, `since=...`), say what else matters.
        `query_kind` of the answer says what was asked. Raises UnknownPaper for what looks like an id but is not in the
        library, InvalidInput, ModelMismatch, ModelNotAvailable.
        """
        return self._answered(asked, k, _options(options, named))

    def find_title(self, part: str, k: int = 10, options: SearchOptions | None = None, **named: Any) -> Matches:
        """Return the `k` papers most like the one whose title holds `part`. Raises UnknownPaper, InvalidInput."""
        meant = queries.find_title_part(part, self._folder.database, self._titles)
        return self._answered([Query("title", meant.text, meant.row)], k, _options(options, named))

    def topics(self) -> Topics:
        """Return the topics: groups of the neighbor graph, coarse and fine, with labels, sizes and central papers."""
        from explorer.topics.topics import Topics

        try:
            return Topics.from_json(self._folder.labels(), self._folder.array("topics"))
        except ValueError as error:
            raise LibraryDamaged(f"{self.path}: the topics are not those of a library: {error}") from None

    def map(
        self,
        color: str | Sequence[Any] | None = "topic",
        size: float | str | Sequence[Any] | None = None,
        columns: Mapping[str, Sequence[Any]] | None = None,
    ) -> go.Figure:
        """Return the map as a plain Plotly figure, for notebooks, with the colors and labels of the page.

        `color` is "topic", "category", "date", "faithfulness", the name of one of the `columns`, n values, or a CSS
        color; `size` a number of pixels, the name of a column, or n numbers. Columns have n values each.
        Raises InvalidInput.
        """
        from explorer import webmap

        data = self._map_data(columns)
        try:
            return webmap.figure(data, color, size)
        except ValueError as error:
            raise InvalidInput(str(error)) from None

    def write_map(
        self,
        path: str | Path | None = None,
        embed: str | None = None,
        columns: Mapping[str, Sequence[Any]] | None = None,
    ) -> Path:
        """Write the map as one self-contained HTML file, by default map.html in the library; return where it is.

        `embed` says what it holds: "all" (abstracts, too), "titles" or "none"; by default what the number of papers
        suggests. `columns` are values of your own, n each, to color by. Raises InvalidInput.
        """
        from explorer import webmap

        where = self.path / "map.html" if path is None else Path(path)
        data = self._map_data(columns, for_page=True)
        try:
            where.parent.mkdir(parents=True, exist_ok=True)
            webmap.write_html(where, data, embed)
        except (OSError, ValueError) as error:
            raise InvalidInput(f"the map cannot be written to {where}: {error}") from error
        return where

    def map_contents(self, embed: str | None = None) -> Contents:
        """Return what a map with `embed` holds, and about how many bytes it has. Raises InvalidInput."""
        from explorer.webmap import Contents

        try:
            return Contents.of(len(self.papers), embed)
        except ValueError as error:
            raise InvalidInput(str(error)) from None

    def export(
        self,
        file: str | Path | BinaryIO,
        output_format: str | None = None,
        options: SearchOptions | None = None,
        **named: Any,
    ) -> int:
        """Write the papers and what is known of them to a file, or a binary stream; return how many papers.

        The format is "bibtex", "csl-json", "csv", "ids", "jsonl", "md", "npy" (the vectors), "parquet", "ris" or "tsv",
        by default what the suffix says. The filters of `options`, or given by name (`since=...`), say which papers. The
        file appears whole or not at all. Raises InvalidInput.
        """
        from explorer.exporting import export

        return export(self._folder, self.topics, file, output_format, _options(options, named))

    def read_columns(self, file: str | Path) -> dict[str, list[str | None]]:
        """Return the columns of a CSV file with a column of ids, a value a paper, for `map` and `write_map`.

        Raises InvalidInput.
        """
        from explorer.columns import read_columns

        return read_columns(Path(file), len(self.papers), lambda name: queries.find_id(name, self._folder.database))

    def info(self) -> dict[str, Any]:
        """Return what the library is: counts, model, parameters, size on disk in bytes, versions it was built with."""
        manifest = self._folder.manifest
        return {
            "library": str(self.path),
            "papers": manifest.papers,
            **manifest.counts,
            "model": manifest.model or None,
            "dimensions": manifest.files["vectors"].shape[1],
            "index": manifest.index,
            "search": manifest.search,
            "map": manifest.picture,
            "parameters": manifest.parameters,
            "inputs": manifest.inputs,
            "bytes": sum(entry.size for entry in manifest.files.values()),
            "created": manifest.created,
            "versions": manifest.versions,
        }

    def check(self) -> dict[str, Any]:
        """Return how right this library is, as far as that can be told without labels: shares from 0 to 1.

        "index" is the neighbor graph's recall of the ten nearest, "categories" how often one of the first ten answers
        has the paper's first category, "titles" how often a title finds its paper, "map" how much of the truth the
        picture keeps. Raises ModelMismatch, ModelNotAvailable.
        """
        from explorer.evaluation import check_library

        has_model = self._model is not None or bool(self._folder.manifest.model)
        return check_library(self._corpus, self._folder.array("layout"), with_texts=has_model)

    @cached_property
    def _corpus(self) -> StoredCorpus:
        from explorer.search.corpus import StoredCorpus

        has_model = self._model is not None or bool(self._folder.manifest.model)
        return StoredCorpus(self._folder, lambda: self._embedder if has_model else None)

    @cached_property
    def _embedder(self) -> Embedder:
        from explorer.embedder import ModelFiles, load, model_for

        found = model_for(self._folder.manifest.model, self._model)
        return load(found) if isinstance(found, ModelFiles) else found

    def _answered(self, asked: Sequence[str | Query], k: int, options: SearchOptions | None) -> Matches:
        if not isinstance(k, int) or k < 1:
            raise InvalidInput(f"k is {k!r}: ask for at least one paper")
        return answer(lambda: self._corpus, self._folder, asked, k, options)

    def _titles(self, rows: Sequence[int]) -> list[str]:
        return [f"{paper.id} {paper.title}" for paper in self._folder.database.papers(rows)]

    def _map_data(self, columns: Mapping[str, Sequence[Any]] | None, *, for_page: bool = False) -> MapData:
        from explorer.webmap import ABSTRACTS, MapData, MapTopic, Measured, directions, positions

        folder, topics = self._folder, self.topics()
        place = {topic.id: position for position, topic in enumerate(topics.topics)}
        picture = folder.manifest.picture
        try:
            return MapData(
                title=self.path.absolute().name,
                papers=self.papers,
                coordinates=folder.array("layout"),
                neighbors=folder.array("related")[:, :_ON_MAP],
                similarities=folder.array("cosines")[:, :_ON_MAP],
                topics=[
                    MapTopic(
                        topic.id,
                        topic.level,
                        topic.label,
                        topic.color,
                        -1 if topic.parent is None else place[topic.parent],
                    )
                    for topic in topics.topics
                ],
                topic_of=positions(topics.levels, place),
                faithfulness=folder.array("faithfulness")[:, 0],
                measured=Measured(picture["kept"], picture["trustworthiness"], int(picture["k"]), int(picture["rows"])),
                columns=columns or {},
                newcomers=self._newcomers(),
                added=folder.manifest.added[-1][:10] if len(folder.manifest.added) > 1 else "",
                # Only a small library's page holds them: no other map reads the vectors.
                directions=directions(folder.array("vectors")) if for_page and len(self.papers) <= ABSTRACTS else None,
            )
        except ValueError as error:
            raise InvalidInput(str(error)) from None

    def _newcomers(self) -> list[int]:
        """Return the rows of the papers that were added last, if any were added."""
        batch = len(self._folder.manifest.added) - 1
        return self._folder.database.rows_of_batch(batch) if batch else []


def _options(options: SearchOptions | None, named: dict[str, Any]) -> SearchOptions | None:
    if not named:
        return options
    from explorer.search.options import SearchOptions

    try:
        return SearchOptions(**named) if options is None else replace(options, **named)
    except TypeError as error:
        raise InvalidInput(f"there is no such option of a search: {error}") from None
