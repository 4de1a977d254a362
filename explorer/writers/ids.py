"""One id a line, to be read by programs and by the explorer itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from explorer.writers.registry import Holdings, Writer, encoded, register
from explorer.writers.text import one_line

if TYPE_CHECKING:
    from explorer.matches import Match
    from explorer.papers import Paper


def _answers(matches: Iterable[Match]) -> Iterator[str]:
    return _lines(match.paper for match in matches)


def _library(holdings: Holdings) -> Iterator[bytes]:
    return encoded(_lines(holdings.papers()))


def _lines(papers: Iterable[Paper]) -> Iterator[str]:
    for paper in papers:
        yield one_line(paper.id) + "\n"


register(Writer(name="ids", description="one id a line", answers=_answers, library=_library, suffixes=(".txt", ".ids")))
