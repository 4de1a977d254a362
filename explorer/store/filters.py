"""Filters: which rows of a library may be answers. May import papers and errors; needs no NumPy.

Each filter marks the rows that it keeps, one byte a row, and what all of them keep may be answers. A condition in SQL
is what a person, or a program for one, typed: it runs in a connection of its own that can do nothing but compare.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, compress
from typing import Any

from explorer.errors import InvalidInput, LibraryDamaged
from explorer.papers import shortened, title_key

_OPTIONS = {
    "since": "--since",
    "until": "--until",
    "year": "--year",
    "categories": "--category",
    "authors": "--author",
    "added_since": "--added-since",
    "where": "--where",
}
_SEVERAL = frozenset({"categories", "authors"})
_LAST = "last"

# What a condition may name, and the stored columns that this is made of.
_COLUMNS = "id, version, title, abstract, authors, date, year, categories, listed_in, url, doi, links, added"
_STORED = frozenset(_COLUMNS.split(", ")) - {"year", "added"} | {"row", "batch"}
# Names resolve in the inner select alone, so that nothing else of the table can be named; the row's own name is a sign
# that no condition may hold. A stamp is taken from a blob, where that is no walk through all before it.
_FRAME = """
    SELECT "\x01" FROM (
        SELECT row AS "\x01", id, version, title, abstract, authors, date,
            CAST(nullif(substr(date, 1, 4), '') AS INTEGER) AS year, categories, listed_in, url, doi, links,
            CAST(substr(?1, 1 + batch * {width}, {width}) AS TEXT) AS added
        FROM papers
    ) WHERE (
{condition}
)"""
# Left out are functions that are not the same at each call, that make long texts of short ones (replace, printf), or
# that take time in the order of two texts' lengths for nothing of use here (trim: minutes for a megabyte).
_FUNCTIONS = frozenset({
    "abs", "coalesce", "glob", "ifnull", "iif", "instr", "length", "like", "lower", "max", "min", "nullif", "round",
    "substr", "substring", "typeof", "upper",
})  # fmt: skip
_FRAME_FUNCTIONS = 3
_MOST_FUNCTIONS = 40 + _FRAME_FUNCTIONS
_LONGEST_CONDITION = 10_000  # characters
_SECONDS = 2.0
_STEPS = 50  # of SQLite's machine between two looks at the clock, or one row: each may be a function that takes long
# Within a function no clock is looked at: what one may be given is bounded, so that none takes more than 0.1 s or so.
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 250_000,  # bytes of one text; an abstract has some thousand
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 50_000,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 200,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 1,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 1,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
}
_DAMAGE = frozenset({
    sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FORMAT
})  # fmt: skip
_QUOTED = r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]"""
_FORBIDDEN = r"""(?i)[;?:@$#"'`\[\]]|--|/\*|\b(?:select|values|with|rowid|_rowid_|oid)\b"""
_MOST_WORDS = 8  # of a name that FTS5 is asked for; the others are checked on what it finds

Query = Callable[..., list[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Filters:
    """Say which papers may be answers: those that pass every filter that is set.

    `since`, `until`: a date, a month or a year, from its first day on and up to its last. `year`: "2019", "2019-2021",
    "2019-" or "-2021". A paper of which only the year or the month is known passes when one of its days would; a paper
    without a date passes none of the three.
    `categories`: any of them, the paper's own or one that it was listed in; "cs" is also cs.CV and cs.LG.
    `authors`: all of them. Of each, all words must be words of one author's name, and single letters begin one: "He,
    Kaiming", "K. He" and "he" are all Kaiming He. Case, accents and punctuation are aside.
    `added_since`: a date as above (in UTC) since which a paper was added, or "last" for what the last batch added.
    `where`: a condition in SQL on the columns that its errors list; lists are JSON texts.

    Raises InvalidInput for what is malformed; a condition is looked at when it is used.
    """

    since: str = ""
    until: str = ""
    year: str = ""
    categories: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    added_since: str = ""
    where: str = ""

    def __post_init__(self) -> None:
        for name in _OPTIONS:
            _require_text(name, getattr(self, name))
        self.date_ranges()
        self.added_day()
        if self.since and self.until and _days("since", self.since)[0] > _days("until", self.until)[1]:
            raise InvalidInput(f"--since {self.since} is after --until {self.until}: no paper can be of both")
        for category in self.categories:
            if not re.fullmatch(r"[^\s,;]+", category.strip()):
                raise InvalidInput(f"--category {category!r} is not one category, such as cs.CV or cs")
        for author in self.authors:
            if not title_key(author):
                raise InvalidInput(f"--author {author!r} has no letters: write a name, or part of one")
        if self.where and not self.where.strip():
            raise InvalidInput("--where is empty: write a condition, such as year >= 2019")

    def __bool__(self) -> bool:
        """Tell whether any filter is set."""
        return any(getattr(self, name) for name in _OPTIONS)

    def date_ranges(self) -> dict[str, tuple[str, str]]:
        """Return for each filter of dates, by its option, the first and the last day that it keeps."""
        ranges = {}
        if self.since:
            ranges["--since"] = (_days("since", self.since)[0], "9999-12-31")
        if self.until:
            ranges["--until"] = ("0001-01-01", _days("until", self.until)[1])
        if self.year:
            ranges["--year"] = _years(self.year)
        return ranges

    def added_day(self) -> str:
        """Return the day since which papers were added, or "" where no day is given."""
        return _days("added_since", self.added_since)[0] if self.added_since not in {"", _LAST} else ""


class Conditions:
    """Find rows by conditions in SQL, in a connection that is given for this alone."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        self._name = name
        self._taking_turns = threading.Lock()
        self._frame_selects = self._selects = self._functions = 0
        self._deadline = 0.0
        for limit, value in _LIMITS.items():
            connection.setlimit(limit, value)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.set_authorizer(self._authorize)
        connection.set_progress_handler(self._is_late, _STEPS)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def rows(self, condition: str, added: Sequence[str]) -> list[Any]:
        """Return the rows for which `condition` is true, in no order; `added` says when each batch was added.

        Raises InvalidInput when it is anything else than one expression over the columns, or takes longer than two
        seconds; LibraryDamaged.
        """
        _require_expression(condition)
        with self._taking_turns:
            if not self._frame_selects:
                # Every version of SQLite counts the selects of the frame in its own way; a condition must add none.
                self._run("NULL", added)
                self._frame_selects = self._selects
            return self._run(condition, added)

    def _run(self, condition: str, added: Sequence[str]) -> list[Any]:
        stamps = [stamp.encode(errors="replace") for stamp in added]
        width = max(map(len, stamps), default=0)
        table = b"".join(stamp.ljust(width) for stamp in stamps)
        self._selects = self._functions = 0
        self._deadline = time.monotonic() + _SECONDS
        try:
            found = self._connection.execute(_FRAME.format(condition=condition, width=width), (table,)).fetchall()
        except sqlite3.ProgrammingError:
            raise  # a closed library
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in _DAMAGE or condition == "NULL":
                raise LibraryDamaged(f"{self._name} cannot be read ({error})") from error
            reason = str(error)
            if code == sqlite3.SQLITE_INTERRUPT:
                reason = f"it took longer than {_SECONDS:g} s"
            elif self._functions > _MOST_FUNCTIONS:
                reason = f"it uses more than {_MOST_FUNCTIONS - _FRAME_FUNCTIONS} functions, LIKE and GLOB included"
            raise _refused(condition, reason) from None
        return [row for (row,) in found]

    def _authorize(
        self, action: int, first: str | None, second: str | None, database: str | None, _source: str | None
    ) -> int:
        if action == sqlite3.SQLITE_SELECT:
            self._selects += 1
            is_allowed = self._selects <= (self._frame_selects or 9)
        elif action == sqlite3.SQLITE_FUNCTION:
            self._functions += 1
            is_allowed = second in _FUNCTIONS and self._functions <= _MOST_FUNCTIONS
        else:
            # Where nothing of the table is needed, "1 = 1", SQLite reports that it reads the column "" of no database.
            is_column = second in _STORED if database == "main" else (second, database) == ("", None)
            is_allowed = action == sqlite3.SQLITE_READ and first == "papers" and is_column
        return sqlite3.SQLITE_OK if is_allowed else sqlite3.SQLITE_DENY

    def _is_late(self) -> int:
        return int(time.monotonic() > self._deadline)


class RowFilter:
    """Mark the rows of one database that pass each filter. `query` runs a statement there and returns all it finds."""

    def __init__(self, name: str, rows: int, query: Query, conditions: Conditions) -> None:
        self._name = name
        self._rows = rows
        self._query = query
        self._conditions = conditions

    def masks(self, filters: Filters, added: Sequence[str]) -> dict[str, bytes]:
        """Return for each filter that is set, by its option, a byte for each row: 1 where it passes, else 0."""
        found: dict[str, Iterable[Any]] = {option: self._dated(*days) for option, days in filters.date_ranges().items()}
        if filters.categories:
            found["--category"] = self._categorized(filters.categories)
        if filters.authors:
            written = [set(self._written_by(author)) for author in filters.authors]
            found["--author"] = set.intersection(*written)
        if filters.added_since:
            found["--added-since"] = self._added(filters.added_day(), added)
        if filters.where:
            self._require_batches(added)
            found["--where"] = self._conditions.rows(filters.where, added)
        return {option: self._mask(rows) for option, rows in found.items()}

    def _dated(self, first: str, last: str) -> Iterable[Any]:
        # Dates are texts, maybe cut after year or month: as far as they go they are compared, and "" is below all.
        query = "SELECT row FROM papers WHERE date >= ? AND date <= ? AND date >= substr(?, 1, length(date))"
        return (row for (row,) in self._query(query, first[:4], last, first))

    def _categorized(self, wanted: Sequence[str]) -> Iterable[Any]:
        # In JSON, a quotation mark within a text has a backslash before it: what `, "` precedes is a category's start.
        texts = (json.dumps(category.strip(), ensure_ascii=False)[1:-1].casefold() for category in wanted)
        pattern = re.compile(r'(?:^\[|, )"(?:' + "|".join(map(re.escape, texts)) + r')[".]')
        query = "SELECT categories, listed_in, group_concat(row) FROM papers GROUP BY categories, listed_in"
        for own, listed, rows in self._query(query):
            if pattern.search(str(own).casefold()) or pattern.search(str(listed).casefold()):
                yield from map(int, rows.split(","))

    def _written_by(self, author: str) -> Iterable[Any]:
        words = Counter(title_key(author).split())
        longest = sorted(words, key=len)[-_MOST_WORDS:]
        found = []
        if len(longest[-1]) > 1:
            # Implicitly AND: words that are none to FTS5, whose Unicode is older than Python's, are then left out.
            match = "author_key : (" + " ".join(f'"{word}"' for word in longest if len(word) > 1) + ")"
            query = "SELECT row, author_key FROM papers WHERE row IN (SELECT rowid FROM words WHERE words MATCH ?)"
            found = self._query(query, match)
        if not found and not (len(longest[-1]) > 1 and longest[-1].isascii()):
            query = "SELECT row, author_key FROM papers WHERE instr(' ' || replace(author_key, char(10), ' '), ?)"
            found = self._query(query, f" {longest[-1]}")
        # A name is a line: one that has all words, each once or more, is looked at closely.
        ends = (f"{word}(?: |$)" if len(word) > 1 else word for word in words)
        likely = re.compile("(?m)^" + "".join(f"(?=(?:.* )?{end})" for end in ends) + ".*$")
        return (row for row, key in found if any(_is_named(words, name) for name in likely.findall(str(key))))

    def _added(self, day: str, added: Sequence[str]) -> Iterable[Any]:
        if not day:
            batches = [self._last_batch()]
        else:
            self._require_batches(added)
            batches = [batch for batch, stamp in enumerate(added) if stamp[:10] >= day]
        for batch in batches:
            yield from (row for (row,) in self._query("SELECT row FROM papers WHERE batch = ?", batch))

    def _last_batch(self) -> Any:
        return self._query("SELECT max(batch) FROM papers")[0][0]

    def _require_batches(self, added: Sequence[str]) -> None:
        ((first,),) = self._query("SELECT min(batch) FROM papers")
        last = self._last_batch()
        if not (isinstance(first, int) and isinstance(last, int) and 0 <= first <= last < len(added)):
            raise LibraryDamaged(f"{self._name} holds batches {first} to {last}, not all of the {len(added)} known")

    def _mask(self, passing: Iterable[Any]) -> bytes:
        mask = bytearray(self._rows)
        try:
            rows = list(passing)
            for row in rows:
                mask[row] = 1
            if min(rows, default=0) < 0:
                raise IndexError
        except (IndexError, TypeError, ValueError, AttributeError):  # what is no number, too
            raise LibraryDamaged(f"{self._name} names rows that do not exist") from None
        return bytes(mask)


def rows_in_all(masks: Iterable[bytes], rows: int) -> array[int]:
    """Return the rows that every mask keeps, ascending; all of them where there are no masks."""
    kept = int.from_bytes(b"\x01" * rows)
    for mask in masks:
        kept &= int.from_bytes(mask)
    return array("q", compress(range(rows), kept.to_bytes(rows)))


def _is_named(words: Counter[str], name: str) -> bool:
    """Tell whether each of `words` is another word of `name`, or the first letter of another one."""
    rest = Counter(name.split())
    initials: Counter[str] = Counter()
    for word, count in words.items():
        if len(word) == 1:
            initials[word] = count
        else:
            rest[word] -= count
    begun = Counter(word[0] for word in rest.elements())
    return min(rest.values()) >= 0 and initials <= begun


def _days(name: str, written: str) -> tuple[str, str]:
    """Return the first and the last day of a date, a month or a year."""
    text = written.strip()
    first, last = text + "-01-01"[len(text) - 4 :], text + "-12-31"[len(text) - 4 :]
    try:
        if not re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}", text):
            raise ValueError
        date.fromisoformat(first)
    except ValueError:
        other = ', or "last"' if name == "added_since" else ""
        raise InvalidInput(
            f"{_OPTIONS[name]} {shortened(written)!r} is no date: "
            f"write 2020-10-07, or a month as 2020-10, or a year{other}"
        ) from None
    return first, last  # the 31st of any month: no date is compared with more than the month's own days


def _years(written: str) -> tuple[str, str]:
    match = re.fullmatch(r"([0-9]{4})?(?:\s*(-)\s*([0-9]{4})?)?", written.strip())
    first, dash, last = match.groups("") if match else ("", "", "")
    if not (first or last) or "0000" in {first, last}:
        raise InvalidInput(
            f"--year {shortened(written)!r} is no year and no range: write 2019, 2019-2021, 2019- or -2021"
        )
    first, last = first or "0001", last or ("9999" if dash else first)
    if first > last:
        raise InvalidInput(f"--year {written!r} runs backwards: write {last}-{first}")
    return f"{first}-01-01", f"{last}-12-31"


def _require_text(name: str, value: object) -> None:
    """Raise InvalidInput for a value of another type: `year=2019` and `authors="He"` are easily written."""
    if name in _SEVERAL:
        is_right = isinstance(value, tuple) and all(isinstance(text, str) for text in value)
    else:
        is_right = isinstance(value, str)
    if not is_right:
        kind = "a tuple of texts" if name in _SEVERAL else "text"
        raise InvalidInput(f"{_OPTIONS[name]} {value!r} is not {kind}")


def _require_expression(condition: str) -> None:
    """Raise InvalidInput for what may be more than one expression, or end the parentheses that it is put into.

    SQLite itself decides what an expression is. What must not reach it are comments, statements' ends, parameters,
    selects, row numbers, and parentheses that close what they did not open; and it takes a text in double quotes for a
    column or, if there is none, for a text, which hides what is misspelled.
    """
    if len(condition) > _LONGEST_CONDITION:
        raise _refused(condition, f"it is longer than {_LONGEST_CONDITION:,} characters")
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", condition):
        raise _refused(condition, "it holds characters that are none of a text")
    for name in re.findall(_QUOTED, condition):
        if name[0] != "'" and name[1:-1].lower() not in _COLUMNS.split(", "):
            raise _refused(condition, f"{name} is no column, and a text is put in single quotes")
    bare = re.sub(_QUOTED, " ", condition)
    if found := re.search(_FORBIDDEN, bare):
        raise _refused(condition, f"{found[0]} has no place in a condition")
    depth = list(accumulate({"(": 1, ")": -1}.get(sign, 0) for sign in bare))
    if min(depth, default=0) < 0 or depth[-1:] not in ([], [0]):
        raise _refused(condition, "its parentheses do not match")


def _refused(condition: str, reason: str) -> InvalidInput:
    shown = condition if len(condition) <= 80 else condition[:80] + "..."
    return InvalidInput(f"--where {shown!r}: {reason}. Write one condition on the columns {_COLUMNS}")
