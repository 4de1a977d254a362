"""Tagged lines to entries: RIS, MEDLINE, EndNote and Web of Science write one value a line, with a tag before it.

An entry is framed before anything in it is looked at. Lines without a tag belong to the value before them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from explorer.errors import InvalidInput
from explorer.readers.containers.dates import written_date
from explorer.readers.containers.tables import paper_of
from explorer.readers.registry import Record, Rejected

_LONGEST = 16 * 1024 * 1024  # characters of an entry
_LINE = 8  # characters as which a line counts beside its own: lines of nothing must not fill the memory either


@dataclass(frozen=True, slots=True)
class Syntax:
    """Say how a format writes tags, and where its entries begin and end.

    `tag` takes a line apart into its groups "tag" and "value"; a line that it does not match goes on with the value
    before. A tag in `begins` begins an entry, one in `ends` ends it; whatever tag comes `after_blank` line does.
    """

    tag: re.Pattern[str]
    begins: frozenset[str]
    ends: frozenset[str] = frozenset()
    after_blank: bool = False


@dataclass(slots=True)
class Entry:
    """Hold the values of one entry by tag, each as its lines; `first` is the tag with which it began."""

    line: int
    first: str
    _values: dict[str, list[list[str]]] = field(default_factory=dict)
    _last: list[str] | None = None
    _size: int = 0

    def add(self, tag: str, value: str) -> None:
        """Add a value."""
        self._last = [value]
        if self._grow(value):
            self._values.setdefault(tag, []).append(self._last)

    def go_on(self, line: str) -> None:
        """Add a line to the last value."""
        if self._last is not None and self._grow(line):
            self._last.append(line)

    def has(self, tag: str) -> bool:
        """Tell whether there is such a tag."""
        return tag in self._values

    def all(self, *tags: str, join: str = " ") -> list[str]:
        """Return the values of `tags` that say something, in that order, their lines joined."""
        values = (join.join(map(str.strip, lines)).strip() for tag in tags for lines in self._values.get(tag, ()))
        return [value for value in values if value]

    def get(self, *tags: str) -> str:
        """Return the first value of the first of `tags` that has one."""
        return next(iter(self.all(*tags)), "")

    def lines(self, *tags: str) -> list[str]:
        """Return all lines of the values of `tags`: some formats write one author a line."""
        return [line.strip() for tag in tags for lines in self._values.get(tag, ()) for line in lines if line.strip()]

    def longest(self, *tags: str) -> str:
        """Return the longest value of `tags`, with its line ends."""
        return max(self.all(*tags, join="\n"), key=len, default="")

    def check(self) -> None:
        """Raise InvalidInput when the entry was too long to be kept."""
        if self._size > _LONGEST:
            raise InvalidInput(f"longer than {_LONGEST:,} characters: is the end of the record missing?")

    def _grow(self, text: str) -> bool:
        self._size += len(text) + _LINE
        return self._size <= _LONGEST


def entries(lines: Iterator[tuple[int, str]], syntax: Syntax) -> Iterator[Entry]:
    """Yield the entries in `lines`. What stands before the first tag, or after the end of an entry, is none."""
    entry: Entry | None = None
    blank = False
    for number, line in lines:
        found = syntax.tag.match(line)
        if found is None:
            blank = not line.strip()
            if entry is not None:
                entry.go_on(line)
            continue
        tag = found["tag"].upper()
        if entry is not None and (tag in syntax.ends or _begins(tag, entry, syntax, blank=blank)):
            yield entry
            entry = None
        if tag not in syntax.ends:
            if entry is None:
                entry = Entry(number, tag)
            entry.add(tag, found["value"])
        blank = False
    if entry is not None:
        yield entry


def _begins(tag: str, entry: Entry, syntax: Syntax, *, blank: bool) -> bool:
    """Tell whether `tag` begins another entry, with or without the end of this one."""
    if tag in syntax.begins:
        return True
    return blank and (syntax.after_blank or tag == entry.first)


def papers(
    lines: Iterator[tuple[int, str]], syntax: Syntax, values: Callable[[Entry], Mapping[str, Any]]
) -> Iterator[Record]:
    """Yield a paper of what `values` says of each entry, by field as `columns.COLUMNS` calls them, or a rejection."""
    for entry in entries(lines, syntax):
        try:
            entry.check()
            yield paper_of(values(entry))
        except InvalidInput as error:
            yield Rejected(entry.line, str(error))


def latest(*written: str) -> tuple[str, str]:
    """Return date and year for a paper of dates in several fields, the one first whose year is believed."""
    dates = [written_date(text) for text in written]
    year = next((date[:4] for date in dates if date), "")
    full = max((date for date in dates if date.startswith(year)), key=len, default="")
    yearless = next((text for text, date in zip(written, dates, strict=True) if text and not date), "")
    return (full if len(full) > 4 else yearless or full), year
