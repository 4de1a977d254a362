"""Web of Science's tagged format (`.ciw`, plain text): `PT J`, `TI Words`, lines of three blanks that go on, `ER`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from explorer.readers.containers.rows import head_lines, text_lines
from explorer.readers.containers.tagged import Entry, Syntax, latest, papers
from explorer.readers.registry import Reader, Record, register
from explorer.readers.source import Source

_TAG = re.compile(r"(?P<tag>[A-Z][A-Z0-9])(?: |\Z)(?P<value>.*)", re.DOTALL)
# Above the records stand the file's own tags, FN and VR: they end what precedes them and begin nothing.
_SYNTAX = Syntax(_TAG, begins=frozenset({"PT"}), ends=frozenset({"ER", "EF", "FN", "VR"}))
_RECOGNIZED = (r"(?m)^PT [A-Z][ \t]*$", r"(?m)^(?:AU|AF|TI|AB|UT|SO) \S")


def _read(source: Source) -> Iterator[Record]:
    return papers(text_lines(source), _SYNTAX, _values)


def _values(entry: Entry) -> dict[str, Any]:
    date, year = latest(*entry.all("PY", "PD", "EA"))
    return {
        "title": entry.get("TI", "BS"),
        "abstract": entry.longest("AB"),
        "authors": entry.lines("AF") or entry.lines("AU"),
        "date": date,
        "year": year,
        "doi": entry.get("DI", "D2"),
        "arxiv": entry.get("AR") if "arxiv" in entry.get("AR").lower() else "",
        "pmid": entry.get("PM"),
        "wos": entry.get("UT"),
        "id": entry.get("UT"),
    }


def _recognizes(head: str) -> bool:
    head = head_lines(head)
    if re.match(r"\s*+[{\[<@#]", head):
        return False
    return all(re.search(sign, head) for sign in _RECOGNIZED)


register(
    Reader(
        name="wos",
        description="Web of Science's tagged format: lines such as 'PT J', 'TI Words', 'AB Words', 'ER'",
        suffixes=(".ciw", ".isi"),
        recognizes=_recognizes,
        read=_read,
    )
)
