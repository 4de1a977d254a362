"""A page as arXiv's API sends it: whether it is whole, and what it says of itself.

The arxiv package reads what it can of a damaged page; papers would be missing that nobody misses. So a page is checked
before it is read.
"""

from __future__ import annotations

from dataclasses import dataclass

_ATOM = "http://www.w3.org/2005/Atom "
_LONGEST_TEXT = 1_000  # characters


class BadPage(ValueError):
    """Say why something is not a whole page of the API."""


@dataclass(slots=True)
class Page:
    """Tell what a page says of itself: its entries, all results of the question, and the API's own error."""

    entries: int = 0
    total: int = -1
    error: str = ""


def page_of(content: bytes) -> Page:
    """Return what `content` says of itself. Raises BadPage when it is not a whole page of the API."""
    from xml.parsers.expat import ExpatError

    parser = _Parser()
    try:
        parser.parse(content)
    except ExpatError as error:
        raise BadPage(f"a page that is cut off or damaged ({error})") from None
    if parser.page.total < 0 and not parser.page.error:
        raise BadPage("a page that does not say how many results there are")
    return parser.page


class _Parser:
    """Follow the elements of a page."""

    def __init__(self) -> None:
        from xml.parsers.expat import ParserCreate

        self.page = Page()
        self._path: list[str] = []
        self._text = ""
        self._entry: dict[str, str] = {}
        self._parser = ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._take
        self._parser.StartDoctypeDeclHandler = self._doctype

    def parse(self, content: bytes) -> None:
        self._parser.Parse(content, True)

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if not self._path and name != _ATOM + "feed":
            raise BadPage(f"something else than a page of results: <{name.rpartition(' ')[2][:50]}>")
        self._path.append(name)
        self._text = ""
        if name == _ATOM + "entry":
            self.page.entries += 1
            self._entry = {}

    def _end(self, name: str) -> None:
        self._path.pop()
        if len(self._path) == 1 and name.endswith(" totalResults"):
            written = self._text.strip()
            if not (written.isascii() and written.isdigit()):
                raise BadPage(f"a page with {written[:20]!r} results")
            self.page.total = int(written[:12])
        elif len(self._path) == 2:
            self._entry[name] = self._text.strip()
        elif name == _ATOM + "entry" and "/api/errors" in self._entry.get(_ATOM + "id", ""):
            self.page.error = self._entry.get(_ATOM + "summary") or "an error without a text"

    def _take(self, text: str) -> None:
        if len(self._text) < _LONGEST_TEXT:
            self._text += text[:_LONGEST_TEXT]

    def _doctype(self, *_: object) -> None:
        raise BadPage("something else than a page of results: it has a DOCTYPE")
