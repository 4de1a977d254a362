"""CSL-JSON, as Zotero, Mendeley, Pandoc and Manubot write it, and Zotero's own JSON: a list of items.

https://github.com/citation-style-language/schema/blob/master/schemas/input/csl-data.json,
https://www.zotero.org/support/dev/web_api/v3/basics
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from explorer.papers import Paper, arxiv_identifier, doi_in
from explorer.readers.containers.arxiv import names
from explorer.readers.containers.objects import Shape, objects
from explorer.readers.containers.sketches import most_are
from explorer.readers.containers.works import date, every, inner, mappings, name, papers, people, prose, pubmed, text
from explorer.readers.registry import Reader, Record, register
from explorer.readers.source import Source

_SHAPE = Shape(lists=frozenset({"items", "references"}))
_OWN = frozenset({
    "issued", "container-title", "container-title-short", "citation-key", "citation-label", "accessed", "title-short",
    "publisher-place", "number-of-pages", "event-title", "collection-title", "archive_location", "page-first",
    "journalAbbreviation", "event-place", "original-date", "note", "custom", "source",
})  # fmt: skip
_CROSSREF = frozenset({"indexed", "prefix", "member", "reference-count", "is-referenced-by-count", "deposited"})
_TYPES = re.compile(
    r"article(?:-\w+)*|book|chapter|paper-conference|thesis|report|manuscript|webpage|post(?:-weblog)?|entry(?:-\w+)*|"
    r"review(?:-book)?|dataset|speech|software|patent|pamphlet|motion_picture|broadcast|graphic|figure|document|song|"
    r"bill|legislation|legal_case|standard|preprint|interview|map|event|personal_communication"
)
_NO_PAPERS = frozenset({"attachment", "note", "annotation"})
_NAME_PARTS = ("given", "dropping-particle", "non-dropping-particle", "family", "suffix", "literal", "name")
_CREATOR_PARTS = ("firstName", "lastName", "name")
_ARXIV = re.compile(r"(?i)\barxiv\s{0,3}:\s{0,3}(\S{1,60}+)")
_PMID = re.compile(r"(?i)\bPMID\s{0,3}:\s{0,3}([0-9]{1,9})(?![0-9])")
_PMC = re.compile(r"(?i)\bPMC(?:ID)?\s{0,3}:\s{0,3}(?:PMC)?([0-9]{1,9})(?![0-9])")
_DOI = re.compile(r"(?i)\bDOI\s{0,3}:\s{0,3}(10\.\S{1,300}+)")
_FOREIGN = re.compile(
    r"pmid:[0-9]+|PMC[0-9]+|W[0-9]+|s2:[0-9]+|[0-9]{4}\.[a-z0-9_]+-[a-z0-9_]+\.[0-9]+|[A-Z][0-9]{2}-[0-9]{4}"
)
_NOTE = 5_000  # characters of a note in which ids are looked for


def _is_record(record: dict[str, Any]) -> bool:
    item = _item(record)
    if "itemType" in item:
        return any(key in item for key in ("creators", "abstractNote", "key", "title", "url", "tags"))
    if isinstance(item.get("title"), list) or len(_CROSSREF & item.keys()) > 1:
        return False
    kind = item.get("type")
    known = isinstance(kind, str) and _TYPES.fullmatch(kind) is not None
    parts = any(not author.keys().isdisjoint(("family", "literal")) for author in mappings(item.get("author")))
    return "id" in item and known + parts + (not _OWN.isdisjoint(item)) > 1


def _item(record: dict[str, Any]) -> Mapping[str, Any]:
    """Return an item of Zotero's API without what is around it."""
    data = record.get("data")
    return data if isinstance(data, Mapping) and "itemType" in data else record


def _read(source: Source) -> Iterator[Record]:
    return papers(objects(source, _SHAPE), _paper)


def _paper(record: dict[str, Any]) -> Paper | None:
    item = _item(record)
    if "itemType" not in item:
        return _made(item, _csl(item))
    return None if name(item["itemType"]) in _NO_PAPERS else _made(item, _zotero(item))


def _csl(item: Mapping[str, Any]) -> dict[str, Any]:
    custom = item.get("custom")
    return {
        "abstract": prose(item.get("abstract")),
        "authors": people(mappings(item.get("author")), *_NAME_PARTS)
        or people(mappings(item.get("editor")), *_NAME_PARTS),
        "date": date(item.get("issued"), item.get("published"), item.get("submitted")),
        "categories": inner(custom, "categories") or item.get("categories"),
        **{key: inner(custom, key) for key in ("listed_in", "links")},
    }


def _zotero(item: Mapping[str, Any]) -> dict[str, Any]:
    creators = list(mappings(item.get("creators")))
    authors = [creator for creator in creators if name(creator.get("creatorType")) in {"author", ""}]
    return {
        "abstract": prose(item.get("abstractNote")),
        "authors": people(authors or creators, *_CREATOR_PARTS),
        "date": date(item.get("date")),
    }


def _made(item: Mapping[str, Any], fields: dict[str, Any]) -> Paper:
    url = name(item.get("URL") or item.get("url"))
    notes = "\n".join(text(item.get(key))[:_NOTE] for key in ("note", "extra"))
    key = _key(item)
    pmid, pmcid = (item.get(place) or _first(pattern, notes) for place, pattern in (("PMID", _PMID), ("PMCID", _PMC)))
    known = names(
        _candidates(item, key, url, notes),
        [
            *map(name, every(inner(item.get("custom"), "also"))),
            *pubmed(pmid, pmcid),
            *([key] if _FOREIGN.fullmatch(key) else []),
        ],
    )
    paper_id = str(known["id"])
    if found := arxiv_identifier(paper_id):
        version = inner(item.get("custom"), "version")
        paper_id = f"{found[0]}v{version}" if isinstance(version, int) and found[1] is None else paper_id
    ours = inner(item.get("custom"), "also")
    if key and isinstance(ours, list) and not arxiv_identifier(paper_id):  # our own export: its id is the paper's
        paper_id, known = key, {**known, "also": ours}
    return Paper.from_record({
        **fields,
        **known,
        "id": paper_id or key,
        "title": prose(item.get("title")) or prose(item.get("title-short")),
        "url": url,
    })  # fmt: skip


def _key(item: Mapping[str, Any]) -> str:
    """Return what the item is called; a number is only its place in a list."""
    written = next(filter(None, (name(item.get(key)) for key in ("citation-key", "citationKey", "id", "key"))), "")
    return "" if written.isdigit() else written


def _candidates(item: Mapping[str, Any], key: str, url: str, notes: str) -> list[str]:
    """Return everything that may be the arXiv id or the DOI of an item, the likeliest first."""
    places = [name(item.get(place)) for place in ("number", "archiveID", "archive_location", "archiveLocation")]
    source = " ".join(name(item.get(place)) for place in ("archive", "repository", "publisher", "container-title"))
    if "arxiv" not in source.lower():
        places = [place for place in places if "arxiv" in place.lower()]
    addresses = [url] if re.match(r"(?i)https?://[^/]{0,50}(?:ar[x5]iv|doi)\.org/", url) else []
    return [
        *(_ARXIV.sub(r"arXiv:\1", place) for place in places),
        name(item.get("DOI")),
        *addresses,
        *(f"arXiv:{found}" for found in _ARXIV.findall(notes)[:3]),
        _first(_DOI, notes),
        key if arxiv_identifier(key) or doi_in(key) else "",
    ]


def _first(pattern: re.Pattern[str], notes: str) -> str:
    found = pattern.search(notes)
    return found[1] if found else ""


register(
    Reader(
        name="csl_json",
        description=(
            "CSL-JSON or Zotero's JSON, a list of items: "
            '\'[{"id": ..., "type": "article-journal", "author": [{"family": ...}]}]\''
        ),
        suffixes=(".json", ".csljson"),
        recognizes=lambda head: most_are(head, _is_record),
        read=_read,
    )
)
