"""JSON lines: one object a line with `id title abstract authors date categories url doi`, all but a text optional."""

from __future__ import annotations

import json
from collections.abc import Iterator

from explorer.errors import InvalidInput
from explorer.papers import Paper
from explorer.readers.registry import Reader, Record, Rejected, register
from explorer.readers.source import Source


def _read(source: Source) -> Iterator[Record]:
    for number, line in source.lines():
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
    """Tell whether the first line has a text or, as it may be the one bad line of a good file, half of the lines."""
    lines = [line for line in head.lstrip().split("\n") if line.strip()]
    if not lines or not lines[0].startswith("{"):
        return False
    if len(lines) == 1 and ('"title"' in head or '"abstract"' in head):  # it may be longer than what is looked at
        return True
    return _has_text(lines[0]) or 2 * sum(map(_has_text, lines)) >= len(lines)


def _has_text(line: str) -> bool:
    try:
        record = _object(line)
    except InvalidInput:
        return False
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
