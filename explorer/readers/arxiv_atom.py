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
from explorer.readers.containers.elements import Found, child, name_of, namespace_of, papers, root_of, words_of
from explorer.readers.containers.people import listed
from explorer.readers.containers.prose import prose
from explorer.readers.registry import Reader, Record, register
from explorer.readers.source import Source


def _recognizes(head: str) -> bool:
    root = root_of(head)
    return root in {"feed", "entry"} and any(name in head.replace("\0", "") for name in ("2005/Atom", "purl.org/atom"))


def _read(source: Source) -> Iterator[Record]:
    return papers(source, frozenset({"entry"}), _paper)


def _paper(found: Found) -> Paper:
    entry = found.element
    own = [part for part in entry if namespace_of(part) == namespace_of(entry)]
    identifier = next((words_of(part) for part in own if name_of(part) == "id"), "")
    if "/api/errors" in identifier:
        raise InvalidInput(f"arXiv's answer is an error: {words_of(child(entry, 'summary')) or identifier}")
    written = _text(own, "summary") or _text(own, "content")
    announced, kind, abstract = announcement(written)
    links = [part for part in own if name_of(part) == "link"]
    addresses = [part.get("href", "") for part in links if part.get("rel", "alternate") == "alternate"]
    dois = [words_of(part) for part in entry if name_of(part) == "doi"]
    dois += [part.get("href", "") for part in links if part.get("title") == "doi"]
    identity = names([identifier.removeprefix("oai:arXiv.org:"), announced, *addresses, *dois], _own(identifier))
    is_arxiv = arxiv_identifier(str(identity["id"])) is not None
    return Paper.from_record({
        **identity,
        "title": _text(own, "title"),
        "abstract": abstract,
        "authors": _authors(entry, own),
        "date": _date(entry, str(identity["id"]), kind),
        "categories": _categories(entry) if is_arxiv else [],
        "url": "" if is_arxiv else next(iter(addresses), ""),
    })  # fmt: skip


def _own(identifier: str) -> list[str]:
    """Return an id that holds outside of the feed; Atom wants all of them to, not all of them do."""
    return [identifier] if ":" in identifier and not identifier.startswith("oai:arXiv.org:") else []


def _text(own: list[Element], name: str) -> str:
    """Return the text of an Atom construct; it says itself whether it is plain, HTML, or XHTML."""
    element = next((part for part in own if name_of(part) == name), None)
    if element is None:
        return ""
    text = prose(element)
    return strip_html(text)[0] if element.get("type", "text") in {"html", "text/html"} else text


def _authors(entry: Element, own: list[Element]) -> list[str]:
    people = [words_of(child(part, "name")) for part in own if name_of(part) == "author"]
    if any(people):
        return [readable(name) for name in people if name]
    return [name for part in entry if name_of(part) == "creator" for name in listed(words_of(part))]


def _categories(entry: Element) -> list[str]:
    terms = [part.get("term", "") for part in entry if name_of(part) == "primary_category"]
    return arxiv_categories(terms + [part.get("term", "") for part in entry if name_of(part) == "category"])


def _date(entry: Element, identifier: str, kind: str) -> str:
    """Return when the first version appeared. A feed of announcements has the day of the announcement."""
    dates = (words_of(child(entry, name)) for name in ("published", "issued", "created", "updated", "modified"))
    date = written_date(next(filter(None, dates), ""))
    return month_of(identifier) if kind not in {"", "new"} and month_of(identifier) else date


register(
    Reader(
        name="arxiv_atom",
        description="the arXiv API's feed, or any in Atom: '<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry>'",
        suffixes=(".atom", ".xml"),
        recognizes=_recognizes,
        read=_read,
    )
)
