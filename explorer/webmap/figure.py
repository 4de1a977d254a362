"""The map as a plain Plotly figure, for notebooks: the colors and labels of the page, and Plotly's own tools."""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from explorer.papers import Paper
from explorer.papers.display import displayed
from explorer.webmap import palette
from explorer.webmap.blobs import column
from explorer.webmap.data import MapData
from explorer.webmap.encoding import as_numbers, as_texts, label_places

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from plotly.graph_objects import Figure

_HOVER_WIDTH = 60
_HOVER_LINES = 6
_LARGEST = 20  # pixels, of points that have sizes of their own; as in Plotly Express
_PLAIN = "#5a6f9c"
_RING = 6  # pixels, more than the point
_INK = "#1f2430"  # of the page

Values = Sequence[Any]


def figure(data: MapData, color: str | Values | None = "topic", size: float | str | Values | None = None) -> Figure:
    """Return the map as a plain Plotly figure: one point a paper, its title on hover, the topics' names as annotations.

    `color` is "topic", "category", "date" (the year), "faithfulness", a column of the data, n values, a CSS color, or
    None; names get a trace each, numbers a color bar. `size` is a number of pixels, a column, or n numbers, the largest
    of which is drawn 20 pixels wide. Papers that the last addition brought are ringed, by a trace "new". Raises
    ValueError when values are not one a paper, or a size is no number.
    """
    from plotly.graph_objects import Figure

    papers = list(data.papers)
    marker: dict[str, Any] = {"size": _sizes(data, size), "opacity": 0.8 if len(papers) < 5_000 else 0.6}
    if isinstance(marker["size"], list):
        marker |= {"sizemode": "area", "sizeref": 2 * (max(marker["size"]) or 1) / _LARGEST**2}
    hover = [_hover_text(paper) for paper in papers]
    name, values = _colors(data, papers, color)
    if values is None:
        traces = [_trace(data, hover, {**marker, "color": name})]
    elif (numbers := as_numbers(values)) is not None:
        scale = [[i / 8, step] for i, step in enumerate(palette.SEQUENTIAL_LIGHT)]
        known = [math.nan if number is None else number for number in numbers]  # Plotly refuses None
        colored = {"color": known, "colorscale": scale, "colorbar": {"title": _shown_literally(name)}}
        traces = [_trace(data, hover, {**marker, **colored})]
    else:
        slots = {topic.label: topic.color for topic in data.topics if topic.level == 0} if name == "topic" else {}
        traces = _traces_by_name(data, hover, marker, values, slots)
    if len(data.newcomers):
        traces.append(_rings(data, marker["size"]))
    made = Figure(data=traces, layout=_layout(data, legend=len(traces) > 1))
    for topic, place in zip(data.topics, label_places(data), strict=True):
        if topic.level == 0 and place is not None:
            text = f"<b>{_shown_literally(topic.label)}</b>"
            made.add_annotation(x=place[0], y=place[1], text=text, showarrow=False, bgcolor="rgba(255,255,255,0.6)")
    return made


def _colors(data: MapData, papers: Sequence[Paper], color: str | Values | None) -> tuple[str, Values | None]:
    """Return the name of what the color says, with a value a paper; or a color for all of them, and None."""
    if color is None:
        return _PLAIN, None
    if not isinstance(color, str):
        if len(color) != len(papers):
            raise ValueError(f"{len(papers)} papers need as many values for the color, not {len(color)}")
        return "", color
    if color in data.columns:
        return color, data.columns[color]
    if color in _KNOWN:
        values = _KNOWN[color](data, papers)
        return (_PLAIN, None) if values is None else (color, values)
    return color, None


def _topics(data: MapData, papers: Sequence[Paper]) -> Values | None:  # noqa: ARG001 -- as the others
    if not data.topics or data.topic_of is None:
        return None
    labels = [*(data.topics[position].label for position in data.ancestors()[0]), ""]
    return [labels[topic] for topic in data.topic_of.tolist()]


def _categories(data: MapData, papers: Sequence[Paper]) -> Values | None:  # noqa: ARG001 -- as the others
    return [next(iter(paper.categories or paper.listed_in), "") for paper in papers]


def _years(data: MapData, papers: Sequence[Paper]) -> Values | None:  # noqa: ARG001 -- as the others
    return [int(paper.date[:4]) if paper.date else None for paper in papers]


def _faithfulness(data: MapData, papers: Sequence[Paper]) -> Values | None:  # noqa: ARG001 -- as the others
    return None if data.faithfulness is None else data.faithfulness.tolist()


_KNOWN = {"topic": _topics, "category": _categories, "date": _years, "faithfulness": _faithfulness}


def _traces_by_name(
    data: MapData, hover: list[str], marker: dict[str, Any], values: Values, slots: Mapping[str, int]
) -> list[Any]:
    """Return a trace for each of the commonest values, and one for all others. Some names have `slots` of their own."""
    import numpy as np

    colors = palette.CATEGORICAL_LIGHT
    names, codes = column(as_texts(values))
    order = np.argsort(-np.bincount(codes, minlength=len(names)), kind="stable").tolist()
    present = [code for code in order if names[code]]
    colored = present if len(present) <= len(colors) else present[: len(colors) - 1]
    traces = []
    for place, code in enumerate(colored):
        color = colors[slots.get(names[code], place) % len(colors)]
        traces.append(_trace(data, hover, {**marker, "color": color}, codes == code, names[code]))
    rest = ~np.isin(codes, colored)
    if rest.any():
        traces.insert(0, _trace(data, hover, {**marker, "color": palette.OTHER_LIGHT}, rest, "others"))
    return traces


def _trace(
    data: MapData, hover: list[str], marker: dict[str, Any], which: NDArray[np.bool_] | None = None, name: str = ""
) -> Any:
    import numpy as np
    from plotly.graph_objects import Scattergl

    rows = np.arange(len(hover)) if which is None else np.flatnonzero(which)
    if isinstance(marker["size"], list):
        marker = {**marker, "size": [marker["size"][row] for row in rows]}
    return Scattergl(
        x=data.coordinates[rows, 0],
        y=data.coordinates[rows, 1],
        mode="markers",
        marker=marker,
        name=_shown_literally(name),
        showlegend=bool(name),
        hovertext=[hover[row] for row in rows],
        hoverinfo="text",
    )


def _rings(data: MapData, sizes: float | list[float]) -> Any:
    """Return a ring around each newcomer, as wide as its point and a bit more."""
    from plotly.graph_objects import Scattergl

    rows = data.new_rows()
    wide = [sizes] * len(rows) if not isinstance(sizes, list) else [_drawn_size(sizes[row], sizes) for row in rows]
    marker = {
        "symbol": "circle-open",
        "size": [size + _RING for size in wide],
        "color": _INK,
        "line": {"width": 1.5},
    }
    x, y = data.coordinates[rows].T
    return Scattergl(x=x, y=y, mode="markers", marker=marker, name="new", hoverinfo="skip")


def _drawn_size(size: float, sizes: list[float]) -> float:
    """Return the diameter that Plotly draws a size with: areas are as the sizes are, up to the largest."""
    return _LARGEST * math.sqrt(size / (max(sizes) or 1))


def _sizes(data: MapData, size: float | str | Values | None) -> float | list[float]:
    if size is None:
        return marker_size(len(data.papers))
    if isinstance(size, int | float):
        return size
    values = data.columns.get(size) if isinstance(size, str) else size
    numbers = None if values is None else as_numbers(values)
    if numbers is None or len(numbers) != len(data.papers):
        raise ValueError(f"size must be a number, a column of numbers, or {len(data.papers)} numbers")
    return [max(0.0, 0.0 if number is None else number) for number in numbers]


def _layout(data: MapData, *, legend: bool) -> dict[str, Any]:
    hidden = {"visible": False}
    return {
        "title": {"text": _shown_literally(data.title)},
        "template": "plotly_white",
        "hovermode": "closest",
        "spikedistance": 0,  # else every hover searches all points, from 100,000 on
        "dragmode": "pan",
        "showlegend": legend,
        "legend": {"itemsizing": "constant"},
        "xaxis": hidden,
        "yaxis": {**hidden, "scaleanchor": "x"},
        "margin": {"l": 8, "r": 8, "t": 48, "b": 8},
    }


def marker_size(count: int) -> float:
    """Return the diameter of a point in pixels: 10.5 for 55 papers, 3 for 100,000. The page follows the same rule."""
    diameter = 10.5 * math.pow(55 / count, 1 / 6)
    return round(min(11.0, max(2.0, diameter)), 1)


def _hover_text(paper: Paper) -> str:
    title = displayed(paper.title) or paper.id
    lines = textwrap.wrap(title, _HOVER_WIDTH, max_lines=_HOVER_LINES, placeholder=" …")
    about = " · ".join(filter(None, (textwrap.shorten(paper.id, _HOVER_WIDTH, placeholder="…"), paper.date)))
    return "<br>".join(_shown_literally(line) for line in [*lines, about])


def _shown_literally(text: str) -> str:
    """Return `text` for Plotly, which reads a subset of HTML; it leaves quotes alone, so they stay."""
    return html.escape(text, quote=False)
