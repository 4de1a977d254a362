"""What arXiv's formats have in common: announcements, categories, the names of a paper in its own words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from explorer.papers import arxiv_identifier, doi_in

_CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.(?:[A-Z]{2}|[a-z]+(?:-[a-z]+)*))?")
_ANNOUNCED = re.compile(
    r"\s*arXiv:(?P<id>\S{1,60})\s++Announce Type:\s*+(?P<kind>[\w-]{1,30}+)\s++(?:Abstract:\s*+)?", re.IGNORECASE
)


def announcement(text: str) -> tuple[str, str, str]:
    """Part "arXiv:2010.02893v1 Announce Type: new Abstract: words" into id, kind and words; others are all words."""
    found = _ANNOUNCED.match(text)
    return (found["id"], found["kind"], text[found.end() :]) if found else ("", "", text)


def arxiv_categories(written: Iterable[str]) -> list[str]:
    """Return those of `written` that are arXiv's; the feeds put classes of ACM and MSC among them."""
    return [name for name in (name.strip() for name in written) if _CATEGORY.fullmatch(name)]


def month_of(arxiv_id: str) -> str:
    """Return the month in which a paper with this id first appeared; empty for what is no arXiv id."""
    found = arxiv_identifier(arxiv_id)
    digits = found[0].rpartition("/")[2] if found else ""
    if not digits or not 1 <= int(digits[2:4]) <= 12:
        return ""
    return f"{'19' if digits[:2] >= '91' else '20'}{digits[:2]}-{digits[2:4]}"


def names(candidates: Iterable[str], own: Iterable[str] = ()) -> dict[str, object]:
    """Return id, DOI and other names of a paper of everything that may name it.

    The id is the arXiv id among the `candidates`, else the DOI, else the first of the source's `own` ids.
    """
    written = [candidate.strip() for candidate in candidates]
    arxiv = next((candidate for candidate in written if candidate and arxiv_identifier(candidate)), "")
    dois = [doi for candidate in written if "10." in candidate and (doi := _doi(candidate))]
    doi = next((doi for doi in dois if not arxiv or not arxiv_identifier(doi)), next(iter(dois), ""))
    others = [name for name in own if name]
    paper_id = arxiv or doi or next(iter(others), "")
    return {"id": paper_id, "doi": doi, "also": [name for name in others if name != paper_id]}


def _doi(written: str) -> str:
    return (doi_in(written.split(maxsplit=1)[0] if written else "") or doi_in(written) or "").rstrip(".,;")
