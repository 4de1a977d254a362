"""Crossref's works: answers of its REST API, and files and lines of its yearly dumps.

https://api.crossref.org/swagger-ui/index.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from explorer.errors import InvalidInput
from explorer.papers import Paper
from explorer.readers.containers.arxiv import names
from explorer.readers.containers.objects import Shape, objects
from explorer.readers.containers.sketches import most_are
from explorer.readers.containers.works import date, every, inner, mappings, name, papers, people, prose, pubmed
from explorer.readers.registry import Reader, Record, register
from explorer.readers.source import Source

_SHAPE = Shape(lists=frozenset({"items"}), envelopes=frozenset({"message"}))
_OWN = frozenset({
    "indexed", "prefix", "member", "reference-count", "references-count", "is-referenced-by-count", "content-domain",
    "deposited", "original-title", "short-container-title", "issn-type", "relation",
})  # fmt: skip
_DATES = ("published", "issued", "published-online", "published-print", "posted", "created")
_NO_PAPERS = frozenset({"component", "journal", "journal-issue", "journal-volume", "book-series", "grant", "database"})


def _is_record(record: dict[str, Any]) -> bool:
    work = _work(record)
    if "message-type" in record and work is record:
        return True
    return "DOI" in work and (isinstance(work.get("title"), list) or len(_OWN & work.keys()) > 1)


def _read(source: Source) -> Iterator[Record]:
    return papers(objects(source, _SHAPE), _paper)


def _work(record: dict[str, Any]) -> Mapping[str, Any]:
    """Return the work in an answer that has one."""
    message = record.get("message")
    return message if isinstance(message, Mapping) and "message-type" in record else record


def _paper(record: dict[str, Any]) -> Paper:
    if record.get("status") == "failed" or (record.get("message-type") == "validation-failure"):
        raise InvalidInput("the answer is an error")
    work = _work(record)
    title = _title(work)
    kind = name(work.get("type"))
    if not title and kind in _NO_PAPERS:
        raise InvalidInput(f"a {kind} without a title")
    doi = name(work.get("DOI"))
    return Paper.from_record({
        **names([doi], pubmed(work.get("PMID"), work.get("PMCID"))),
        "title": title,
        "abstract": prose(work.get("abstract")),
        "authors": _authors(work),
        "date": _date_of(work),
        "url": name(inner(work, "resource", "primary", "URL")) or name(work.get("URL")),
    })  # fmt: skip


def _title(work: Mapping[str, Any]) -> str:
    """Return title and subtitle, unless the title has it already."""
    title, subtitle = (prose(every(work.get(key))[:1]) for key in ("title", "subtitle"))
    if not title:
        title = prose(every(work.get("original-title"))[:1])
    return title if not subtitle or subtitle.lower() in title.lower() else f"{title.rstrip(':')}: {subtitle}"


def _authors(work: Mapping[str, Any]) -> list[str]:
    """Return the authors; of a volume, its editors."""
    return people(mappings(work.get("author")), "given", "family", "suffix", "name", "literal") or people(
        mappings(work.get("editor")), "given", "family", "suffix", "name"
    )


def _date_of(work: Mapping[str, Any]) -> str:
    """Return the earliest date of those on which it was published; of equal years, the one that says more."""
    dates = [found for found in (date(work.get(key)) for key in _DATES[:-1]) if found]
    return min(dates, key=lambda found: (found[:4], -len(found), found)) if dates else date(work.get("created"))


register(
    Reader(
        name="crossref",
        description=(
            "Crossref's works, answers of its API or lines of its dumps: "
            '\'{"message": {"items": [{"DOI": ..., "title": [...]}]}}\''
        ),
        suffixes=(".json", ".jsonl"),
        recognizes=lambda head: most_are(head, _is_record),
        read=_read,
    )
)
