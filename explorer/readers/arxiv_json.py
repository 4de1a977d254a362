"""arXiv's metadata as Kaggle has it, `arxiv-metadata-oai-snapshot.json`: an object a line.

https://www.kaggle.com/datasets/Cornell-University/arxiv
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from explorer.papers import Paper, readable
from explorer.readers.containers.dates import written_date
from explorer.readers.containers.objects import Shape, objects
from explorer.readers.containers.sketches import most_are
from explorer.readers.containers.works import every, mappings, name, papers, text
from explorer.readers.registry import Reader, Record, register
from explorer.readers.source import Source

_CREATED = re.compile(r"[A-Z][a-z]{2}, ([0-9]{1,2}) ([A-Z][a-z]{2}) ([0-9]{4}) ")
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_OWN = frozenset({"authors_parsed", "submitter", "journal-ref", "report-no", "versions", "update_date"})


def _is_record(record: dict[str, Any]) -> bool:
    return "id" in record and ("authors_parsed" in record or len(_OWN & record.keys()) > 1)


def _read(source: Source) -> Iterator[Record]:
    return papers(objects(source, Shape()), _paper)


def _paper(record: dict[str, Any]) -> Paper:
    versions = list(mappings(record.get("versions")))
    newest = name(versions[-1].get("version")) if versions else ""
    paper_id = name(record.get("id"))
    doi, _, _ = name(record.get("doi")).partition(" ")  # of several, the first
    return Paper.from_record({
        "id": paper_id + newest if paper_id and newest[:1] == "v" else paper_id,
        "title": record.get("title"),
        "abstract": record.get("abstract"),
        "authors": _authors(record.get("authors_parsed")) or readable(text(record.get("authors"))),
        "date": _date(name(versions[0].get("created"))) if versions else record.get("update_date"),
        "categories": record.get("categories"),
        "doi": doi,
    })  # fmt: skip


def _date(created: str) -> str:
    """Return "Mon, 2 Apr 2007 19:18:42 GMT" as ISO 8601: `written_date` for what is always written so, in less time."""
    found = _CREATED.match(created)
    month = _MONTHS.find(found[2]) if found else -1
    return f"{found[3]}-{month // 4 + 1:02}-{int(found[1]):02}" if found and month >= 0 else written_date(created)


def _authors(parsed: object) -> list[str]:
    """Return the names of ["Last", "First", "Jr"]; what follows these is where they work."""
    names = ([text(part) for part in parts[:3]] for parts in every(parsed) if isinstance(parts, list))
    ordered = (" ".join(filter(None, (*parts[1:2], *parts[:1], *parts[2:]))) for parts in names)
    return [readable(person) for person in ordered if person]


register(
    Reader(
        name="arxiv_json",
        description="arXiv's metadata as Kaggle has it, an object a line with 'id', 'versions' and 'authors_parsed'",
        suffixes=(".json", ".jsonl"),
        recognizes=lambda head: most_are(head, _is_record),
        read=_read,
    )
)
