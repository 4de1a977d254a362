"""Comma-separated values as RFC 4180 has them: a header, one line a match, lines that end in CR LF.

A spreadsheet takes a cell that begins with one of `= + - @` for a formula, and a formula can run programs and tell
strangers what other cells hold. A text that begins so gets an apostrophe in front; so does one that begins with
apostrophes and then such a sign, so that the very text comes back when one apostrophe is taken away. Rank, similarity
and score are numbers of our own and stay numbers, negative ones too.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from explorer.writers.registry import Writer, register
from explorer.writers.text import one_line

if TYPE_CHECKING:
    from explorer.matches import Match

_COLUMNS = ["rank", "similarity", "score", "id", "title", "authors", "date", "categories", "url", "doi", "duplicates"]
# Excel takes the wide signs of East Asian keyboards for the same. Tabs and line ends never come first in clean text.
_FORMULA = re.compile("'*[=+@＝＋－＠-]")


def _write(matches: Iterable[Match]) -> Iterator[str]:
    yield _line(_COLUMNS)
    for match in matches:
        paper = match.paper
        numbers = (match.rank, round(match.similarity, 6), round(match.score, 6))
        lists = [_joined(items) for items in (paper.authors, paper.categories, match.duplicates)]
        texts = (paper.id, paper.title, lists[0], paper.date, lists[1], paper.url, paper.doi, lists[2])
        yield _line([*numbers, *map(_cell, texts)])


def _joined(items: Iterable[str]) -> str:
    return "; ".join(filter(None, map(one_line, items)))


def _cell(text: str) -> str:
    text = one_line(text)
    return "'" + text if _FORMULA.match(text) else text


def _line(values: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()


register(Writer(name="csv", description="comma-separated values for spreadsheets, with a header", write=_write))
