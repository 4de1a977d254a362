"""Objects of anybody's making to papers: which of an object's names is which field, guessed or said by the user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from explorer.errors import InvalidInput
from explorer.papers import Paper, shortened
from explorer.readers.containers.columns import COLUMNS, are_ours, key
from explorer.readers.containers.tables import our_paper, paper_of
from explorer.readers.containers.values import plain
from explorer.readers.containers.works import inner
from explorer.readers.source import Source

# Names that objects have besides those of tables, the less likely ones.
_MORE = {
    "title": ("name", "headline"),
    "abstract": ("text", "body", "content"),
    "authors": ("authorstring",),
    "date": ("firstpublicationdate", "posted", "timestamp"),
    "categories": ("fields", "fieldsofstudy", "tags"),
    "id": ("guid", "docid"),
    "url": ("uri", "href"),
}
_KNOWN = {field: (*names, *_MORE.get(field, ())) for field, names in COLUMNS.items()}
_PLACES = {name: (field, place) for field, names in _KNOWN.items() for place, name in reversed([*enumerate(names)])}
# What only a paper's title or abstract is called.
_TEXTS = {
    *(name for name in COLUMNS["title"] if name not in {"ti", "t1", "displayname"}),
    *(name for name in COLUMNS["abstract"] if name not in {"ab", "n2", "description"}),
}
# The names of a paper's own fields: an object that has no others that say as much is taken as it is.
_OURS = frozenset({
    "id", "title", "abstract", "authors", "date", "categories", "listed_in", "url", "doi", "links", "also",
})  # fmt: skip
_MOST_SHAPES = 1_000  # sets of names that are remembered
_LISTED = 30  # names in an error


def has_text(record: Mapping[str, Any]) -> bool:
    """Tell whether an object has something that is called as the title or the abstract of a paper is."""
    return "title" in record or "abstract" in record or any(key(name) in _TEXTS for name in record)


class Fields:
    """Make papers of the objects in `source`, whose `columns` say which names the user chose.

    Raises InvalidInput when they choose for a field that there is not.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._asked = dict(source.columns)
        self._shapes: dict[tuple[str, ...], dict[str, list[str]]] = {}
        for field in self._asked:
            if field not in COLUMNS:
                raise self._error(f"there is no field {shortened(field)!r}; there are {', '.join(COLUMNS)}")

    def check(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Raise InvalidInput when the user chose a name that none of `records` has."""
        seen = list(records)
        for name in self._asked.values():
            if not any(_has(record, name) for record in seen):
                names = list(dict.fromkeys(name for record in seen for name in _names(record)))
                shown = ", ".join(repr(shortened(name)) for name in names[:_LISTED]) or "none"
                rest = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
                raise self._error(f"there is no {shortened(name)!r} in the first objects; there are {shown}{rest}")

    def paper(self, record: dict[str, Any]) -> Paper:
        """Make a paper of an object. Raises InvalidInput when it has neither a title nor an abstract."""
        chosen = self._chosen(record)
        if not self._asked and are_ours(tuple(record)):
            return our_paper(record)
        if not self._asked and all(field in _OURS and field in record for field in chosen):
            return Paper.from_record(record)
        return paper_of({field: self._value(record, field, names) for field, names in chosen.items()})

    def _chosen(self, record: dict[str, Any]) -> dict[str, list[str]]:
        """Return, by field, the names of an object in the order in which they are asked for a value."""
        shape = tuple(record)
        chosen = self._shapes.get(shape)
        if chosen is None:
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            chosen = self._shapes[shape] = _guessed(shape, self._asked)
            for field, names in chosen.items():
                self._source.chosen.setdefault(field, names[0])
        return chosen

    def _value(self, record: dict[str, Any], field: str, names: list[str]) -> Any:
        if field in self._asked:
            return _at(record, names[0])
        return next((value for value in map(record.get, names) if not _is_nothing(value)), None)

    def _error(self, problem: str) -> InvalidInput:
        return InvalidInput(f"{self._source.name}: --columns: {problem}")


def _guessed(names: tuple[str, ...], asked: Mapping[str, str]) -> dict[str, list[str]]:
    chosen = {field: [name] for field, name in asked.items()}
    taken = set(asked.values())
    ranked: dict[str, list[tuple[int, bool, str]]] = {}
    for name in names:
        field, place = _PLACES.get(key(name), ("", 0))
        if field and field not in asked and name not in taken:
            ranked.setdefault(field, []).append((place, name != field, name))
    chosen |= {field: [name for *_, name in sorted(ranked[field])] for field in _KNOWN if field in ranked}
    if "date" in names and "date" not in asked:
        chosen.pop("year", None)
    return chosen


def _is_nothing(value: object) -> bool:
    return not plain(value) if isinstance(value, str | int | float) else not value


def _at(record: Mapping[str, Any], name: str) -> Any:
    """Return what is called `name`, whatever its case, or is at the path that `name` is: "journal.title"."""
    if name in record:
        return record[name]
    like = next((other for other in record if key(other) == key(name)), None) if key(name) else None
    return record[like] if like is not None else inner(record, *name.split("."))


def _has(record: Mapping[str, Any], name: str) -> bool:
    """Tell whether there is something at `name`, also when it is null."""
    *outer, last = name.split(".")
    around = inner(record, *outer)
    return (isinstance(around, Mapping) and last in around) or name in record or _at(record, name) is not None


def _names(record: Mapping[str, Any]) -> Iterable[str]:
    """Yield the names of an object, and with dots those of objects in it."""
    for name, value in record.items():
        yield name
        if isinstance(value, Mapping):
            yield from (f"{name}.{other}" for other in value)
