"""One id a line, to be read by programs and by the explorer itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from explorer.writers.registry import Writer, register
from explorer.writers.text import one_line

if TYPE_CHECKING:
    from explorer.matches import Match


def _write(matches: Iterable[Match]) -> Iterator[str]:
    for match in matches:
        yield one_line(match.paper.id) + "\n"


register(Writer(name="ids", description="one id a line", write=_write))
