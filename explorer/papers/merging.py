"""One paper from several records of it: what each knows is kept, and the newest text wins."""

from __future__ import annotations

import re
from dataclasses import replace

from explorer.papers.identifiers import doi_in, identity
from explorer.papers.paper import Paper
from explorer.papers.text import title_key

_FILLED = ("title", "abstract", "authors", "date", "categories", "url", "doi")
_JOINED = ("listed_in", "links", "also")
_OWN_NUMBER = r"[0-9]{1,9}"
_SHARED = 0.3  # of two titles' words: papers with less in common are two, whatever DOI somebody gave them


def merged(first: Paper, other: Paper, *, newer: bool | None = None) -> Paper:
    """Return one paper of two records of it, under the id of the first.

    Where both say something, the first is believed, unless the other is `newer`: by default, a higher version of the
    same arXiv paper is: then the date stays that of the first version. Listings, links and names of both are kept.
    """
    is_same_id = identity(first.id) == identity(other.id)
    is_next_version = is_same_id and other.version is not None and other.version > (first.version or 0)
    old, new = (first, other) if (is_next_version if newer is None else newer) else (other, first)
    values = {name: getattr(new, name) or getattr(old, name) for name in _FILLED}
    values |= {name: tuple(dict.fromkeys(getattr(first, name) + getattr(other, name))) for name in _JOINED}
    if newer is None and is_next_version:
        values["date"] = first.date or other.date
    return _named(replace(first, **values, version=new.version or old.version), (other.id, old.doi))


def are_one(first: Paper, other: Paper) -> bool:
    """Tell whether two records that share a name (a DOI, a foreign id) can be one paper: their titles agree somewhat.

    A DOI is often that of a whole volume, or was copied to the wrong record. Another id is believed, unless it is a
    short number: that is somebody's own, and the next list numbers its papers, too.
    """
    name = identity(first.id)
    if name == identity(other.id) and not re.fullmatch(_OWN_NUMBER, name) and doi_in(name) is None:
        return True
    ours, theirs = (set(title_key(paper.title).split()) for paper in (first, other))
    return not ours or not theirs or len(ours & theirs) >= _SHARED * len(ours | theirs)


def _named(paper: Paper, names: tuple[str, ...]) -> Paper:
    """Return `paper` with more names: those that it does not have yet."""
    known = {identity(paper.id), paper.doi.lower()}
    also: dict[str, str] = {}
    for name in (*paper.also, *names):
        if name and identity(name) not in known:
            also.setdefault(identity(name), name)
    return replace(paper, also=tuple(also.values()))
