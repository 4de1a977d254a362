"""OpenAlex's works: pages of its API, lines of its snapshot, single works.

https://docs.openalex.org/api-entities/works. Abstracts come as the places of each word, which are put in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from explorer.papers import Paper
from explorer.readers.containers.arxiv import names
from explorer.readers.containers.objects import Shape, objects
from explorer.readers.containers.sketches import most_are
from explorer.readers.containers.works import date, inner, mappings, name, papers, prose, pubmed, text
from explorer.readers.registry import Reader, Record, register
from explorer.readers.source import Source

_SHAPE = Shape(lists=frozenset({"results", "data"}), envelopes=frozenset({"response"}))
_WORK = re.compile(r"(?i)(?:https?://(?:api\.)?openalex\.org/(?:works/)?)?(W[0-9]{1,15})")
_LONGEST = 2_000_000  # characters of a text
_MOST_PLACES = 100_000  # words of an abstract


def _is_record(record: dict[str, Any]) -> bool:
    if "abstract_inverted_index" in record or ("authorships" in record and "publication_year" in record):
        return True
    return any("openalex.org/" in name(written) for written in (record.get("id"), inner(record, "ids", "openalex")))


def _read(source: Source) -> Iterator[Record]:
    return papers(objects(source, _SHAPE), _paper)


def _paper(record: dict[str, Any]) -> Paper:
    location = record.get("primary_location")
    addresses = [name(inner(location, "landing_page_url")), *map(name, _addresses(record))]
    known = [name(inner(record, "ids", "doi")), name(inner(record, "ids", "arxiv")), name(record.get("doi"))]
    arxiv = [address for address in addresses if re.match(r"https?://(?:[\w-]+\.)?arxiv\.org/", address)]
    work = _WORK.fullmatch(name(record.get("id")) or name(inner(record, "ids", "openalex")))
    own = [work[1].upper()] if work else []
    return Paper.from_record({
        **names([*arxiv, *known], own + pubmed(inner(record, "ids", "pmid"), inner(record, "ids", "pmcid"))),
        "title": prose(record.get("title") or record.get("display_name")),
        "abstract": abstract_in(record.get("abstract_inverted_index")) or prose(record.get("abstract")),
        "authors": _authors(record),
        "date": date(record.get("publication_date"), record.get("publication_year")),
        "url": "" if arxiv else addresses[0],
    })  # fmt: skip


def _addresses(record: dict[str, Any]) -> Iterator[Any]:
    for location in mappings(record.get("locations")):
        yield location.get("landing_page_url")


def _authors(record: dict[str, Any]) -> list[str]:
    """Return the authors' names as OpenAlex or, where it knows none, as the paper has them."""
    written = (
        text(inner(authorship, "author", "display_name")) or text(authorship.get("raw_author_name"))
        for authorship in mappings(record.get("authorships"))
    )
    return [author for author in written if author]


def abstract_in(index: object) -> str:
    """Return the text of which `index` has the places of each word; nothing for what is no such index.

    Older files wrap it: {"IndexLength": 2, "InvertedIndex": {"word": [0]}}. Places beyond 100,000 are left out.
    """
    if isinstance(index, str) and index.startswith("{"):  # the snapshot, loaded into a database and written again
        index = _decoded(index)
    if isinstance(index, Mapping) and isinstance(index.get("InvertedIndex"), Mapping):
        index = index["InvertedIndex"]
    if not isinstance(index, Mapping):
        return ""
    words = {
        place: word
        for word, places in index.items()
        if isinstance(places, list)
        for place in places
        if type(place) is int and 0 <= place < _MOST_PLACES
    }
    if sum(map(len, words.values())) > _LONGEST:  # one long word can stand in every place
        return ""
    return prose(" ".join(words[place] for place in sorted(words)))


def _decoded(written: str) -> object:
    import json

    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        return None


register(
    Reader(
        name="openalex",
        description=(
            "OpenAlex's works, pages of its API or lines of its snapshot: "
            '\'{"results": [{"id": "https://openalex.org/W...", ...}]}\''
        ),
        suffixes=(".json", ".jsonl"),
        recognizes=lambda head: most_are(head, _is_record),
        read=_read,
    )
)
