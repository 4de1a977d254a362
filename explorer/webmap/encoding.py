"""A map's data as the header and the blobs of a page.

First comes what the first picture needs, as it is: places, in 65,536 steps of the larger side, and topics. Everything
else is deflated, and read while the points are in sight already.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from explorer.papers import Paper
from explorer.papers.display import displayed
from explorer.webmap import palette
from explorer.webmap.blobs import Blob, Texts, column, encodable, numbers, text
from explorer.webmap.contents import Contents
from explorer.webmap.data import MapData

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_STEPS = 65_535
_OWN_ADDRESS = "="  # stands for the address that follows from the id
_ARXIV = "https://arxiv.org/abs/"
_NO_VALUE = ""
_WHOLE = 2**24  # whole numbers over a range of at most this are kept as they are
_NUMBERS = 0.9  # share of a column's values that must be numbers for it to be one of numbers


def encoded(data: MapData, contents: Contents) -> tuple[dict[str, Any], dict[str, Blob]]:
    """Return the header, which JSON can hold, and the blobs by name, those of the first picture first."""
    header, blobs = _first_picture(data)
    blobs |= _papers(data, contents)
    if len(newcomers := data.new_rows()):
        header["newcomers"] = {"count": len(newcomers), "added": encodable(data.added)}
        blobs["newcomers"] = numbers(newcomers)
    if data.faithfulness is not None:
        blobs["faithfulness"] = numbers(_shares(data.faithfulness))
    if contents.neighbors and data.neighbors.shape[1]:
        blobs["neighbors"] = numbers(data.neighbors)
        blobs["similarities"] = numbers(_thousandths(data.similarities))
    if contents.abstracts and data.directions is not None:
        blobs["directions"], header["direction_steps"] = _directions(data.directions)
    for number, (name, values) in enumerate(data.columns.items()):
        described, blob = _own_column(name, values)
        header["columns"].append({**described, "blob": f"column.{number}"})
        blobs |= {f"column.{number}": blob}
    header["blobs"] = {name: blob.described() for name, blob in blobs.items()}
    return header, blobs


def _first_picture(data: MapData) -> tuple[dict[str, Any], dict[str, Blob]]:
    import numpy as np

    count = len(data.papers)
    lowest = data.coordinates.min(axis=0).astype(np.float64)
    span = float((data.coordinates.max(axis=0) - lowest).max())
    step = span / _STEPS if span > 0 and math.isfinite(span) else 1.0
    places = np.clip(np.rint((data.coordinates - lowest) / step), 0, _STEPS).astype(np.uint16)
    topic_of = np.full(count, -1) if data.topic_of is None else data.topic_of
    header = {
        "title": encodable(data.title),
        "count": count,
        "address": _ARXIV,
        "origin": lowest.tolist(),
        "step": step,
        "topics": [{**asdict(topic), "label": encodable(topic.label)} for topic in data.topics],
        "labels": label_places(data),
        "measured": None if data.measured is None else asdict(data.measured),
        "perPaper": data.neighbors.shape[1],
        "columns": [],
        "newcomers": None,
        "palette": _palette(),
    }
    blobs = {
        "x": numbers(places[:, 0], deflated=False),
        "y": numbers(places[:, 1], deflated=False),
        "topics": numbers(topic_of + 1, deflated=False),
    }
    return header, blobs


def _palette() -> dict[str, Any]:
    """Return the colors of the page, for light and for dark."""
    return {
        "light": {
            "groups": palette.CATEGORICAL_LIGHT,
            "steps": palette.SEQUENTIAL_LIGHT,
            "other": palette.OTHER_LIGHT,
        },
        "dark": {"groups": palette.CATEGORICAL_DARK, "steps": palette.SEQUENTIAL_DARK, "other": palette.OTHER_DARK},
    }


def label_places(data: MapData) -> list[tuple[float, float, float] | None]:
    """Return for each topic where its label belongs, x and y, and how far around that the half of its papers lies.

    That is at the paper nearest to the median of those in the topic's fullest part, by quarters of its extent.
    """
    import numpy as np

    places: list[tuple[float, float, float] | None] = [None] * len(data.topics)
    if data.topic_of is None:
        return places
    for level, ancestor in enumerate(data.ancestors()):
        topics = np.array([*ancestor, -1])[data.topic_of]
        order = np.argsort(topics, kind="stable")
        ends = np.searchsorted(topics[order], np.arange(len(ancestor)), side="right")
        starts = np.searchsorted(topics[order], np.arange(len(ancestor)), side="left")
        for position, topic in enumerate(data.topics):
            if topic.level == level and ends[position] > starts[position]:
                members = data.coordinates[order[starts[position] : ends[position]]]
                x, y = (middle := _middle(members)).tolist()
                places[position] = (x, y, float(np.median(np.linalg.norm(members - middle, axis=1))))
    return places


def _middle(members: NDArray[np.float32]) -> NDArray[np.float32]:
    import numpy as np

    lowest, highest = members.min(axis=0), members.max(axis=0)
    cell = np.minimum((members - lowest) / np.maximum(highest - lowest, 1e-9) * 4, 3).astype(int) @ np.array([4, 1])
    fullest = members[cell == np.bincount(cell, minlength=16).argmax()]
    middle = np.median(fullest, axis=0)
    nearest: NDArray[np.float32] = fullest[((fullest - middle) ** 2).sum(axis=1).argmin()]
    return nearest


def _papers(data: MapData, contents: Contents) -> dict[str, Blob]:
    """Go through the papers once, and return the blobs of what is known of them."""
    texts, ids, columns = Texts(), [], _Columns(contents)
    for paper in data.papers:
        ids.append(encodable(paper.id).replace("\n", " "))
        if contents.titles:
            _add_texts(texts, paper, contents)
        columns.add(paper)
    return {"ids": text("\n".join(ids)), **(texts.blobs() if contents.titles else {}), **columns.blobs()}


def _add_texts(texts: Texts, paper: Paper, contents: Contents) -> None:
    texts.add("title", displayed(paper.title))
    address = paper.url
    texts.add("url", _OWN_ADDRESS if address == _ARXIV + paper.id else address)
    if contents.abstracts:
        texts.add("abstract", displayed(paper.abstract))
        texts.add("authors", "\n".join(map(displayed, paper.authors)))
        texts.add("links", "\n".join(paper.links))
        texts.add("doi", paper.doi)


class _Columns:
    """Collect dates and categories, which many papers share."""

    def __init__(self, contents: Contents) -> None:
        names = ["date", "category"] if contents.titles else []
        self._values: dict[str, list[str]] = {name: [] for name in names}
        if contents.abstracts:
            self._values |= {"categories": [], "listed": []}

    def add(self, paper: Paper) -> None:
        """Append the next paper's values."""
        own = {
            "date": paper.date,
            "category": next(iter(paper.categories or paper.listed_in), _NO_VALUE),
            "categories": "\n".join(paper.categories),
            "listed": "\n".join(name for name in paper.listed_in if name not in paper.categories),
        }
        for name, values in self._values.items():
            values.append(own[name])

    def blobs(self) -> dict[str, Blob]:
        """Return for each column its different values, as a list in JSON, and their numbers."""
        made: dict[str, Blob] = {}
        for name, values in self._values.items():
            different, codes = column(values)
            made |= {f"{name}.values": _listed(different), name: numbers(codes)}
        return made


def _listed(values: Sequence[str]) -> Blob:
    import json

    return text(json.dumps([encodable(value) for value in values], ensure_ascii=False, separators=(",", ":")))


def _own_column(name: str, values: Sequence[object]) -> tuple[dict[str, Any], Blob]:
    """Return how a column of the user's own is shown, and its blob."""
    import numpy as np

    found = as_numbers(values)
    if found is not None:
        known = np.array([math.nan if number is None else number for number in found])
        low, high = float(np.nanmin(known)), float(np.nanmax(known))
        are_whole = high - low <= _WHOLE and all(number is None or number.is_integer() for number in found)
        steps = max(1, int(high - low)) if are_whole else _STEPS - 1
        places = (known - low) / ((high - low) or 1.0) * steps + 1
        described = {"name": encodable(str(name)), "kind": "number", "low": low, "high": high, "steps": steps}
        return described, numbers(np.where(np.isnan(places), 0, np.rint(places)).astype(np.uint32))
    different, codes = column(as_texts(values))
    return {"name": encodable(str(name)), "kind": "names", "values": different}, numbers(codes)


def as_numbers(values: Sequence[object]) -> list[float | None] | None:
    """Return the numbers of a column, None where there is none; None altogether when it is not one of numbers.

    It is one when nearly all values that are there are numbers; then anything else in it counts as absent.
    """
    found = [_number(value) for value in values]
    known = sum(number is not None for number in found)
    return found if known and known >= _NUMBERS * sum(map(_is_there, values)) else None


def as_texts(values: Iterable[object]) -> Iterator[str]:
    """Yield each value as it is written; nothing for what is absent."""
    return (encodable(str(value)) if _is_there(value) else _NO_VALUE for value in values)


def _is_there(value: object) -> bool:
    return value is not None and value != "" and value == value  # NaN is not itself  # noqa: PLR0124


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not (isinstance(value, int | float | str) or hasattr(value, "__float__")):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _shares(faithfulness: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return shares in 254 steps from 1; 0 for what is unknown."""
    import numpy as np

    known = np.isfinite(faithfulness)
    steps = np.rint(np.clip(np.where(known, faithfulness, 0), 0, 1) * 254) + 1
    shares: NDArray[np.uint8] = np.where(known, steps, 0).astype(np.uint8)
    return shares


def _thousandths(similarities: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return cosines from -1 to 1 in thousandths, 0 standing for -1."""
    import numpy as np

    made: NDArray[np.uint16] = np.rint((np.clip(similarities.astype(np.float64), -1, 1) + 1) * 1000).astype(np.uint16)
    return made


def _directions(directions: NDArray[np.float32]) -> tuple[Blob, float]:
    """Return directions in 255 steps, 128 standing for 0, and how large a step is."""
    import numpy as np

    step = float(np.abs(directions).max()) / 127 or 1.0
    return numbers((np.rint(directions / step) + 128).astype(np.uint8)), step
