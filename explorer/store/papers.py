"""Writing papers to SQLite: what a row is, and how several records become one paper. Row numbers are the library's."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from explorer.errors import LibraryDamaged
from explorer.papers import Paper, are_one, derived_id, identity, merged, names_key, title_key

_SCHEMA = """
    CREATE TABLE papers (
        row INTEGER PRIMARY KEY, batch INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, version INTEGER, title TEXT NOT NULL,
        title_key TEXT NOT NULL, author_key TEXT NOT NULL, abstract TEXT NOT NULL, authors TEXT NOT NULL,
        date TEXT NOT NULL, categories TEXT NOT NULL, listed_in TEXT NOT NULL, url TEXT NOT NULL, doi TEXT NOT NULL,
        links TEXT NOT NULL, also TEXT NOT NULL, crc INTEGER NOT NULL
    ) STRICT
"""
# Every name of a paper but its very id: DOIs in lower case, ids elsewhere. The first paper of a name keeps it.
_NAMES = "CREATE TABLE names (name TEXT PRIMARY KEY, row INTEGER NOT NULL) STRICT, WITHOUT ROWID"
_LOOKUPS = (
    "CREATE INDEX papers_title_key ON papers (title_key)",
    "CREATE INDEX papers_url ON papers (url) WHERE url <> ''",
    "CREATE INDEX papers_doi ON papers (lower(doi)) WHERE doi <> ''",
    # For filters, which look at all papers: each has in its index what it needs, and leaves the abstracts alone.
    "CREATE INDEX papers_date ON papers (date)",
    "CREATE INDEX papers_categories ON papers (categories, listed_in)",
    "CREATE INDEX papers_batch ON papers (batch)",
    """CREATE VIRTUAL TABLE words USING fts5 (
        title, author_key, content = 'papers', content_rowid = 'row', tokenize = 'unicode61 remove_diacritics 2'
    )""",
    "INSERT INTO words (words) VALUES ('rebuild')",
)
_FIELDS = "id, version, title, abstract, authors, date, categories, listed_in, url, doi, links, also"
FIELDS = tuple(_FIELDS.split(", "))
COLUMNS = f"row, batch, title_key, author_key, {_FIELDS}, crc"
LISTS = frozenset({"authors", "categories", "listed_in", "links", "also"})
_BEFORE_FIELDS = 4
_BATCH = 500
_PAGE = 16_384  # bytes: files are an eighth smaller than with SQLite's 4096, and written in less time
_json = json.encoder.encode_basestring  # of a text, characters beyond ASCII as they are


@dataclass(frozen=True, slots=True)
class Outcome:
    """Tell what became of a record: the row of its paper, whether it is new, and what it changed in an old one."""

    row: int
    is_new: bool = False
    is_changed: bool = False
    text_changed: bool = False


class PaperWriter:
    """Fill a new database, or one that goes on from another. Records of one paper become one row.

    They are one paper when they share an id, a DOI or another name, unless their titles have next to nothing in
    common. `batch` is written beside every paper that is added: 0 for those of a build, then 1, 2 and so on.
    """

    def __init__(self, path: Path, batch: int = 0, *, source: Path | None = None) -> None:
        path.unlink(missing_ok=True)
        self.batch = batch
        self.count = 0
        self.without_abstract = 0  # more than before, of those in a database that goes on
        self._is_copy = source is not None
        if source is not None:
            import shutil  # not for look-ups, which do not write

            shutil.copyfile(source, path)
        self._connection = sqlite3.connect(path, isolation_level=None)
        # Nothing reads the file before it is complete and forced to disk as a whole.
        for statement in (
            f"PRAGMA page_size = {_PAGE}",  # of a new file
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            "PRAGMA trusted_schema = OFF",
            "BEGIN",
        ):
            self._connection.execute(statement)
        if source is None:
            for statement in (_SCHEMA, _NAMES):
                self._connection.execute(statement)
            self._has_names = False
        else:
            ((self.count, self._has_names),) = self._connection.execute(
                "SELECT coalesce(max(row), -1) + 1, EXISTS (SELECT 1 FROM names) FROM papers"
            )
        marks = ", ".join("?" * (len(FIELDS) + _BEFORE_FIELDS + 1))
        self._insertion = f"INSERT OR IGNORE INTO papers ({COLUMNS}) VALUES ({marks})"  # noqa: S608 -- constants

    def add(self, paper: Paper, *, newer: bool | None = None, known_only: bool = False) -> Outcome | None:
        """Add `paper` as the next row, or merge it into the row of the same paper; `newer` is as for `merged`.

        With `known_only`, a paper that is not there is left out: None.
        """
        names = paper.identities
        row = self._row_named(names) if self._has_names or len(names) > 1 else None
        if row is None:
            values = stored_values(self.count, self.batch, paper)
            if not known_only and self._connection.execute(self._insertion, values).rowcount == 1:
                return self._added(paper, names)
            row = self._row_named((paper.id, *names))
        if row is None:
            return None
        return self._met(row, paper, newer, known_only=known_only)

    def replace(self, row: int, paper: Paper) -> None:
        """Let `paper`, whose id is the row's, or is no other's, stand in a row that exists."""
        (stored,) = self._connection.execute(f"SELECT {COLUMNS} FROM papers WHERE row = ?", (row,))  # noqa: S608
        if self._is_copy:
            self._index(row, stored[_BEFORE_FIELDS + FIELDS.index("title")], stored[3], remove=True)
        values = stored_values(row, stored[1], paper)
        self.without_abstract += (not paper.abstract) - (not stored[_BEFORE_FIELDS + FIELDS.index("abstract")])
        marks = ", ".join("?" * len(values))
        self._connection.execute(f"REPLACE INTO papers ({COLUMNS}) VALUES ({marks})", values)  # noqa: S608
        if self._is_copy:
            self._index(row, paper.title, values[3])
        self._name(row, paper.identities[1:] if paper.identities[0] == paper.id else paper.identities)

    def take_over(self, source: Path, without: Collection[int] = ()) -> None:
        """Add the rows of another database in their order, `without` some; those after move up."""
        connection = sqlite3.connect(f"file:{source.absolute()}?mode=ro&immutable=1".replace("#", "%23"), uri=True)
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            for stored in connection.execute(f"SELECT {COLUMNS} FROM papers ORDER BY row"):  # noqa: S608 -- constants
                if crc_of(stored[:-1]) != stored[-1]:
                    raise LibraryDamaged(f"{source.name}: row {stored[0]} was altered (checksum)")
                if stored[0] not in without:
                    values = [self.count, *stored[1:-1]]
                    self._connection.execute(self._insertion, (*values, crc_of(values)))
                    paper = paper_of(stored)
                    names = paper.identities
                    self._name(self.count, names[1:] if names[0] == paper.id else names)
                    self.without_abstract += not paper.abstract
                    self.count += 1
        finally:
            connection.close()

    def papers(self, rows: Sequence[int]) -> Iterator[Paper]:
        """Yield the papers of some rows as they are now."""
        for start in range(0, len(rows), _BATCH):
            some = [int(row) for row in rows[start : start + _BATCH]]
            marks = ", ".join("?" * len(some))
            query = f"SELECT {COLUMNS} FROM papers WHERE row IN ({marks})"  # noqa: S608 -- constants and marks
            found = {stored[0]: paper_of(stored) for stored in self._connection.execute(query, some)}
            yield from (found[row] for row in some)

    def finish(self) -> None:
        """Build the look-ups, complete the file and close it."""
        for statement in () if self._is_copy else _LOOKUPS:
            self._connection.execute(statement)
        self._connection.execute("COMMIT")
        self.close()

    def close(self) -> None:
        """Close the file, complete or not."""
        self._connection.close()

    def _added(self, paper: Paper, names: tuple[str, ...]) -> Outcome:
        row = self.count
        self.count += 1
        self.without_abstract += not paper.abstract
        if len(names) > 1 or names[0] != paper.id:
            self._name(row, names[1:] if names[0] == paper.id else names)
        if self._is_copy:
            self._index(row, paper.title, names_key(paper.authors))
        return Outcome(row, is_new=True)

    def _met(self, row: int, paper: Paper, newer: bool | None, *, known_only: bool) -> Outcome | None:
        """Merge `paper` into the row that has one of its names, or find that it is another paper."""
        (first,) = self.papers([row])
        if not are_one(first, paper):
            # The name means another paper there. Without it, this one is known by its id alone, or by its words.
            alone = replace(paper, also=())
            shared = identity(first.id) == identity(paper.id)
            alone = replace(alone, id=derived_id(paper)) if shared else alone
            if (own := self._row_named((alone.id,))) is not None:
                return self._merged(own, next(self.papers([own])), alone, newer)
            if known_only:
                return None
            self._connection.execute(self._insertion, stored_values(self.count, self.batch, alone))
            return self._added(alone, (alone.id,))
        return self._merged(row, first, paper, newer)

    def _merged(self, row: int, first: Paper, paper: Paper, newer: bool | None) -> Outcome:
        together = merged(first, paper, newer=newer)
        if together != first:
            self.replace(row, together)
        return Outcome(row, is_changed=together != first, text_changed=together.words != first.words)

    def _row_named(self, names: Sequence[str]) -> int | None:
        for name in names:
            query = "SELECT row FROM papers WHERE id = ? UNION ALL SELECT row FROM names WHERE name = ? LIMIT 1"
            found = self._connection.execute(query, (name, name)).fetchone()
            if found is not None:
                return int(found[0])
        return None

    def _name(self, row: int, names: Sequence[str]) -> None:
        self._has_names = self._has_names or bool(names)
        self._connection.executemany("INSERT OR IGNORE INTO names VALUES (?, ?)", [(name, row) for name in names])

    def _index(self, row: int, title: str, author_key: str, *, remove: bool = False) -> None:
        """Keep the words of titles and authors in step, which a new database gets at its end."""
        command = ("words, ", "'delete', ") if remove else ("", "")
        self._connection.execute(
            f"INSERT INTO words ({command[0]}rowid, title, author_key) VALUES ({command[1]}?, ?, ?)",  # noqa: S608
            (row, title, author_key),
        )


def stored_values(row: int, batch: int, paper: Paper) -> tuple[Any, ...]:
    """Return the values of `COLUMNS`; the checksum covers row and keys too, so that no row passes for another."""
    values: list[Any] = [row, batch, title_key(paper.title), names_key(paper.authors)]
    for name in FIELDS:
        value = getattr(paper, name)
        values.append(_listed(value) if name in LISTS else value)
    return (*values, crc_of(values))


def _listed(texts: Sequence[str]) -> str:
    """Return texts as a JSON list."""
    return f"[{', '.join(map(_json, texts))}]" if texts else "[]"


def paper_of(stored: Sequence[Any]) -> Paper:
    """Return the paper of a row of `COLUMNS`. Raises ValueError or TypeError for lists that are none."""
    fields: dict[str, Any] = dict(zip(FIELDS, stored[_BEFORE_FIELDS:-1], strict=True))
    for name in LISTS:
        fields[name] = tuple(json.loads(fields[name]))
    return Paper(**fields)


def crc_of(values: Sequence[Any]) -> int:
    """Return the checksum of a row, which is its last value. No text of a paper has a NUL in it."""
    return zlib.crc32("\0".join(map(str, values)).encode("utf-8", "surrogatepass"))
