"""arXiv's API and other feeds in Atom: an `<entry>` is a paper.

The API: https://info.arxiv.org/help/api/user-manual.html; Atom: RFC 4287.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from explorer.errors import InvalidInput
from explorer.papers import Paper, arxiv_identifier, readable
from explorer.papers.markup import strip_html
from explorer.readers.containers.arxiv import announcement, arxiv_categories, month_of, names
from explorer.readers.containers.dates import written_date
from explorer.readers.containers.elements import Found, child, grouped, papers, root_of, words_of
from explorer.readers.containers.people import people_in
from explorer.readers.containers.prose import prose
from explorer.readers.registry import Reader, Record, register
from explorer.readers.source import Source

_Parts = dict[str, list[Element]]


def _recognizes(head: str) -> bool:
    root = root_of(head)
    return root in {"feed", "entry"} and any(name in head.replace("\0", "") for name in ("2005/Atom", "purl.org/atom"))


def _read(source: Source) -> Iterator[Record]:
    return papers(source, frozenset({"entry"}), _paper)


def _paper(found: Found) -> Paper:
    own, others = grouped(found.element)
    identifier = _words(own, "id")
    if "/api/errors" in identifier:
        raise InvalidInput(f"arXiv's answer is an error: {_words(own, 'summary') or identifier}")
    announced, kind, abstract = announcement(_text(own, "summary") or _text(own, "content"))
    links = own.get("link", [])
    addresses = [part.get("href", "") for part in links if part.get("rel", "alternate") == "alternate"]
    dois = [words_of(part) for part in others.get("doi", []) + own.get("doi", [])]
    dois += [part.get("href", "") for part in links if part.get("title") == "doi"]
    identity = names([identifier.removeprefix("oai:arXiv.org:"), announced, *addresses, *dois], _own(identifier))
    paper_id = str(identity["id"])
    is_arxiv = arxiv_identifier(paper_id) is not None
    terms = [part.get("term", "") for part in others.get("primary_category", []) + own.get("category", [])]
    return Paper.from_record({
        **identity,
        "title": _text(own, "title"),
        "abstract": abstract,
        "authors": _authors(own, others),
        "date": month_of(paper_id) if is_arxiv and kind not in {"", "new"} else _date(own),
        "categories": arxiv_categories(terms) if is_arxiv else [],
        "url": "" if is_arxiv else next(iter(addresses), ""),
    })  # fmt: skip


def _own(identifier: str) -> list[str]:
    """Return an id that holds outside of the feed; Atom wants all of them to, not all of them do."""
    return [identifier] if ":" in identifier and not identifier.startswith("oai:arXiv.org:") else []


def _words(parts: _Parts, name: str) -> str:
    return next((words_of(part) for part in parts.get(name, [])), "")


def _text(own: _Parts, name: str) -> str:
    """Return the text of an Atom construct; it says itself whether it is plain, HTML, or XHTML."""
    element = next(iter(own.get(name, [])), None)
    if element is None:
        return ""
    text = prose(element)
    return strip_html(text)[0] if element.get("type", "text") in {"html", "text/html"} else text


def _authors(own: _Parts, others: _Parts) -> list[str]:
    people = [readable(name) for part in own.get("author", []) if (name := words_of(child(part, "name")))]
    return people or [name for part in others.get("creator", []) for name in people_in(words_of(part))]


def _date(own: _Parts) -> str:
    """Return when the first version appeared; Atom 0.3 has other names for it."""
    dates = (_words(own, name) for name in ("published", "issued", "created", "updated", "modified"))
    return written_date(next(filter(None, dates), ""))


register(
    Reader(
        name="arxiv_atom",
        description="the arXiv API's feed, or any in Atom: '<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry>'",
        suffixes=(".atom", ".xml"),
        recognizes=_recognizes,
        read=_read,
    )
)
