"""PubMed's XML, of articles and of books, and PubMed Central's: a `<PubmedArticle>` or an `<article>` is a paper.

https://dtd.nlm.nih.gov/ncbi/pubmed/doc/out/250101/index.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree.ElementTree import Element

from explorer.errors import InvalidInput
from explorer.papers import Paper
from explorer.readers.containers.arxiv import names
from explorer.readers.containers.dates import iso_date, written_date
from explorer.readers.containers.elements import Found, child, children, name_of, papers, root_of, words_of
from explorer.readers.containers.jats import article
from explorer.readers.containers.people import named
from explorer.readers.containers.prose import language, prose
from explorer.readers.registry import Reader, Record, register
from explorer.readers.source import Source

_RECORDS = frozenset({"PubmedArticle", "PubmedBookArticle", "MedlineCitation", "article"})
_ROOTS = frozenset(
    {
        "PubmedArticleSet",
        "PubmedArticle",
        "PubmedBookArticleSet",
        "PubmedBookArticle",
        "MedlineCitationSet",
        "MedlineCitation",
    }
)
_JATS = re.compile(r"<(?:\w+:)?(?:article-meta|front)[\s>]")
_UNKNOWN = re.compile(r"\W*+(?:not available|no title available)?\W*+", re.IGNORECASE)


def _recognizes(head: str) -> bool:
    root = root_of(head)
    return root in _ROOTS or (
        root in {"article", "pmc-articleset"} and _JATS.search(head.replace("\0", "")) is not None
    )


def _read(source: Source) -> Iterator[Record]:
    return papers(source, _RECORDS, _paper)


def _paper(found: Found) -> Paper:
    record = found.element
    if found.name == "article":
        return Paper.from_record(article(record))
    if found.name == "PubmedBookArticle":
        return Paper.from_record(_book(record))
    citation = record if found.name == "MedlineCitation" else child(record, "MedlineCitation")
    if citation is None:
        raise InvalidInput("a PubmedArticle without MedlineCitation")
    return Paper.from_record(_citation(citation, child(record, "PubmedData")))


def _citation(citation: Element, data: Element | None) -> dict[str, Any]:
    about = child(citation, "Article")
    if about is None:
        raise InvalidInput("a citation without Article")
    abstract = _abstract(child(about, "Abstract"))
    others = sorted(children(citation, "OtherAbstract"), key=lambda part: not language(part).startswith("en"))
    return {
        **_names(citation, _parts(about, "ELocationID"), _parts(child(data, "ArticleIdList"), "ArticleId")),
        "title": _title(child(about, "ArticleTitle"), child(about, "VernacularTitle")),
        "abstract": abstract or next(filter(None, map(_abstract, others)), ""),
        "authors": _authors(child(about, "AuthorList")),
        "date": _date(child(about, "Journal", "JournalIssue", "PubDate")) or _date(child(about, "ArticleDate")),
    }


def _book(record: Element) -> dict[str, Any]:
    """Return the fields of a book, or of a chapter, which has a title of its own."""
    about = child(record, "BookDocument")
    if about is None:
        raise InvalidInput("a PubmedBookArticle without BookDocument")
    book = child(about, "Book")
    authors = [
        _authors(part)
        for place in (about, book)
        for part in _parts(place, "AuthorList")
        if part.get("Type") != "editors"
    ]
    return {
        **_names(
            about,
            [*_parts(about, "ELocationID"), *_parts(book, "ELocationID")],
            _parts(child(about, "ArticleIdList"), "ArticleId"),
        ),
        "title": _title(child(about, "ArticleTitle"), child(about, "VernacularTitle"), child(book, "BookTitle")),
        "abstract": _abstract(child(about, "Abstract")),
        "authors": next(filter(None, authors), []),
        "date": _date(child(about, "ContributionDate")) or _date(child(book, "PubDate")),
    }


def _parts(element: Element | None, name: str) -> list[Element]:
    return [] if element is None else children(element, name)


def _names(citation: Element, locations: list[Element], ids: list[Element]) -> dict[str, object]:
    """Return what the paper is called; PubMed lists the ids of its references elsewhere, and these are none of it."""
    valid = [part for part in locations if part.get("EIdType") == "doi" and part.get("ValidYN", "Y") == "Y"]
    named_as = {part.get("IdType", ""): words_of(part) for part in reversed(ids)}
    pubmed = words_of(child(citation, "PMID")) or named_as.get("pubmed", "")
    central = named_as.get("pmc", "")
    own = [f"pmid:{pubmed}" if pubmed else "", f"PMC{central.upper().removeprefix('PMC')}" if central else ""]
    made = names([*map(words_of, valid), named_as.get("doi", "")], own)
    return made | (
        {"url": f"https://pubmed.ncbi.nlm.nih.gov/{pubmed}/"} if pubmed.isdigit() and not made["doi"] else {}
    )


def _title(*candidates: Element | None) -> str:
    """Return the first title that says something; "[Not Available]." does not."""
    titles = (prose(part).strip() for part in candidates)
    return next((title for title in titles if not _UNKNOWN.fullmatch(title)), "")


def _abstract(abstract: Element | None) -> str:
    """Return the parts of an abstract as paragraphs, each after its label, as PubMed shows them."""
    if abstract is None:
        return ""
    paragraphs: list[str] = []
    for part in abstract:
        text = prose(part).strip() if name_of(part) == "AbstractText" else ""
        label = part.get("Label", "").strip().rstrip(":")
        shown = label and label.upper() not in {"UNLABELLED", "UNLABELED", "UNASSIGNED"}
        if text:
            paragraphs.append(f"{label}: {text}" if shown else text)
    return "\n\n".join(paragraphs)


def _authors(authors: Element | None) -> list[str]:
    valid = [author for author in _parts(authors, "Author") if author.get("ValidYN", "Y") == "Y"]
    return [name for name in map(_name, valid) if name]


def _name(author: Element) -> str:
    last, first = (
        words_of(child(author, "LastName")),
        words_of(child(author, "ForeName")) or words_of(child(author, "FirstName")),
    )
    return (
        named(first or words_of(child(author, "Initials")), last, words_of(child(author, "Suffix")))
        if last
        else words_of(child(author, "CollectiveName"))
    )


def _date(written: Element | None) -> str:
    if written is None:
        return ""
    parts: Iterable[str] = (words_of(child(written, part)) for part in ("Year", "Month", "Day"))
    return iso_date(*parts) or written_date(words_of(child(written, "MedlineDate")))


register(
    Reader(
        name="pubmed_xml",
        description="XML of PubMed or PubMed Central: '<PubmedArticleSet><PubmedArticle>', or '<article>'",
        suffixes=(".xml", ".nxml"),
        recognizes=_recognizes,
        read=_read,
    )
)
