"""OAI-PMH, as arXiv and institutional repositories answer it: a `<record>` is a paper.

The metadata may be arXiv's own, `arXiv` and `arXivRaw`, Dublin Core, `oai_dc`, or PubMed Central's articles.
http://www.openarchives.org/OAI/openarchivesprotocol.html, https://info.arxiv.org/help/oa/index.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from explorer.errors import InvalidInput
from explorer.papers import Paper, arxiv_identifier, readable
from explorer.papers.markup import strip_html
from explorer.readers.containers.arxiv import arxiv_categories, names
from explorer.readers.containers.dates import written_date
from explorer.readers.containers.elements import Found, child, children, name_of, papers, root_of, words_of
from explorer.readers.containers.jats import article
from explorer.readers.containers.people import creators, named, people_in
from explorer.readers.containers.prose import language, prose
from explorer.readers.containers.subjects import category_of
from explorer.readers.registry import Reader, Record, register
from explorer.readers.source import Source

_RECORDS = re.compile(r"<(?:[\w.-]{1,50}+:)?(?:record|metadata)[\s>]")
_HINTS = re.compile(r"oai_dc|arxiv\.org/OAI|<(?:[\w.-]{1,50}+:)?identifier>\s*+oai:", re.IGNORECASE)
_LONGEST_LIST = 1_000_000  # characters; thousands of authors with their affiliations
_ALTERNATIVE = re.compile(r"info:eu-repo/semantics/altIdentifier/(?:arxiv|doi)/", re.IGNORECASE)


def _recognizes(head: str) -> bool:
    plain = head.replace("\0", "")
    root = root_of(plain)
    if root == "OAI-PMH":
        return True
    wrapped = root not in {"", "html", "rss", "feed", "collection"}
    return wrapped and bool(_RECORDS.search(plain)) and bool(_HINTS.search(plain))


def _read(source: Source) -> Iterator[Record]:
    return papers(source, frozenset({"record", "error"}), _paper)


def _paper(found: Found) -> Paper:
    record = found.element
    if found.name == "error":
        code = record.get("code", "")
        raise InvalidInput(f"the answer is an error: {': '.join(filter(None, (code, words_of(record))))}")
    header = child(record, "header")
    identifier = words_of(child(header, "identifier"))
    format_of = _metadata(record, header, identifier)
    sets = [words_of(part) for part in children(header, "setSpec")] if header is not None else []
    if name_of(format_of) == "article":
        return Paper.from_record(article(format_of))
    fields = _dublin_core(format_of, sets) if name_of(format_of) == "dc" else _arxiv(format_of)
    candidates, own = fields.pop("candidates"), []
    if identifier.lower().startswith("oai:arxiv.org:"):
        candidates = [*candidates, identifier[len("oai:arxiv.org:") :]]
    elif identifier:
        own = [identifier]
    return Paper.from_record(fields | names(candidates, own))


def _metadata(record: Element, header: Element | None, identifier: str) -> Element:
    """Return the metadata of a record in its format. Raises InvalidInput when there are none."""
    if header is not None and header.get("status") == "deleted":
        raise InvalidInput(f"deleted: {identifier}" if identifier else "deleted")
    metadata = child(record, "metadata")
    if metadata is None or len(metadata) == 0:
        raise InvalidInput("a record without metadata")
    return metadata[0]


def _arxiv(metadata: Element) -> dict[str, Any]:
    """Return the fields of `arXiv` and `arXivRaw`; the latter has the versions, and the authors as they were typed."""
    versions = [(part.get("version", ""), words_of(child(part, "date"))) for part in children(metadata, "version")]
    authors = child(metadata, "authors")
    listing = [
        named(
            words_of(child(author, "forenames")), words_of(child(author, "keyname")), words_of(child(author, "suffix"))
        )
        for author in (children(authors, "author") if authors is not None else [])
    ]
    newest = versions[-1][0] if versions and re.fullmatch(r"v[0-9]{1,4}", versions[-1][0]) else ""
    dois = words_of(child(metadata, "doi")).split()
    return {
        "title": prose(child(metadata, "title")),
        "abstract": prose(child(metadata, "abstract")),
        "authors": listing or people_in(_without_affiliations(words_of(authors)[:_LONGEST_LIST])),
        "date": written_date(versions[0][1] if versions else words_of(child(metadata, "created"))),
        "categories": arxiv_categories(words_of(child(metadata, "categories")).split()),
        "candidates": [words_of(child(metadata, "id")) + newest, *dois],
    }


def _without_affiliations(authors: str) -> str:
    """Remove what stands in parentheses, which may stand in each other."""
    kept: list[str] = []
    depth = 0
    for piece in re.split(r"([()])", authors):
        depth = max(0, depth + {"(": 1, ")": -1}.get(piece, 0))
        if depth == 0 and piece != ")":
            kept.append(piece)
    return "".join(kept)


def _dublin_core(metadata: Element, sets: list[str]) -> dict[str, Any]:
    """Return the fields of Dublin Core, any of which may be there any number of times, and in several languages."""
    values: dict[str, list[Element]] = {}
    for part in metadata:
        values.setdefault(name_of(part), []).append(part)
    identifiers = [_name_of_paper(words_of(part)) for part in values.get("identifier", [])]
    relations = [words_of(part) for part in values.get("relation", [])]
    identifiers += [_ALTERNATIVE.sub("", relation) for relation in relations if _ALTERNATIVE.match(relation)]
    addresses = [name for name in identifiers if re.match("https?://", name)]
    is_arxiv = any(arxiv_identifier(name) for name in identifiers)
    subjects = [category_of(words_of(part)) for part in values.get("subject", [])] if is_arxiv else []
    return {
        "title": _best(values.get("title", []), longest=False),
        "abstract": _best(values.get("description", []), longest=True),
        "authors": [readable(name) for name in creators(words_of(part) for part in values.get("creator", []))],
        "date": min(filter(None, (written_date(words_of(part)) for part in values.get("date", []))), default=""),
        "categories": subjects or arxiv_categories(name.rpartition(":")[2] for name in sets if is_arxiv),
        "url": "" if is_arxiv else next(iter(addresses), ""),
        "candidates": identifiers,
    }


def _best(elements: list[Element], *, longest: bool) -> str:
    """Return the English text, else the first or the longest; "Comment: 13 pages" is never an abstract."""
    texts = [(language(part), prose(part)) for part in elements]
    texts = [(code, text) for code, text in texts if not text.lstrip().startswith("Comment:") or not longest]
    english = [text for code, text in texts if code.startswith("en")]
    candidates = english or [text for _, text in texts]
    chosen = max(candidates, key=len, default="") if longest else next(iter(candidates), "")
    return strip_html(chosen)[0]


def _name_of_paper(identifier: str) -> str:
    """Return an identifier without what repositories write before it."""
    return re.sub(r"(?i)^\s*(?:info:doi/|urn:doi:|doi:\s*|arxiv\s+)(?=\S)", "", identifier)


register(
    Reader(
        name="arxiv_oai",
        description="OAI-PMH of arXiv or a repository, as arXiv, arXivRaw or oai_dc: '<OAI-PMH><ListRecords><record>'",
        suffixes=(".xml",),
        recognizes=_recognizes,
        read=_read,
    )
)
