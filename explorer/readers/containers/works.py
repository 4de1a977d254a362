"""What JSON of all services has in common: records to papers, and values of any kind to texts, dates and people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from explorer.errors import InvalidInput
from explorer.papers import Paper
from explorer.readers.containers.dates import written_date
from explorer.readers.containers.fragments import plain_text
from explorer.readers.containers.objects import Found
from explorer.readers.registry import Record, Rejected

_LONGEST = 2_000  # characters of what may be an id, an address or a date
_PMC = re.compile(r"(?i)(?:https?://\S*/)?(?:PMC)?([0-9]{1,9})(?:\.[0-9]+)?/?")
_PMID = re.compile(r"(?:https?://\S*/|(?i:pmid):?\s*)?([0-9]{1,9})/?")


def papers(found: Iterable[Found], make: Callable[[dict[str, Any]], Paper | None]) -> Iterator[Record]:
    """Yield the papers that `make` makes of the objects that were found.

    Where it raises InvalidInput, what is rejected. An object that is no paper and need not be told makes None.
    """
    for line, value, problem in found:
        if problem:
            yield Rejected(line, problem)
            continue
        try:
            paper = make(value)
        except InvalidInput as error:
            yield Rejected(line, str(error))
        else:
            if paper is not None:
                yield paper


def text(value: object) -> str:
    """Return a text or number as a text without blanks around it; of anything else nothing."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 -- not a number
        return ""
    return str(int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value)


def name(value: object) -> str:
    """Return what may be an id, an address or a date, cut off where it is too long for one."""
    return text(value)[:_LONGEST]


def prose(value: object) -> str:
    """Return a text that people read, without markup; of a list of texts, paragraphs."""
    return plain_text("\n\n".join(filter(None, map(text, every(value)))))


def every(value: object) -> Sequence[Any]:
    """Return the items of a list, or a single value as a list of one."""
    return value if isinstance(value, list) else [value]


def inner(value: object, *path: str) -> Any:
    """Return what is at `path` in objects within objects, None when there is nothing."""
    for step in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def mappings(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield the objects in a list."""
    return (item for item in every(value) if isinstance(item, Mapping))


def pubmed(pmid: object = None, pmcid: object = None) -> list[str]:
    """Return what PubMed and PubMed Central call a paper, of numbers, ids or addresses: "pmid:123", "PMC123"."""
    found = ((_PMID, name(pmid), "pmid:"), (_PMC, name(pmcid), "PMC"))
    numbers = ((spelled, pattern.fullmatch(written)) for pattern, written, spelled in found)
    return [spelled + number[1] for spelled, number in numbers if number and number[1].strip("0")]


def date(*values: object) -> str:
    """Return the first of `values` that is a date as ISO 8601: CSL's objects, lists of numbers, texts, years."""
    return next(filter(None, map(_date, values)), "")


def _date(value: object) -> str:
    if isinstance(value, Mapping):
        parts = every(value.get("date-parts"))
        return _of_parts(every(parts[0]) if parts else []) or date(*(value.get(key) for key in _DATE_KEYS))
    if isinstance(value, list):
        return _of_parts(every(value[0]) if value and isinstance(value[0], list) else value)
    return written_date(name(value))


_DATE_KEYS = ("raw", "literal", "date-time", "year")


def _of_parts(parts: Sequence[Any]) -> str:
    """Return year, month and day in numbers or texts, as many as make sense."""
    numbers: list[int] = []
    for part, least, most in zip(parts, (1000, 1, 1), (2999, 12, 31), strict=False):
        written = name(part)
        if not re.fullmatch(r"[0-9]{1,4}", written) or not least <= int(written) <= most:
            break
        numbers.append(int(written))
    return "-".join(f"{number:02}" for number in numbers)


def people(values: Iterable[Mapping[str, Any]], *parts: str) -> list[str]:
    """Return names made of `parts`, each the name of a field; a field may hold several, as middle names are."""
    names = (" ".join(word for part in parts for word in map(text, every(value.get(part))) if word) for value in values)
    return [" ".join(written.split()) for written in names if written]
