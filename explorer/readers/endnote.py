"""EndNote's tagged format (`.enw`, also called refer): `%0 Journal Article`, `%T Words`, `%A Last, First`, `%X Words`.

A record begins with `%0`, or after an empty line with the tag with which the one before began.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from explorer.readers.containers.rows import head_lines, text_lines
from explorer.readers.containers.tagged import Entry, Syntax, latest, papers
from explorer.readers.registry import Reader, Record, register
from explorer.readers.source import Source

_TAG = re.compile(r"%(?P<tag>[0-9A-Za-z@!?$&(~<>#*+^=\[|])(?:[ \t]|\Z)(?P<value>.*)", re.DOTALL)
_SYNTAX = Syntax(_TAG, begins=frozenset({"0"}))
_RECOGNIZED = (r"(?m)^%[0A] \S", r"(?m)^%T \S")


def _read(source: Source) -> Iterator[Record]:
    return papers(text_lines(source), _SYNTAX, _values)


def _values(entry: Entry) -> dict[str, Any]:
    date, year = latest(*entry.all("D", "8", "7"))
    doi = next(filter(re.compile(r"(?i)(?:doi:?\s*)?10\.[0-9]{4,9}/\S+\Z").match, entry.all("R", "M", "U")), "")
    numbered = re.search(r"(?i)pubmed|medline", entry.get("~", "W")) and re.fullmatch(r"[0-9]{4,9}", entry.get("M"))
    return {
        "title": entry.get("T", "!", "Q"),
        "abstract": entry.longest("X"),
        "authors": [name for author in entry.all("A", "H") for name in author.split(";")],
        "date": date,
        "year": year,
        "doi": doi,
        "url": entry.all("U", ">"),
        "pmid": entry.get("M") if numbered else "",
        "extra": " ".join(entry.all("J", "M", "R", "V"))[:1_000],
        "id": entry.get("F", "M"),
    }


def _recognizes(head: str) -> bool:
    head = head_lines(head)
    return re.match(r"\s*+%[0-9A-Z] \S", head) is not None and all(re.search(sign, head) for sign in _RECOGNIZED)


register(
    Reader(
        name="endnote",
        description="EndNote's tagged format: lines such as '%0 Journal Article', '%T Words', '%X Words'",
        suffixes=(".enw", ".refer"),
        recognizes=_recognizes,
        read=_read,
    )
)
