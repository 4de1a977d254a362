"""What a person may ask: which paper, or which text, a query means. May import papers and errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from explorer.errors import InvalidInput, UnknownPaper
from explorer.papers import arxiv_identifier, clean, doi_in, looks_like_identifier, shortened

QueryKind = Literal["id", "title", "text", "document"]


class Catalog(Protocol):
    """Look papers up; the store offers this."""

    def row_of(self, paper_id: str) -> int | None:
        """Return the row of an id."""

    def row_at(self, url: str) -> int | None:
        """Return the row of an address."""

    def row_with_doi(self, doi: str) -> int | None:
        """Return the row of a DOI."""

    def row_named(self, name: str) -> int | None:
        """Return the row of another name of a paper."""

    def rows_titled(self, title: str) -> list[int]:
        """Return the rows of a whole title."""

    def rows_with_title_part(self, part: str, limit: int) -> list[int]:
        """Return the rows whose title holds a part."""

    def nearest_ids(self, paper_id: str) -> list[str]:
        """Return the ids spelled most like this one."""


@dataclass(frozen=True, slots=True)
class Query:
    """Say what a query was taken for; `row` is the paper meant, None for a text.

    A "document" is the text of a file. `weight` is what it counts among others.
    """

    kind: QueryKind
    text: str
    row: int | None = None
    weight: float = 1.0


def interpret(text: str, catalog: Catalog) -> Query:
    """Take `text` for a paper's id or address, else for a whole title, else for free text.

    Raises UnknownPaper when it looks like an id but is not in the library, InvalidInput when it says nothing.
    """
    text = require_words(text, "give an id, a whole title, or some text")
    paper = find_paper(text, catalog)
    if paper is not None:
        return paper
    if looks_like_identifier(text):
        raise _unknown(text, catalog)
    return Query("text", text)


def find_paper(text: str, catalog: Catalog) -> Query | None:
    """Return the paper whose id, address or whole title is `text`, None when there is none."""
    row = find_id(text, catalog)
    if row is not None:
        return Query("id", text, row)
    rows = catalog.rows_titled(text)
    return Query("title", text, rows[0]) if rows else None


def require_words(text: str, advice: str) -> str:
    """Return `text` clean. Raises InvalidInput, with the advice, when not a letter or digit is in it."""
    text = clean(text)
    if not any(character.isalnum() for character in text):
        raise InvalidInput(f"the query is empty: {advice}")
    return text


def find_id(text: str, catalog: Catalog) -> int | None:
    """Return the row of the paper whose id, DOI or address is `text`, in any form that people paste."""
    text = clean(text)
    row = catalog.row_of(text)
    if row is None and (found := arxiv_identifier(text)):
        row = catalog.row_of(found[0])
    if row is None and (doi := doi_in(text)):
        row = catalog.row_with_doi(doi)
    if row is None and text.lower().startswith(("http://", "https://")):
        row = catalog.row_at(text)
    return catalog.row_named(text) if row is None else row


def require_id(text: str, catalog: Catalog) -> int:
    """Return what `find_id` finds. Raises UnknownPaper, which names the nearest ids."""
    row = find_id(text, catalog)
    if row is None:
        raise _unknown(text, catalog)
    return row


def find_title_part(part: str, catalog: Catalog, titles: Callable[[Sequence[int]], list[str]]) -> Query:
    """Take `part` for a part of one paper's title.

    Raises UnknownPaper when no title holds it; InvalidInput, listing some (as `titles` words them), when several do.
    """
    part = clean(part)
    rows = catalog.rows_titled(part) or catalog.rows_with_title_part(part, limit=6)
    if not rows:
        raise UnknownPaper(f"no title holds {shortened(part)!r}")
    if len(rows) > 1:
        listed = "; ".join(titles(rows[:5])) + ("; ..." if len(rows) > 5 else "")
        raise InvalidInput(f"{shortened(part)!r} is in several titles, say more of it or give the id: {listed}")
    return Query("title", part, rows[0])


def _unknown(text: str, catalog: Catalog) -> UnknownPaper:
    text = clean(text)
    found = arxiv_identifier(text)
    nearest = ", ".join(catalog.nearest_ids(found[0] if found else text))
    return UnknownPaper(
        f"no paper {shortened(text)!r} in this library; the nearest ids are {nearest} "
        "(--text searches for it as a text)"
    )
