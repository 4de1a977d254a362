"""Semantic Scholar's papers: answers of its API, lines of its data sets, S2ORC in its varieties.

https://api.semanticscholar.org/api-docs, https://github.com/allenai/s2orc
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from explorer.papers import Paper
from explorer.readers.containers.arxiv import names
from explorer.readers.containers.objects import Shape, objects
from explorer.readers.containers.sketches import most_are
from explorer.readers.containers.works import date, every, inner, mappings, name, papers, people, prose, pubmed
from explorer.readers.registry import Reader, Record, register
from explorer.readers.source import Source

_SHAPE = Shape(lists=frozenset({"data", "recommendedPapers", "papers"}))
_OWN = frozenset({"paperId", "corpusid", "corpusId", "externalIds", "externalids", "citingPaper", "citedPaper"})
_OLD = frozenset({
    "s2_url", "s2Url", "acl_id", "pubmed_id", "pmc_id", "mag_id", "mag_field_of_study", "outbound_citations",
    "inbound_citations", "has_pdf_parse", "paperAbstract", "inCitations", "outCitations", "s2PdfUrl",
})  # fmt: skip
_WRAPPERS = ("citingPaper", "citedPaper", "paper")
_NUMBER = re.compile(r"[0-9]{1,15}")
_ACL = re.compile(r"[A-Z][0-9]{2}-[0-9]{4}|[0-9]{4}\.[a-z0-9_]+-[a-z0-9_]+\.[0-9]+")
_NAME_PARTS = ("name", "first", "middle", "last", "suffix")


def _is_record(record: dict[str, Any]) -> bool:
    if not _OWN.isdisjoint(record) or len(_OLD & record.keys()) > 1:
        return True
    return "paper_id" in record and isinstance(record.get("metadata"), Mapping)


def _read(source: Source) -> Iterator[Record]:
    return papers(objects(source, _SHAPE), _paper)


def _paper(record: Mapping[str, Any]) -> Paper:
    for wrapper in _WRAPPERS:
        if isinstance(record.get(wrapper), Mapping):
            record = record[wrapper]
    # Parsed papers, CORD-19 among them, have what is known of a paper apart.
    about = record["metadata"] if isinstance(record.get("metadata"), Mapping) else record
    known = _names(record)
    return Paper.from_record({
        **known,
        "id": known["id"] or name(record.get("paperId")) or _own_id(record),
        "title": prose(about.get("title")),
        "abstract": _abstract(record),
        "authors": people(mappings(about.get("authors")), *_NAME_PARTS),
        "date": date(*(about.get(key) for key in ("publicationDate", "publicationdate", "year"))),
        "url": name(next((record[key] for key in ("url", "s2_url", "s2Url") if record.get(key)), "")),
    })  # fmt: skip


def _abstract(record: Mapping[str, Any]) -> str:
    """Return the abstract, a text or a list of paragraphs; of a paper without one, what a model made of it."""
    written = record.get("abstract") or record.get("paperAbstract")
    paragraphs = [part.get("text") if isinstance(part, Mapping) else part for part in every(written)]
    return prose(paragraphs) or prose(inner(record, "tldr", "text"))


def _own_id(record: Mapping[str, Any]) -> str:
    """Return the id of what has no number of the corpus: a hash."""
    written = name(record.get("paper_id") or record.get("id"))
    return "" if written.isdigit() else written


def _names(record: Mapping[str, Any]) -> dict[str, object]:
    foreign = _external(record)
    corpus = _corpus_number(record, foreign)
    acl = foreign.get("acl") or name(record.get("acl_id"))
    pmid = foreign.get("pubmed") or record.get("pubmed_id") or record.get("pmid")
    pmcid = foreign.get("pubmedcentral") or record.get("pmc_id")
    own = [f"s2:{corpus}"] * bool(corpus) + pubmed(pmid, pmcid) + [acl] * bool(_ACL.fullmatch(acl))
    arxiv = foreign.get("arxiv") or name(record.get("arxiv_id") or record.get("arxivId"))
    doi = foreign.get("doi") or name(every(record.get("doi"))[0] if record.get("doi") else "")
    return names([arxiv, doi], own)


def _external(record: Mapping[str, Any]) -> dict[str, str]:
    """Return what other services call the paper, by their names in lower case."""
    where = record.get("externalIds") or record.get("externalids") or inner(record, "openaccessinfo", "externalids")
    return {key.lower(): name(where[key]) for key in where} if isinstance(where, Mapping) else {}


def _corpus_number(record: Mapping[str, Any], foreign: Mapping[str, str]) -> str:
    written = [foreign.get("corpusid"), *(record.get(key) for key in ("corpusId", "corpusid", "corpus_id", "paper_id"))]
    return next((number for number in map(name, written) if _NUMBER.fullmatch(number)), "")


register(
    Reader(
        name="semantic_scholar",
        description=(
            "Semantic Scholar's papers, answers of its API or lines of its data sets: "
            '\'{"paperId": ..., "externalIds": {"DOI": ...}}\''
        ),
        suffixes=(".json", ".jsonl"),
        recognizes=lambda head: most_are(head, _is_record),
        read=_read,
    )
)
