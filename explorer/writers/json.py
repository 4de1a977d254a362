"""JSON, one object a line: all that is known of a match, and of why it is one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from explorer.writers.registry import Writer, register

if TYPE_CHECKING:
    from explorer.matches import Match


def _write(matches: Iterable[Match]) -> Iterator[str]:
    for match in matches:
        line = json.dumps(match.as_dict(), ensure_ascii=False)
        # JSON allows U+007F to U+009F and what turns the direction of text as they are; a terminal obeys them.
        shown = line if line.isprintable() else "".join(map(_escaped, line))
        yield shown + "\n"


def _escaped(sign: str) -> str:
    return sign if sign.isprintable() else json.dumps(sign)[1:-1]


register(Writer(name="json", description="JSON, one object a line, with everything that is known", write=_write))
