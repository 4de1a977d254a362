"""Comma-separated values as RFC 4180 has them: a header, one line a paper, lines that end in CR LF.

A spreadsheet takes a cell that begins with one of `= + - @` for a formula, and a formula can run programs and tell
strangers what other cells hold. A text that begins so gets an apostrophe in front; so does one that begins with
apostrophes and then such a sign, so that the very text comes back when one apostrophe is taken away. Ranks, places,
similarities and scores are numbers of our own and stay numbers, negative ones too. What there are several of is joined
with a semicolon and a blank. An answer is one line; an abstract of a library keeps its paragraphs, in quotation marks.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from explorer.writers.columns import COLUMNS, Kind, rounded, values
from explorer.writers.registry import Holdings, Writer, encoded, register
from explorer.writers.text import one_line, one_line_each

if TYPE_CHECKING:
    from explorer.matches import Match

_OF_ANSWERS = [
    "rank",
    "similarity",
    "score",
    "id",
    "title",
    "authors",
    "date",
    "categories",
    "url",
    "doi",
    "duplicates",
]
# Excel takes the wide signs of East Asian keyboards for the same. Tabs and line ends never come first in clean text.
_FORMULA = re.compile("'*[=+@＝＋－＠-]")


def _answers(matches: Iterable[Match]) -> Iterator[str]:
    yield _line(_OF_ANSWERS)
    for match in matches:
        paper = match.paper
        numbers = (match.rank, round(match.similarity, 6), round(match.score, 6))
        lists = ["; ".join(one_line_each(items)) for items in (paper.authors, paper.categories, match.duplicates)]
        texts = (paper.id, paper.title, lists[0], paper.date, lists[1], paper.url, paper.doi, lists[2])
        yield _line([*numbers, *map(_cell, map(one_line, texts))])


def table(holdings: Holdings, delimiter: str = ",") -> Iterator[str]:
    """Yield the lines of a table of all that a library knows."""
    yield _line(COLUMNS, delimiter)
    for entry in holdings.entries():
        found = rounded(values(entry))
        yield _line((_cell_of(kind, found[name]) for name, kind in COLUMNS.items()), delimiter)


def _library(holdings: Holdings) -> Iterator[bytes]:
    return encoded(table(holdings))


def _cell_of(kind: Kind, value: Any) -> object:
    if kind in {"line", "text"}:
        return _cell(value)
    if kind in {"lines", "ids"}:
        # Within one of them it would part it in two.
        return _cell("; ".join(one.replace("; ", ", ") for one in value))
    return "; ".join(map(str, value)) if kind == "numbers" else value


def _cell(text: str) -> str:
    return "'" + text if _FORMULA.match(text) else text


def _line(cells: Iterable[object], delimiter: str = ",") -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter).writerow(cells)
    return line.getvalue()


register(
    Writer(
        name="csv",
        description="comma-separated values for spreadsheets, with a header",
        answers=_answers,
        library=_library,
        suffixes=(".csv",),
    )
)
