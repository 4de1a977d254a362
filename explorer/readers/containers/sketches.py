"""The beginning of a JSON file to its first records, by which readers tell whether they are theirs."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from typing import Any

from explorer.readers.containers.objects import Shape, objects
from explorer.readers.source import Source

_MOST = 10  # records looked at
_BEGINS = re.compile(r"[\s\x1e\ufeff]*+(?:\{|\[\s*+(?:null\s*+,\s*+)*+\{)")

# What answers of all services have their records in.
ANY_SHAPE = Shape(
    lists=frozenset({
        "articles", "citations", "data", "docs", "documents", "entries", "hits", "items", "papers", "publications",
        "recommendedPapers", "records", "references", "result", "results", "rows", "works",
    }),
    envelopes=frozenset({"hits", "message", "response", "resultList"}),
)  # fmt: skip


def most_are(head: str, is_record: Callable[[dict[str, Any]], bool]) -> bool:
    """Tell whether of the first records in `head` at least half are such records; bad ones may be among them."""
    records = records_of(head)
    return 2 * sum(map(is_record, records)) >= len(records) > 0


@lru_cache(maxsize=1)  # all readers are asked about the same file, one after the other
def records_of(head: str) -> tuple[dict[str, Any], ...]:
    """Return the first records in `head`, at most ten; the last may be cut off, and a value that is has become None."""
    if not _BEGINS.match(head):
        return ()
    source = Source(io.BufferedReader(io.BytesIO(head.encode("utf-8", "replace"))))
    found = islice(objects(source, ANY_SHAPE), _MOST)
    return tuple(record.value for record in found if record.value or not record.problem)
