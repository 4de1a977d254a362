"""RIS, as reference managers take it: a tag, two blanks, a hyphen and a value a line, from TY to ER, lines in CR LF.

A value is one line, so nothing in a text begins a tag. Categories are keywords, other ids accession numbers (AN).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from explorer.papers import arxiv_identifier
from explorer.writers.people import parts
from explorer.writers.registry import Holdings, Writer, encoded, register
from explorer.writers.text import date_parts, one_line_each

if TYPE_CHECKING:
    from explorer.matches import Match
    from explorer.papers import Paper


def _answers(matches: Iterable[Match]) -> Iterator[str]:
    return (_entry(match.paper) for match in matches)


def _library(holdings: Holdings) -> Iterator[bytes]:
    return encoded(map(_entry, holdings.papers()))


def _entry(paper: Paper) -> str:
    date = date_parts(paper.date)
    tags = [
        ("TY", [_kind(paper)]),
        ("ID", [paper.id]),
        ("TI", [paper.title]),
        ("AU", map(_author, one_line_each(paper.authors))),
        ("PY", date[:1]),
        ("DA", ["/".join([*date, "", ""][:3]) + "/"] if len(date) > 1 else []),
        ("AB", [paper.abstract]),
        ("DO", [paper.doi]),
        ("UR", [paper.url, *paper.links]),
        ("KW", paper.categories),
        ("AN", paper.also),
    ]
    lines = [f"{tag}  - {value}\r\n" for tag, values in tags for value in one_line_each(values)]
    return "".join(lines) + "ER  - \r\n\r\n"


def _kind(paper: Paper) -> str:
    """Return RIS's name for what has a publisher, for what is on arXiv alone, and for anything."""
    if paper.doi and not arxiv_identifier(paper.doi):
        return "JOUR"
    return "UNPB" if arxiv_identifier(paper.id) else "GEN"


def _author(name: str) -> str:
    """Return "Family, Given, Suffix" where that is safe to tell, else the name as it is."""
    found = parts(name)
    return name if found is None else ", ".join(filter(None, (found.family, found.given, found.suffix)))


register(
    Writer(
        name="ris",
        description="RIS for reference managers: Zotero, EndNote, Mendeley",
        answers=_answers,
        library=_library,
        suffixes=(".ris",),
    )
)
