"""The beginning of a JSON file, which may be cut off anywhere, to its first records as far as they are there."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from explorer.readers.containers.letters import Broken, Letters

_MOST = 10  # records looked at
_TRIES = 20  # places where one may begin
_BETWEEN = re.compile(r"[\s,\x1e\ufeff]*+")
_BLANKS = re.compile(r"[ \t\r\n]*+")
_NEXT = re.compile(r"\n[ \t,]*+(?=\{)")
# In any format: what is in there are records, unless the object that has it is a paper itself.
LISTS = frozenset(
    {
        "articles", "citations", "data", "docs", "documents", "entries", "hits", "items", "papers", "publications",
        "recommendedPapers", "records", "references", "result", "results", "rows", "works",
    }
)  # fmt: skip
ENVELOPES = frozenset({"hits", "message", "response", "resultList"})
_TITLES = ("title", "abstract")


@lru_cache(maxsize=1)
def records_of(head: str) -> tuple[dict[str, Any], ...]:
    """Return the first records in `head`, at most ten; the last may be cut off, and a value that is has become None.

    It is the same for all readers that are asked about one file.
    """
    found: list[dict[str, Any]] = []
    position = _after(_BETWEEN, head, 0)
    if head.startswith("[", position):
        position = _after(_BETWEEN, head, position + 1)
    for _ in range(_TRIES):
        if not head.startswith("{", position) or len(found) >= _MOST:
            break
        end = _take(head, position, found)
        following = _NEXT.search(head, position) if end is None else None
        if end is None and following is None:
            break
        position = following.end() if following else _after(_BETWEEN, head, end or 0)
    return tuple(found)


def _take(head: str, position: int, found: list[dict[str, Any]]) -> int | None:
    """Take the record at `position`, or what is in its list; return where it ends, None when that is not there."""
    members: dict[str, Any] = {}
    while True:
        position = _after(_BETWEEN, head, position + 1)
        if head.startswith("}", position):
            found.append(members)
            return position + 1
        value = _named_value(head, position)
        if value is None:
            if members:
                found.append(members)
            return None
        name, begin = value
        inside = _inside(head, name, begin) if not any(title in members for title in _TITLES) else 0
        if inside:
            return _take_all(head, inside, found)
        try:
            members[name], position = Letters.decoded(head, begin)
        except Broken as error:
            members[name] = None
            found.append(members)
            return None if error.is_end or error.offset > len(head) - 16 else None
        position = _after(_BLANKS, head, position) - (not head.startswith(",", _after(_BLANKS, head, position)))
