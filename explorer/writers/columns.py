"""What is known of a paper of a library, as columns: the formats of tables and objects have the same ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from explorer.papers import clean
from explorer.writers.text import one_line, one_line_each

if TYPE_CHECKING:
    from explorer.writers.registry import Entry

Kind = Literal["line", "text", "lines", "ids", "integer", "number", "numbers"]

OF_PAPER: dict[str, Kind] = {
    "id": "line", "title": "line", "abstract": "text", "authors": "lines", "date": "line", "categories": "lines",
    "listed_in": "lines", "url": "line", "doi": "line", "version": "integer", "links": "lines", "also": "lines",
}  # fmt: skip
OF_LIBRARY: dict[str, Kind] = {
    "row": "integer", "x": "number", "y": "number", "faithfulness": "number", "topic": "line", "topic_id": "integer",
    "coarse_topic": "line", "coarse_topic_id": "integer", "neighbors": "ids", "similarities": "numbers",
}  # fmt: skip
COLUMNS = {**OF_PAPER, **OF_LIBRARY}


def values(entry: Entry) -> dict[str, Any]:
    """Return the values of an entry by the names of `COLUMNS`, texts clean: lists where there are several of a kind."""
    found = {name: _clean(kind, getattr(entry.paper, name)) for name, kind in OF_PAPER.items()}
    return found | {name: _clean(kind, getattr(entry, name)) for name, kind in OF_LIBRARY.items()}


def rounded(found: dict[str, Any]) -> dict[str, Any]:
    """Return values with six decimals at most: enough for what was computed in single precision."""
    return {name: _rounded(COLUMNS[name], value) for name, value in found.items()}


def _clean(kind: Kind, value: Any) -> Any:
    match kind:
        case "line":
            return one_line(value)
        case "text":
            return clean(value)
        case "lines":
            return one_line_each(value)
        case "ids" | "numbers":  # thirty or so a paper: these are clean already
            return list(value)
    return value


def _rounded(kind: Kind, value: Any) -> Any:
    if kind == "number":
        return round(value, 6)
    return [round(one, 6) for one in value] if kind == "numbers" else value
