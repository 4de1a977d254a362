"""The map: a library as one self-contained HTML file, or as a plain Plotly figure. May import papers and errors.

The page is explorer/assets/map.html with its placeholders filled. What it carries beside markup, style and scripts are
four islands that the browser never executes: `coordinates` (float32, base64), so that points are drawn at once, and
`library` (JSON), `neighbors` (int32) and `similarities` (int16, thousandths), each deflated and then base64. All
numbers are little-endian. Nothing in the page depends on the clock: equal input gives equal bytes.
"""

from __future__ import annotations

import base64
import html
import json
import math
import os
import re
import secrets
import textwrap
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.papers import Paper

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from plotly.graph_objects import Figure

ABSTRACT_LIMIT = 20_000
"""Libraries of more papers than this get a page without abstracts, authors, categories and links: an abstract costs
about 450 bytes of page, everything else together about 100."""

_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
# Inside a script element these end it or change where it ends (the HTML standard, section 4.12.1.3).
_UNSAFE_IN_SCRIPT = re.compile(r"<(?:/?script|!--)", re.IGNORECASE)
_HOVER_WIDTH = 60
_HOVER_LINES = 6


@dataclass(frozen=True, slots=True)
class MapData:
    """Hold what a map shows; row i of everything is paper i.

    `title` is the name of the library; `papers` has n entries, n >= 1; `coordinates` is (n, 2) float32; `neighbors` is
    (n, m) int32 rows with m = min(10, n - 1), the most related first, never the paper itself; `similarities` is (n, m)
    float32 cosines. Raises ValueError when the row counts differ.
    """

    title: str
    papers: Sequence[Paper]
    coordinates: NDArray[np.float32]
    neighbors: NDArray[np.int32]
    similarities: NDArray[np.float32]

    def __post_init__(self) -> None:
        count = len(self.papers)
        if self.coordinates.shape != (count, 2):
            raise ValueError(f"{count} papers need coordinates of shape ({count}, 2), not {self.coordinates.shape}")
        if self.neighbors.shape != self.similarities.shape or len(self.neighbors) != count:
            raise ValueError(
                f"{count} papers need as many rows of neighbors and similarities, both of one shape, "
                f"not {self.neighbors.shape} and {self.similarities.shape}"
            )


def write_html(path: Path, data: MapData) -> None:
    """Write the interactive map as one HTML file that needs no network.

    The file appears whole or not at all: it is written beside `path` and then renamed. Raises OSError when the folder
    cannot be written.
    """
    page = _page(data)
    beside = path.with_name(f".map-{secrets.token_hex(8)}.part")
    try:
        with beside.open("xb") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def figure(data: MapData) -> Figure:
    """Return the map as a plain Plotly figure, for notebooks: one point a paper, its title on hover."""
    from plotly.graph_objects import Figure, Scattergl

    count = len(data.papers)
    points = Scattergl(
        x=data.coordinates[:, 0],
        y=data.coordinates[:, 1],
        mode="markers",
        marker={"size": _marker_size(count), "color": "#5a6f9c", "opacity": 0.8 if count < 5_000 else 0.6},
        hovertext=[_hover_text(paper) for paper in data.papers],
        hoverinfo="text",
    )
    hidden = {"visible": False}
    layout = {
        "title": {"text": _shown_literally(data.title)},
        "template": "plotly_white",
        "hovermode": "closest",
        "spikedistance": 0,  # else every hover searches all points, from 100,000 on
        "dragmode": "pan",
        "showlegend": False,
        "xaxis": hidden,
        "yaxis": {**hidden, "scaleanchor": "x"},
        "margin": {"l": 8, "r": 8, "t": 48, "b": 8},
    }
    return Figure(data=[points], layout=layout)


def _marker_size(count: int) -> float:
    """Return the diameter of a point in pixels: 10.5 for 55 papers, 3 for 100,000. The page follows the same rule."""
    diameter = 10.5 * math.pow(55 / count, 1 / 6)
    return round(min(11.0, max(2.0, diameter)), 1)


def _hover_text(paper: Paper) -> str:
    lines = textwrap.wrap(paper.title or paper.id, _HOVER_WIDTH, max_lines=_HOVER_LINES, placeholder=" …")
    about = " · ".join(filter(None, (textwrap.shorten(paper.id, _HOVER_WIDTH, placeholder="…"), paper.date)))
    return "<br>".join(_shown_literally(line) for line in [*lines, about])


def _shown_literally(text: str) -> str:
    """Return `text` for Plotly, which reads a subset of HTML; it leaves quotes alone, so they stay."""
    return html.escape(text, quote=False)


def _page(data: MapData) -> bytes:
    from plotly.offline import get_plotlyjs

    count = len(data.papers)
    scripts = {"plotly": _script(get_plotlyjs()), "script": _script(_asset("map.js"))}
    parts = {
        **scripts,
        "policy": html.escape(_policy(scripts.values())),
        "style": _asset("map.css"),
        "title": html.escape(_encodable(data.title)),
        "count": "1 paper" if count == 1 else f"{count:,} papers",
        "coordinates": _base64(data.coordinates.astype("<f4").tobytes()),
        "library": _base64(_deflated(_library(data))),
        "neighbors": _base64(_deflated(data.neighbors.astype("<i4").tobytes())),
        "similarities": _base64(_deflated(_thousandths(data.similarities))),
    }
    # One pass over the template: what is filled in is never searched for placeholders itself.
    return _PLACEHOLDER.sub(lambda match: parts[match[1]], _asset("map.html")).encode()


def _asset(name: str) -> str:
    return files("explorer").joinpath("assets", name).read_text("utf-8")


def _script(text: str) -> str:
    """Return `text` as it will stand between script tags, where browsers know one kind of line end only."""
    if unsafe := _UNSAFE_IN_SCRIPT.search(text):
        raise ValueError(f"a script that holds {unsafe[0]!r} cannot be written into a page")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\\0")


def _policy(scripts: Iterable[str]) -> str:
    """Return the content security policy: these scripts and nothing else, no connection to anywhere.

    Plotly compiles its WebGL drawing with Function(); without 'unsafe-eval' it draws nothing and reports nothing.
    """
    hashes = " ".join(f"'sha256-{_base64(sha256(text.encode()).digest())}'" for text in scripts)
    return (
        f"default-src 'none'; script-src {hashes} 'unsafe-eval'; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _library(data: MapData) -> bytes:
    """Return title and papers as JSON, a list a field: values of one kind beside each other deflate best."""
    fields = ["id", "title", "date", "url"]
    if len(data.papers) <= ABSTRACT_LIMIT:
        fields += ["abstract", "authors", "categories", "listed_in", "links"]
    columns = {field: [getattr(paper, field) for paper in data.papers] for field in fields}
    return json.dumps({"title": data.title, "papers": columns}, separators=(",", ":")).encode()


def _thousandths(similarities: NDArray[np.float32]) -> bytes:
    return (similarities.astype("<f8") * 1000).round().astype("<i2").tobytes()


def _encodable(text: str) -> str:
    """Return `text` with what UTF-8 or HTML cannot hold, lone surrogates and NUL, replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def _deflated(content: bytes) -> bytes:
    return zlib.compress(content, 9)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
