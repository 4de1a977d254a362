"""JSON of anybody's making: objects in lines or in a list with a title or an abstract, all else optional.

An object in the names of the fields, `id title abstract authors date categories url doi`, is taken as it is; others are
told by what they are usually called, or by what the user says.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from explorer.readers.containers.fields import Fields, has_text
from explorer.readers.containers.objects import objects
from explorer.readers.containers.sketches import ANY_SHAPE, most_are, records_of
from explorer.readers.containers.works import papers
from explorer.readers.registry import Reader, Record, register
from explorer.readers.source import Source

_FIRST = 50  # objects that are asked for what the user chose


def _read(source: Source) -> Iterator[Record]:
    fields, found = Fields(source), objects(source, ANY_SHAPE)
    if source.columns:
        first = list(islice(found, _FIRST))
        if first:
            fields.check(record.value for record in first)
        found = chain(first, found)
    return papers(found, fields.paper)


def _recognizes(head: str) -> bool:
    """Tell whether the first object has a text or, as it may be the one bad one of a good file, half of them."""
    return any(map(has_text, records_of(head)[:1])) or most_are(head, has_text)


register(
    Reader(
        name="jsonl",
        description="JSON lines, or a list, with 'title', 'abstract' and maybe 'id authors date categories url doi'",
        suffixes=(".jsonl", ".ndjson", ".json"),
        recognizes=_recognizes,
        read=_read,
        is_generic=True,
        takes_columns=True,
    )
)
