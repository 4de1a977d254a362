"""CSL-JSON: a list of items, as Zotero, Pandoc and citation processors take it, one item a line.

What the schema has no field for is in its field for that, `custom`:
https://github.com/citation-style-language/schema/blob/master/schemas/input/csl-data.json
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from explorer.papers import arxiv_identifier, clean
from explorer.writers.people import parts
from explorer.writers.registry import Holdings, Writer, encoded, register
from explorer.writers.text import date_parts, json_line, one_line, one_line_each

if TYPE_CHECKING:
    from explorer.matches import Match
    from explorer.papers import Paper


def _answers(matches: Iterable[Match]) -> Iterator[str]:
    return _list(match.paper for match in matches)


def _library(holdings: Holdings) -> Iterator[bytes]:
    return encoded(_list(holdings.papers()))


def _list(papers: Iterable[Paper]) -> Iterator[str]:
    before = "[\n"
    for paper in papers:
        yield before + json_line(_item(paper))
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _item(paper: Paper) -> dict[str, Any]:
    arxiv = arxiv_identifier(paper.id)
    also = one_line_each(paper.also)
    date = [int(part) for part in date_parts(paper.date)]
    item = {
        "id": one_line(paper.id),
        "type": "article-journal" if paper.doi and not arxiv_identifier(paper.doi) else "article",
        "title": one_line(paper.title),
        "author": [_author(name) for name in one_line_each(paper.authors)],
        "issued": {"date-parts": [date]} if date else None,
        "abstract": clean(paper.abstract),
        "DOI": one_line(paper.doi),
        "URL": one_line(paper.url),
        "PMID": next((name.removeprefix("pmid:") for name in also if name.startswith("pmid:")), ""),
        "PMCID": next((name for name in also if name.startswith("PMC")), ""),
        # As Zotero has preprints.
        "publisher": "arXiv" if arxiv else "",
        "number": f"arXiv:{arxiv[0]}" if arxiv else "",
        "keyword": ", ".join(one_line_each(paper.categories)),
        "custom": _custom(paper, also),
    }
    return {name: value for name, value in item.items() if value or name == "id"}  # which every item must have


def _custom(paper: Paper, also: list[str]) -> dict[str, Any]:
    known = {
        "categories": one_line_each(paper.categories),
        "listed_in": one_line_each(paper.listed_in),
        "version": paper.version,
        "links": one_line_each(paper.links),
        "also": also,
    }
    return {name: value for name, value in known.items() if value}


def _author(name: str) -> dict[str, str]:
    found = parts(name)
    if found is None:
        return {"literal": name}
    return {part: value for part, value in found._asdict().items() if value}


register(
    Writer(
        name="csl-json",
        description="CSL-JSON for Zotero, Pandoc and citation processors",
        answers=_answers,
        library=_library,
        suffixes=(".json",),
    )
)
