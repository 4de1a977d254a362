"""Articles of PubMed Central and of publishers in JATS: https://jats.nlm.nih.gov."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from explorer.errors import InvalidInput
from explorer.readers.containers.arxiv import names
from explorer.readers.containers.dates import iso_date
from explorer.readers.containers.elements import attribute, child, children, words_of
from explorer.readers.containers.people import named
from explorer.readers.containers.prose import language, prose


def article(element: Element) -> dict[str, Any]:
    """Return the fields of an `<article>`. Raises InvalidInput when it has no front."""
    about = child(element, "front", "article-meta")
    if about is None:
        raise InvalidInput("an article without article-meta")
    ids = {attribute(part, "pub-id-type"): words_of(part) for part in children(about, "article-id")}
    pmc = next(filter(None, (ids.get(kind, "") for kind in ("pmcid", "pmc", "pmcaid"))), "")
    own = [f"pmid:{ids['pmid']}" if ids.get("pmid") else "", f"PMC{pmc.upper().removeprefix('PMC')}" if pmc else ""]
    titles = [prose(child(about, "title-group", name)).strip() for name in ("article-title", "subtitle")]
    return {
        **names([ids.get("arxiv", ""), ids.get("doi", "")], own),
        "title": ": ".join(filter(None, titles)),
        "abstract": _abstract(children(about, "abstract"), children(about, "trans-abstract")),
        "authors": _authors(about),
        "date": min(filter(None, map(_date, children(about, "pub-date"))), default=""),
        "url": _address(ids, pmc),
    }


def _abstract(abstracts: list[Element], translations: list[Element]) -> str:
    """Return the abstract: not the teaser, nor the summary for laypeople; a translation where it is the English one."""
    main = [part for part in abstracts if attribute(part, "abstract-type") in {"", "abstract", "section"}]
    english = [part for part in translations if language(part).startswith("en")]
    texts = (prose(part).strip() for part in [*english, *main, *abstracts, *translations])
    text = next(filter(None, texts), "")
    return text.removeprefix("Abstract: ").removeprefix("ABSTRACT: ")


def _authors(about: Element) -> list[str]:
    contributors = [part for group in children(about, "contrib-group") for part in children(group, "contrib")]
    authors = [part for part in contributors if attribute(part, "contrib-type") in {"", "author"}]
    return [name for name in map(_name, authors) if name]


def _name(contributor: Element) -> str:
    alternatives = child(contributor, "name-alternatives")
    around = contributor if alternatives is None else alternatives
    name = child(around, "name")
    if name is None:
        name = child(around, "string-name")
    if name is None:
        return words_of(child(contributor, "collab"))
    last = words_of(child(name, "surname"))
    return (
        named(words_of(child(name, "given-names")), last, words_of(child(name, "suffix"))) if last else words_of(name)
    )


def _date(written: Element) -> str:
    return iso_date(*(words_of(child(written, part)) for part in ("year", "month", "day")))


def _address(ids: dict[str, str], pmc: str) -> str:
    if ids.get("doi"):
        return ""
    return f"https://pmc.ncbi.nlm.nih.gov/articles/PMC{pmc.upper().removeprefix('PMC')}/" if pmc else ""
