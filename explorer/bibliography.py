"""A bibliography's entries to the papers of a library. May import papers and errors.

The entries are papers that a reader read, of BibTeX or any other format.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from explorer.papers import Paper, arxiv_identifier, doi_in, readable, title_key

_FEWEST_WORDS = 2
_FEWEST_LETTERS = 10  # of a title of one word
_LONGEST_NAME = 100


class Catalog(Protocol):
    """Look papers up; the store offers this."""

    def row_of(self, paper_id: str) -> int | None:
        """Return the row of an id."""

    def row_with_doi(self, doi: str) -> int | None:
        """Return the row of a DOI, in upper or lower case."""

    def rows_titled(self, title: str) -> list[int]:
        """Return the rows of a whole title; case, accents and punctuation are aside."""


@dataclass(frozen=True, slots=True)
class Matched:
    """Say which papers of a library a bibliography names, and which of its entries the library lacks.

    `rows` holds each paper once, `missing` a name for each entry, "Title (id)"; both are in the order of the entries.
    """

    rows: tuple[int, ...]
    missing: tuple[str, ...]


def match(entries: Iterable[Paper], catalog: Catalog) -> Matched:
    """Find each of `entries` by its arXiv id, else by its DOI, else by its title; the first that finds a paper wins.

    Ids and DOIs are looked for in the entry's id, DOI and address, and among the library's ids and DOIs alike; versions
    are aside, and an arXiv DOI is the arXiv id in it. A title needs two words or ten letters. It may find one paper
    whose id or DOI is another, as a preprint and its journal version have, but where several papers have the title, it
    finds all of them for an entry without id and DOI, and none for an entry that names a paper the library lacks.
    """
    rows: dict[int, None] = {}
    missing: list[str] = []
    for entry in entries:
        found = _rows(entry, catalog)
        rows.update(dict.fromkeys(found))
        if not found:
            missing.append(_name(entry))
    return Matched(tuple(rows), tuple(missing))


def _rows(entry: Paper, catalog: Catalog) -> list[int]:
    arxiv_ids, dois = _arxiv_ids(entry), _dois(entry)
    for row in _found_by_name(arxiv_ids, dois, catalog):
        if row is not None:
            return [row]
    if not _is_telling(entry.title):
        return []
    rows = catalog.rows_titled(entry.title)
    return rows if len(rows) == 1 or not (arxiv_ids or dois) else []


def _found_by_name(arxiv_ids: list[str], dois: list[str], catalog: Catalog) -> Iterator[int | None]:
    for arxiv_id in arxiv_ids:
        yield catalog.row_of(arxiv_id)
        yield catalog.row_with_doi(f"10.48550/arXiv.{arxiv_id}")
    for doi in dois:
        yield catalog.row_with_doi(doi)
        yield catalog.row_of(doi)


def _arxiv_ids(entry: Paper) -> list[str]:
    # An address elsewhere may end like an arXiv id by chance.
    address = entry.url if "arxiv" in entry.url.lower() else ""
    found = (arxiv_identifier(written) for written in (entry.id, entry.doi, address))
    return list(dict.fromkeys(identifier for identifier, _ in filter(None, found)))


def _dois(entry: Paper) -> list[str]:
    written = (doi_in(text) for text in (entry.doi, entry.id, entry.url))
    return list(dict.fromkeys(doi for doi in written if doi and not arxiv_identifier(doi)))


def _is_telling(title: str) -> bool:
    """Tell whether a title is long enough to be one paper's."""
    key = title_key(title)
    return len(key.split()) >= _FEWEST_WORDS or len(key) >= _FEWEST_LETTERS


def _name(entry: Paper) -> str:
    """Return "Title (id)" in 100 characters; a long title loses its end rather than the id."""
    title = readable(entry.title).replace("\n", " ")
    known_as = f" ({entry.id})"
    room = max(_LONGEST_NAME - len(known_as), 0)
    if len(title) > room:
        title = title[: max(room - 3, 0)].rstrip() + "..."
    name = title + known_as if title else entry.id
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 3] + "..."
