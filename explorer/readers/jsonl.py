"""JSON lines: one object a line with `id title abstract authors date categories url doi`, all but a text optional."""

from __future__ import annotations

import json
from collections.abc import Iterator

from explorer.errors import InvalidInput
from explorer.papers import Paper
from explorer.readers.registry import Lines, Reader, Record, Rejected, register


def _read(lines: Lines) -> Iterator[Record]:
    for number, line in lines:
        if not line.strip():
            continue
        try:
            yield Paper.from_record(_object(line))
        except InvalidInput as error:
            yield Rejected(number, str(error))


def _object(line: str) -> dict[str, object]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"not JSON: {error}") from None
    if not isinstance(record, dict):
        raise InvalidInput("not a JSON object")
    return record


def _recognizes(head: str) -> bool:
    first, end, _ = head.lstrip().partition("\n")
    if not first.startswith("{"):
        return False
    try:
        record = _object(first)
    except InvalidInput:
        # The first line may be longer than what is looked at.
        return not end and ('"title"' in first or '"abstract"' in first)
    return "title" in record or "abstract" in record


register(
    Reader(
        name="jsonl",
        description="JSON lines with 'title', 'abstract' and maybe 'id authors date categories url doi'",
        suffixes=(".jsonl", ".ndjson"),
        recognizes=_recognizes,
        read=_read,
    )
)
