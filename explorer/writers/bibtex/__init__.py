"""BibTeX: one entry a paper, `@article` where a publisher's DOI is known, else `@misc`, as arXiv itself has it.

A title has two pairs of braces, since styles would make its capitals small. Texts keep their LaTeX as far as it is
known to be harmless (`latex.py`); identifiers and addresses stay as they are, since styles expect them so. What is
written of a library is to be read again, by programs, too: an id that can be a key is one, and there is more of
BibLaTeX in it, the whole date, the version of a preprint, categories as keywords, other ids as `ids`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from explorer.papers import arxiv_identifier
from explorer.writers.bibtex.keys import Keys, is_key
from explorer.writers.bibtex.latex import escape
from explorer.writers.bibtex.people import author
from explorer.writers.registry import Holdings, Writer, encoded, register
from explorer.writers.text import date_parts, one_line, one_line_each, web_address

if TYPE_CHECKING:
    from explorer.matches import Match
    from explorer.papers import Paper

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DOI = re.compile(r"10\.[0-9]{4,9}/[!-z|~]+")  # printable ASCII without braces
_ARXIV_DOI = "10.48550/"
_CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[A-Za-z-]+)?")


def _answers(matches: Iterable[Match]) -> Iterator[str]:
    keys = Keys()
    for position, match in enumerate(matches):
        yield ("\n" if position else "") + _entry(match.paper, keys, {})


def _library(holdings: Holdings) -> Iterator[bytes]:
    return encoded(_entries(holdings))


def _entries(holdings: Holdings) -> Iterator[str]:
    keys = Keys(holdings.ids())
    for position, paper in enumerate(holdings.papers()):
        yield ("\n" if position else "") + _entry(paper, keys, _more(paper))


def _entry(paper: Paper, keys: Keys, more: dict[str, str]) -> str:
    doi = paper.doi if _DOI.fullmatch(paper.doi) and "\\" not in paper.doi else ""
    year, month = _date(paper.date)
    fields = {
        "title": f"{{{escape(one_line(paper.title))}}}" if paper.title else "",
        "author": " and ".join(map(author, filter(None, map(one_line, paper.authors)))),
        "year": year,
        "month": month,
        "doi": doi,
        "url": web_address(paper.url),
        **_arxiv(paper),
        **more,
        "abstract": escape(one_line(paper.abstract)),
    }
    kind = "article" if doi and not doi.startswith(_ARXIV_DOI) else "misc"
    # The names of months are macros, which every style has in its own language; braces would make them words.
    lines = [f"  {name} = {value if name == 'month' else f'{{{value}}}'},\n" for name, value in fields.items() if value]
    return f"@{kind}{{{keys.new(paper, year)},\n{''.join(lines)}}}\n"


def _more(paper: Paper) -> dict[str, str]:
    """Return the fields that only a library's entries have."""
    arxiv = arxiv_identifier(paper.id)
    return {
        "date": "-".join(found) if len(found := date_parts(paper.date)) == 3 else "",
        **({"eprint": f"{arxiv[0]}v{paper.version}"} if arxiv and paper.version else {}),
        "keywords": ", ".join(escape(name.replace(",", " ")) for name in one_line_each(paper.categories)),
        "ids": ", ".join(name for name in one_line_each(paper.also) if is_key(name)),
    }


def _date(date: str) -> tuple[str, str]:
    parts = date_parts(date)
    return (parts[0] if parts else "", _MONTHS[int(parts[1]) - 1] if parts[1:] else "")


def _arxiv(paper: Paper) -> dict[str, str]:
    """Return arXiv's own fields: https://info.arxiv.org/help/hypertex/bibstyles."""
    identifier = arxiv_identifier(paper.id)
    if identifier is None:
        return {}
    primary = paper.categories[0] if paper.categories and _CATEGORY.fullmatch(paper.categories[0]) else ""
    return {"eprint": identifier[0], "archiveprefix": "arXiv", "primaryclass": primary}


register(
    Writer(
        name="bibtex",
        description="BibTeX entries",
        answers=_answers,
        library=_library,
        suffixes=(".bib", ".bibtex"),
    )
)
