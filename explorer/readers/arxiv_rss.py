"""arXiv's RSS, today's 2.0 and the 1.0 of before 2024, and that of journals and PubMed: an `<item>` is a paper.

https://info.arxiv.org/help/rss.html, https://www.rssboard.org/rss-specification
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from explorer.papers import Paper, arxiv_identifier
from explorer.papers.markup import strip_html
from explorer.readers.containers.arxiv import announcement, arxiv_categories, month_of, names
from explorer.readers.containers.dates import written_date
from explorer.readers.containers.elements import Found, attribute, grouped, papers, root_of, words_of
from explorer.readers.containers.people import people_in, straight
from explorer.readers.containers.prose import prose
from explorer.readers.registry import Reader, Record, register
from explorer.readers.source import Source

_STAMP = re.compile(
    r"\.?\s*+\(arXiv:(?P<id>[^\s()]{1,60}+)(?:\s++\[(?P<category>[\w.-]{1,30}+)\])?\s*+(?:UPDATED|CROSS LISTED)?\)\s*$"
)
_LISTING = re.compile(r"https?://[\w.-]*arxiv\.org/(?:rss|atom|list)/([\w.-]{1,30}+(?:\+[\w.-]{1,30}+)*+)")
_MARKUP = re.compile(r"\s*+<(?:p|div|span|strong|b|i|a|h[1-6])[\s>]", re.IGNORECASE)
_TRACKING = re.compile(r"[?&](?:utm_|rss=)\S*")
_AROUND = re.compile(r"\A\s*+ABSTRACT\s++(?=\S)|\bPMID:\s*+[0-9]{1,9}(?: \| [^\n]{0,500}+)?\s*+\Z")
_PUBMED = re.compile(
    r"(?:https?://(?:www\.)?(?:pubmed\.ncbi\.nlm\.nih\.gov/|ncbi\.nlm\.nih\.gov/pubmed/)|pubmed:|pmid:)\s*+([0-9]{1,9})",
    re.I,
)


def _recognizes(head: str) -> bool:
    return (
        root_of(head) in {"rss", "RDF"}
        and re.search(r"<(?:\w+:)?(?:channel|item)[\s>]", head.replace("\0", "")) is not None
    )


def _read(source: Source) -> Iterator[Record]:
    return papers(source, frozenset({"item"}), _Feed().paper, frozenset({"link"}))


@dataclass(slots=True)
class _Feed:
    """Remember which listing of arXiv the items are from: the channel's link says it."""

    listing: str = ""

    def paper(self, found: Found) -> Paper | None:
        """Return the paper that an item is; the channel's own link is none."""
        if found.name == "link":
            listing = _LISTING.match(words_of(found.element))
            if listing:
                self.listing = listing[1].replace("+", " ")
            return None
        return _paper(_Item.of(found.element), attribute(found.element, "about"), self.listing)


@dataclass(frozen=True, slots=True)
class _Item:
    """Hold the elements of an item: those of RSS, and those of other vocabularies such as Dublin Core."""

    own: dict[str, list[Element]]
    others: dict[str, list[Element]]

    @classmethod
    def of(cls, item: Element) -> _Item:
        return cls(*grouped(item))

    def words(self, name: str) -> str:
        return next((words_of(part) for part in self.own.get(name, [])), "")

    def all(self, *wanted: str) -> list[str]:
        """Return the words of all elements of these names, of RSS or not."""
        return [words_of(part) for name in wanted for part in (*self.own.get(name, []), *self.others.get(name, []))]


def _paper(item: _Item, about: str, listing: str) -> Paper:
    title, stamp_id, category = _stamped(item.words("title") or next(iter(item.all("title")), ""))
    announced, kind, abstract = announcement(_text(item.own.get("description", []), plain=True))
    if not announced:
        html = _text(item.own.get("description", []) + item.others.get("encoded", []), plain=False)
        abstract = _AROUND.sub("", html)
    guid, link = item.words("guid"), _TRACKING.sub("", item.words("link") or about)
    pubmed = next((f"pmid:{found[1]}" for name in (guid, link) if (found := _PUBMED.match(name))), "")
    dois = [re.sub(r"(?i)^doi:\s*", "", name) for name in item.all("identifier", "doi")]
    identity = names([announced, stamp_id, guid.removeprefix("oai:arXiv.org:"), link, *dois], [pubmed])
    is_arxiv = arxiv_identifier(str(identity["id"])) is not None
    month = month_of(str(identity["id"]))
    date = next(filter(None, map(written_date, item.all("pubDate", "date"))), "")
    return Paper.from_record({
        **(identity if identity["id"] else {"id": link}),
        "title": title,
        "abstract": abstract,
        "authors": _authors(item),
        "date": date if not month or (date and kind in {"", "new"}) else month,
        "categories": arxiv_categories([category, *item.all("category")]) if is_arxiv else [],
        "listed_in": listing if is_arxiv else "",
        "url": "" if is_arxiv else link,
    })  # fmt: skip


def _stamped(written: str) -> tuple[str, str, str]:
    """Part "Title. (arXiv:2010.02893v1 [cs.CV])" into title, id and category; others are all title."""
    title = strip_html(written)[0] if "&" in written or "</" in written else written
    stamp = _STAMP.search(title[-150:])
    if stamp is None:
        return title, "", ""
    return title[: len(title) - len(stamp[0])], stamp["id"], stamp["category"] or ""


def _text(elements: list[Element], *, plain: bool) -> str:
    """Return the longest of some texts; those of journals are HTML, arXiv's own are not."""
    text = max(map(prose, elements), key=len, default="")
    return text if plain and not _MARKUP.match(text) else strip_html(text)[0]


def _authors(item: _Item) -> list[str]:
    written = [strip_html(prose(part))[0] for part in item.others.get("creator", []) + item.own.get("author", [])]
    if len(written) == 1:
        return people_in(written[0])
    return [straight(name) for name in written]


register(
    Reader(
        name="arxiv_rss",
        description="arXiv's RSS, or that of a journal: '<rss><channel><item><title>', also the older '<rdf:RDF>'",
        suffixes=(".rss", ".rdf", ".xml"),
        recognizes=_recognizes,
        read=_read,
    )
)
