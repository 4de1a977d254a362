"""The page: explorer/assets/map.html with its placeholders filled, style and scripts from the files beside it.

What it carries beside these are islands that the browser never executes: a header (JSON) and the blobs that it
describes. Points are drawn as soon as the first of them have arrived; Plotly, itself deflated, and the texts follow.
Nothing in the page depends on the clock: equal input gives equal bytes.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from explorer.webmap.blobs import Blob, encodable, script
from explorer.webmap.contents import Contents
from explorer.webmap.data import MapData
from explorer.webmap.encoding import encoded
from explorer.wholefiles import whole_file

# In this order: each may use what stands before it when it starts, and anything when it runs.
SCRIPTS = (
    "base", "data", "texts", "grid", "view", "colors", "filters", "density", "points", "overlay", "newcomers", "labels",
    "search", "panel", "lists", "exporting", "legend", "timeline", "lasso", "address", "main",
)  # fmt: skip
_FIRST = ("x", "y", "topics")
_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
# Inside a script element these end it or change where it ends (the HTML standard, section 4.12.1.3).
_UNSAFE_IN_SCRIPT = re.compile(r"<(?:/?script|!--)", re.IGNORECASE)


def write_html(path: Path, data: MapData, embed: str | None = None) -> None:
    """Write the interactive map as one HTML file that needs no network.

    `embed` says what it holds: "all", "titles" or "none", by default what the number of papers suggests. The file
    appears whole or not at all: it is written beside `path` and then renamed. Raises OSError when the folder cannot
    be written.
    """
    pieces = _page(data, Contents.of(len(data.papers), embed))
    with whole_file(path) as file:
        for piece in pieces:
            file.write(piece.encode())


def _page(data: MapData, contents: Contents) -> Iterator[str]:
    from plotly.offline import get_plotlyjs

    header, blobs = encoded(data, contents)
    count = len(data.papers)
    # A program that is put into the page by another one is not parsed as HTML: nothing in it can end it.
    programs = {"script": _script(_program()), "plotly": get_plotlyjs()}
    header["blobs"]["plotly"] = (plotly := script(programs["plotly"])).described()
    parts = {
        "script": programs["script"],
        "policy": html.escape(_policy(programs.values())),
        "style": _asset("map.css"),
        "title": html.escape(encodable(data.title)),
        "count": "1 paper" if count == 1 else f"{count:,} papers",
        "header": _json(header),
    }
    islands = {
        "first": {name: blobs[name] for name in _FIRST},
        "plotly": {"plotly": plotly},
        "rest": {name: blob for name, blob in blobs.items() if name not in _FIRST},
    }
    # One pass over the template: what is filled in is never searched for placeholders itself.
    done = 0
    template = _asset("map.html")
    for match in _PLACEHOLDER.finditer(template):
        yield template[done : match.start()]
        if match[1] in islands:
            yield from _islands(islands[match[1]])
        else:
            yield parts[match[1]]
        done = match.end()
    yield template[done:]


def _islands(blobs: dict[str, Blob]) -> Iterator[str]:
    before, after = _asset("island.html").split("{{content}}")
    for name, blob in blobs.items():
        yield before.replace("{{name}}", name)
        yield blob.text
        yield after


def _program() -> str:
    parts = [_asset(f"map/{name}.js") for name in SCRIPTS]
    return "(() => {\n" + "\n".join(parts) + "\n})();\n"


def _asset(name: str) -> str:
    return files("explorer").joinpath("assets", name).read_text("utf-8")


def _script(text: str) -> str:
    """Return `text` as it will stand between script tags, where browsers know one kind of line end only."""
    if unsafe := _UNSAFE_IN_SCRIPT.search(text):
        raise ValueError(f"a script that holds {unsafe[0]!r} cannot be written into a page")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\\0")


def _json(content: dict[str, Any]) -> str:
    """Return JSON that can stand in a script element: nothing in it begins a tag."""
    return json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")


def _policy(scripts: Iterable[str]) -> str:
    """Return the content security policy: these scripts and nothing else, no connection to anywhere.

    Plotly compiles its WebGL drawing with Function(); without 'unsafe-eval' it draws nothing and reports nothing.
    """
    hashes = " ".join(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode('ascii')}'" for text in scripts)
    return (
        f"default-src 'none'; script-src {hashes} 'unsafe-eval'; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
