"""JSON lines: one object a line with everything that is known of a paper. The explorer reads it again as it was."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.writers.columns import rounded, values
from explorer.writers.registry import Holdings, Writer, register
from explorer.writers.text import json_line


def _library(holdings: Holdings) -> Iterator[bytes]:
    for entry in holdings.entries():
        yield json_line(rounded(values(entry))).encode() + b"\n"


register(
    Writer(
        name="jsonl",
        description="JSON, one object a line, with everything that is known",
        library=_library,
        suffixes=(".jsonl", ".ndjson"),
    )
)
