"""Looking papers up in SQLite, in a file that is never written. Row numbers are the library's."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from errno import ENOENT
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.errors import LibraryDamaged
from explorer.papers import Paper, identity, title_key
from explorer.store.papers import COLUMNS, FIELDS, LISTS, crc_of, paper_of

if TYPE_CHECKING:
    from explorer.store.filters import Conditions, Filters

_BATCH = 500
_SIGNS = "0123456789abcdefghijklmnopqrstuvwxyz./-"  # of ids
_LONGEST_SLIP = 32  # characters; ids of more are not typed
_LONGEST_PART = 500  # characters of a title; FTS5 parses expressions of some hundred words at most
_LONGEST = 64 * 1024 * 1024  # bytes of one value: no paper comes near, a hostile file could


class PaperDatabase:
    """Look papers up by row, id, title or words. The file is never written.

    Every method raises LibraryDamaged when SQLite or a row's checksum finds the file altered.
    """

    def __init__(self, path: Path, rows: int) -> None:
        self._name = path.name
        self._rows = rows
        self._connection = _opened(path)
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        self._query("PRAGMA trusted_schema = OFF")
        self._require_own_tables()
        # Opened now, for conditions: a commit may take the file away, and what is open stays.
        self._second = _opened(path)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
        self._second.close()

    def row_of(self, paper_id: str) -> int | None:
        """Return the row of the paper with this very id."""
        return self._first_row("SELECT row FROM papers WHERE id = ?", paper_id)

    def row_at(self, url: str) -> int | None:
        """Return the first row whose paper has this address, http or https, with a slash at its end or without."""
        bare = url.strip().rstrip("/").partition("://")[2]
        spellings = [f"{scheme}://{bare}{end}" for scheme in ("https", "http") for end in ("", "/")]
        return self._first_row(
            "SELECT row FROM papers WHERE url <> '' AND url IN (?, ?, ?, ?) ORDER BY row", *spellings
        )

    def row_with_doi(self, doi: str) -> int | None:
        """Return the first row whose paper has this DOI; upper and lower case are the same in DOIs."""
        return self._first_row("SELECT row FROM papers WHERE doi <> '' AND lower(doi) = ? ORDER BY row", doi.lower())

    def row_named(self, name: str) -> int | None:
        """Return the row of the paper that is known by this name too: an id elsewhere, or a DOI, however spelled."""
        return self._first_row("SELECT row FROM names WHERE name = ?", identity(name))

    def rows_of_batch(self, batch: int) -> list[int]:
        """Return the rows that were added with a batch, ascending."""
        found = self._query("SELECT row FROM papers WHERE batch = ? ORDER BY row", batch)
        return [self._row(row) for (row,) in found]

    def count(self) -> int:
        """Return how many rows there are."""
        ((count,),) = self._query("SELECT count(*) FROM papers")
        return int(count)

    def require_whole(self) -> None:
        """Read the whole file and compare its look-ups with its rows. Raises LibraryDamaged."""
        found = [str(said) for (said,) in self._query("PRAGMA integrity_check(3)")]
        if found != ["ok"]:
            raise LibraryDamaged(f"{self._name} is not whole ({'; '.join(found)[:300]})")
        ((indexed,),) = self._query("SELECT count(*) FROM words_docsize")
        if indexed != self.count():
            raise LibraryDamaged(f"{self._name} has the words of {indexed} titles for {self.count()} papers")
        lost = self._query("SELECT name FROM names WHERE row NOT IN (SELECT row FROM papers) LIMIT 1")
        if lost:
            raise LibraryDamaged(f"{self._name} has names of papers that do not exist")

    def rows_titled(self, title: str) -> list[int]:
        """Return the rows whose title equals `title`, case, accents and punctuation aside."""
        key = title_key(title)
        found = self._query("SELECT row FROM papers WHERE title_key = ? AND title_key <> '' ORDER BY row", key)
        return [self._row(row) for (row,) in found]

    def rows_with_title_part(self, part: str, limit: int) -> list[int]:
        """Return up to `limit` rows whose title holds all words of `part`, the last maybe unfinished, else `part`."""
        key = title_key(part)
        if not key:
            return []
        words = "title : (" + " AND ".join(f'"{word}"' for word in key.split()) + " *)"
        query = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words), rowid LIMIT ?"
        found = self._query(query, words, limit) if len(key) <= _LONGEST_PART else []
        if not found:
            found = self._query("SELECT row FROM papers WHERE instr(title_key, ?) ORDER BY row LIMIT ?", key, limit)
        return [self._row(row) for (row,) in found]

    def nearest_ids(self, paper_id: str, count: int = 3) -> list[str]:
        """Return the ids that are spelled most like `paper_id`: with one sign other, or near it in sorted order."""
        from difflib import SequenceMatcher

        below = self._query("SELECT id FROM papers WHERE id <= ? ORDER BY id DESC LIMIT 200", paper_id)
        above = self._query("SELECT id FROM papers WHERE id > ? ORDER BY id LIMIT 200", paper_id)
        slips = sorted(_slips(paper_id)) if len(paper_id) <= _LONGEST_SLIP else []
        for start in range(0, len(slips), _BATCH):
            some = slips[start : start + _BATCH]
            marks = ", ".join("?" * len(some))
            below += self._query(f"SELECT id FROM papers WHERE id IN ({marks})", *some)  # noqa: S608 -- marks
        ids = sorted({str(found) for (found,) in below + above})
        return sorted(ids, key=lambda other: -SequenceMatcher(None, paper_id, other, autojunk=False).ratio())[:count]

    def papers(self, rows: Sequence[int]) -> list[Paper]:
        """Return the papers at `rows`, in their order."""
        found: dict[int, Paper] = {}
        for start in range(0, len(rows), _BATCH):
            some = rows[start : start + _BATCH]
            marks = ", ".join("?" * len(some))
            query = f"SELECT {COLUMNS} FROM papers WHERE row IN ({marks})"  # noqa: S608 -- constants and marks
            found |= {stored[0]: self._checked(stored) for stored in self._query(query, *some)}
        missing = next((row for row in rows if row not in found), None)
        if missing is not None:
            raise LibraryDamaged(f"{self._name}: the paper of row {missing} is missing")
        return [found[row] for row in rows]

    def ids(self) -> list[str]:
        """Return all ids, in the order of rows."""
        ids = [str(paper_id) for (paper_id,) in self._query("SELECT id FROM papers ORDER BY row")]
        if len(ids) != self._rows:
            raise LibraryDamaged(f"{self._name} holds {len(ids)} papers and not {self._rows}")
        return ids

    def range(self, start: int, stop: int) -> Iterator[Paper]:
        """Yield the papers of rows `start` to `stop`, the last not included, without holding them all."""
        for first in range(start, stop, _BATCH):
            yield from self.papers(range(first, min(first + _BATCH, stop)))

    def rows_passing(self, filters: Filters, added: Sequence[str]) -> array[int]:
        """Return the rows that pass all filters, ascending. `added` holds for each batch the time it was added.

        Raises InvalidInput for a condition that is none.
        """
        from explorer.store.filters import rows_in_all

        return rows_in_all(self._masks(filters, added).values(), self._rows)

    def kept_by_each(self, filters: Filters, added: Sequence[str]) -> dict[str, int]:
        """Return for each filter that is set, by its command-line option, how many papers it alone keeps."""
        return {option: sum(mask) for option, mask in self._masks(filters, added).items()}

    def _masks(self, filters: Filters, added: Sequence[str]) -> dict[str, bytes]:
        from explorer.store.filters import RowFilter

        return RowFilter(self._name, self._rows, self._query, self._conditions).masks(filters, added)

    @cached_property
    def _conditions(self) -> Conditions:
        from explorer.store.filters import Conditions

        return Conditions(self._second, self._name)

    def _first_row(self, query: str, *values: str) -> int | None:
        found = self._query(query + " LIMIT 1", *values)
        return self._row(found[0][0]) if found else None

    def _row(self, value: object) -> int:
        if not isinstance(value, int) or not 0 <= value < self._rows:
            raise LibraryDamaged(f"{self._name} names a row {value!r} that does not exist")
        return value

    def _require_own_tables(self) -> None:
        """Refuse a database whose tables are views or made by modules: to read those runs what a stranger wrote."""
        query = (
            "SELECT name, type, substr(sql, 1, 24) FROM sqlite_master "
            "WHERE name IN ('names', 'papers', 'words') ORDER BY name"
        )
        tables = [(name, kind, " ".join(str(sql).split())) for name, kind, sql in self._query(query)]
        if tables != [
            ("names", "table", "CREATE TABLE names (name"),
            ("papers", "table", "CREATE TABLE papers ("),
            ("words", "table", "CREATE VIRTUAL TABLE wor"),
        ]:
            raise LibraryDamaged(f"{self._name} does not hold the tables of a library")

    def _query(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.ProgrammingError:
            raise  # a closed library: not the file's fault
        except (sqlite3.DatabaseError, UnicodeError) as error:
            raise LibraryDamaged(f"{self._name} cannot be read ({error})") from error

    def _checked(self, stored: Sequence[Any]) -> Paper:
        try:
            if crc_of(stored[:-1]) != stored[-1]:
                raise ValueError("checksum")
            paper = paper_of(stored)
            _require_types(paper)
        except (ValueError, TypeError, RecursionError) as error:
            raise LibraryDamaged(f"{self._name}: row {stored[0]} was altered ({error})") from None
        return paper


def _opened(path: Path) -> sqlite3.Connection:
    quoted = str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    try:
        # Immutable: no locks and no journal, so a read-only folder and concurrent readers work.
        return sqlite3.connect(f"file:{quoted}?mode=ro&immutable=1", uri=True, check_same_thread=False)
    except sqlite3.OperationalError as error:
        raise FileNotFoundError(ENOENT, str(error), str(path)) from None


def _slips(word: str) -> set[str]:
    """Return what `word` may stand for: with a sign less, a sign more, another sign, or two signs in turn."""
    parts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    slips = {left + right[1:] for left, right in parts if right}
    slips |= {left + right[1] + right[0] + right[2:] for left, right in parts if len(right) > 1}
    slips |= {left + sign + right[cut:] for left, right in parts for sign in _SIGNS for cut in (0, 1)}
    return slips


def _require_types(paper: Paper) -> None:
    for name in FIELDS:
        value = getattr(paper, name)
        if name == "version":
            is_right = value is None or isinstance(value, int)
        else:
            is_right = all(isinstance(text, str) for text in (value if name in LISTS else (value,)))
        if not is_right:
            raise TypeError(name)
