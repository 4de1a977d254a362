"""JSON, one object a line: all that is known of a match, and of why it is one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from explorer.writers.registry import Writer, register
from explorer.writers.text import json_line

if TYPE_CHECKING:
    from explorer.matches import Match


def _write(matches: Iterable[Match]) -> Iterator[str]:
    for match in matches:
        yield json_line(match.as_dict()) + "\n"


register(Writer(name="json", description="JSON, one object a line, with everything that is known", answers=_write))
