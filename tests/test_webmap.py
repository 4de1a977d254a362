"""The page and the figure, read back: what was put in is what comes out, and nothing of it is markup."""

from __future__ import annotations

import base64
import html
import json
import os
import re
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer import webmap
from explorer.papers import Paper
from explorer.webmap import MapData, figure, write_html

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!-- <script>",
    "<img src=x onerror=alert(1)>",
    "\"quotes\" & 'more' &lt;b&gt;",
    "line\u2028separator\u2029here",
    "\u202eright to left \u05e9\u05dc\u05d5\u05dd",
    "emoji 🦊 and NUL \0 here",
    "lone \ud800 surrogate",
    "{{plotly}} {{script}} {{nothing}}",
    "x" * 10_000,
]


@pytest.fixture(scope="module", autouse=True)
def _small_plotly() -> Iterator[None]:
    """Stand in for 4.8 MB of library, which only the browser needs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("plotly.offline.get_plotlyjs", lambda: "window.Plotly = {};\r\nvar x = 'A&B';")
        yield


def make_papers(titles: list[str]) -> list[Paper]:
    return [
        Paper(
            id=f"2010.{row:05}",
            title=title,
            abstract=f"Abstract of {title}",
            authors=("Ada Lovelace", f"Author {row}"),
            date="2020-10-07",
            categories=("cs.CV", "cs.LG"),
            listed_in=("cs.CV",),
            url=f"https://arxiv.org/abs/2010.{row:05}",
            links=(f"https://example.org/{row}",),
        )
        for row, title in enumerate(titles)
    ]


def make_data(titles: list[str], title: str = "A library") -> MapData:
    count = len(titles)
    random = np.random.default_rng(7)
    vectors = random.normal(size=(count, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -np.inf)
    neighbors = np.argsort(-cosines, axis=1)[:, : min(10, count - 1)]
    return MapData(
        title=title,
        papers=make_papers(titles),
        coordinates=random.normal(size=(count, 2)).astype(np.float32),
        neighbors=neighbors.astype(np.int32),
        similarities=np.take_along_axis(cosines, neighbors, axis=1).astype(np.float32),
    )


def page_of(data: MapData, folder: Path) -> str:
    write_html(folder / "map.html", data)
    return (folder / "map.html").read_bytes().decode()


def islands(page: str) -> dict[str, bytes]:
    found = re.findall(r'<script type="application/octet-stream" id="(\w+)">([A-Za-z0-9+/=]*)</script>', page)
    return {name: base64.b64decode(content, validate=True) for name, content in found}


def library_of(page: str) -> dict[str, object]:
    library: dict[str, object] = json.loads(zlib.decompress(islands(page)["library"]))
    return library


def test_the_page_gives_back_every_value(tmp_path: Path) -> None:
    data = make_data([f"Title {row}" for row in range(40)])
    found = islands(page_of(data, tmp_path))
    assert list(found) == ["coordinates", "library", "neighbors", "similarities"]

    library = json.loads(zlib.decompress(found["library"]))
    assert library["title"] == "A library"
    fields = ["id", "title", "date", "url", "abstract", "authors", "categories", "listed_in", "links"]
    assert list(library["papers"]) == fields
    for field in fields:
        expected = [getattr(paper, field) for paper in data.papers]
        assert library["papers"][field] == [list(value) if isinstance(value, tuple) else value for value in expected]

    coordinates = np.frombuffer(found["coordinates"], "<f4").reshape(40, 2)
    np.testing.assert_array_equal(coordinates, data.coordinates)
    neighbors = np.frombuffer(zlib.decompress(found["neighbors"]), "<i4").reshape(40, 10)
    np.testing.assert_array_equal(neighbors, data.neighbors)
    similarities = np.frombuffer(zlib.decompress(found["similarities"]), "<i2").reshape(40, 10)
    assert [f"{value / 1000:.3f}" for value in similarities[3]] == [f"{value:.3f}" for value in data.similarities[3]]


def test_similarities_are_rounded_not_cut(tmp_path: Path) -> None:
    data = make_data(["a", "b"])
    similarities = np.array([[0.9996], [-0.1236]], dtype=np.float32)
    page = page_of(MapData("t", data.papers, data.coordinates, data.neighbors, similarities), tmp_path)
    assert np.frombuffer(zlib.decompress(islands(page)["similarities"]), "<i2").tolist() == [1000, -124]


@pytest.mark.parametrize("count", [1, 2, 3, 55])
def test_small_libraries_are_written(tmp_path: Path, count: int) -> None:
    page = page_of(make_data([f"Title {row}" for row in range(count)]), tmp_path)
    neighbors = np.frombuffer(zlib.decompress(islands(page)["neighbors"]), "<i4")
    assert len(neighbors) == count * min(10, count - 1)
    assert ("1 paper<" if count == 1 else f"{count} papers<") in page


def test_the_policy_names_exactly_the_scripts_of_the_page(tmp_path: Path) -> None:
    page = page_of(make_data(["a", "b"]), tmp_path)
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 2
    assert scripts[0] == "window.Plotly = {};\nvar x = 'A&B';"  # browsers hash text with one kind of line end
    hashes = [base64.b64encode(sha256(script.encode()).digest()).decode() for script in scripts]
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert html.unescape(policy[1]) == (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}' 'sha256-{hashes[1]}' 'unsafe-eval'; "
        "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def test_the_page_refers_to_no_other_file(tmp_path: Path) -> None:
    page = page_of(make_data(["a", "b"]), tmp_path)
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert re.findall(r"\b(?:src|href|action)\s*=(?!\"data:)", markup) == []
    assert re.findall(r"@import|url\(", markup) == []


@pytest.mark.parametrize("text", ["</script>", "</SCRIPT ", "<!--", "<script"])
def test_a_script_that_would_end_early_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("plotly.offline.get_plotlyjs", lambda: f"var text = '{text}';")
    with pytest.raises(ValueError, match="cannot be written into a page"):
        write_html(tmp_path / "map.html", make_data(["a"]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_kept_and_stay_out_of_the_markup(tmp_path: Path, hostile: str) -> None:
    plain, page = page_of(make_data(["a", "b"]), tmp_path), page_of(make_data([hostile, "b"], title=hostile), tmp_path)
    library = library_of(page)
    assert library["title"] == hostile
    assert library["papers"]["title"][0] == hostile  # type: ignore[index]
    for tag in ("<script", "</script", "<img", "<!--", "<b>", "\0", "\ufffe"):
        assert page.count(tag) == plain.count(tag)


def test_the_title_of_the_library_is_escaped(tmp_path: Path) -> None:
    page = page_of(make_data(["a"], title="<b>\"A\" & 'B'</b> {{style}}"), tmp_path)
    escaped = "&lt;b&gt;&quot;A&quot; &amp; &#x27;B&#x27;&lt;/b&gt; {{style}}"
    assert f"<title>{escaped}</title>" in page
    assert f'<h1 dir="auto">{escaped}</h1>' in page


@settings(max_examples=25, deadline=None)
@given(titles=st.lists(st.text(), min_size=1, max_size=4), name=st.text())
def test_any_texts_come_back(titles: list[str], name: str) -> None:
    page = webmap._page(make_data(titles, title=name)).decode()
    library = library_of(page)
    assert library["title"] == name
    assert library["papers"]["title"] == titles  # type: ignore[index]


def test_equal_input_gives_equal_bytes(tmp_path: Path) -> None:
    first, second = (page_of(make_data(["a", "b", "c"]), tmp_path) for _ in range(2))
    assert first == second
    assert page_of(make_data(["a", "b", "d"]), tmp_path) != first


def test_a_failure_leaves_the_old_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = page_of(make_data(["a"]), tmp_path)

    def fail(*_: object) -> None:
        raise OSError("disk full")

    for step in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, step, fail)
            with pytest.raises(OSError, match="disk full"):
                write_html(tmp_path / "map.html", make_data(["b"]))
        assert [file.name for file in tmp_path.iterdir()] == ["map.html"]
        assert (tmp_path / "map.html").read_text("utf-8") == old


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_html(tmp_path / "absent" / "map.html", make_data(["a"]))


def test_above_the_limit_abstracts_stay_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webmap, "ABSTRACT_LIMIT", 3)
    assert "abstract" in library_of(page_of(make_data(["a"] * 3), tmp_path))["papers"]  # type: ignore[operator]
    papers = library_of(page_of(make_data(["a"] * 4), tmp_path))["papers"]
    assert list(papers) == ["id", "title", "date", "url"]  # type: ignore[call-overload]


def test_rows_that_do_not_match_are_refused() -> None:
    data = make_data(["a", "b", "c"])
    with pytest.raises(ValueError, match=r"coordinates of shape \(3, 2\)"):
        MapData("t", data.papers, data.coordinates[:2], data.neighbors, data.similarities)
    with pytest.raises(ValueError, match="neighbors and similarities"):
        MapData("t", data.papers, data.coordinates, data.neighbors[:2], data.similarities[:2])
    with pytest.raises(ValueError, match="neighbors and similarities"):
        MapData("t", data.papers, data.coordinates, data.neighbors, data.similarities[:, :1])


def test_the_figure_shows_every_paper_where_it_is() -> None:
    data = make_data([f"Title {row}" for row in range(30)])
    made = figure(data)
    (points,) = made.data
    assert points.type == "scattergl"
    np.testing.assert_array_equal(points.x, data.coordinates[:, 0])
    np.testing.assert_array_equal(points.y, data.coordinates[:, 1])
    assert points.hovertext[3] == "Title 3<br>2010.00003 · 2020-10-07"
    assert made.layout.spikedistance == 0
    assert made.layout.hovermode == "closest"
    assert made.layout.yaxis.scaleanchor == "x"


def test_the_figure_shows_pseudo_markup_literally() -> None:
    made = figure(make_data(["<b>x</b> & y", '<a href="javascript:alert(1)">z</a>'], title="<i>A</i> & B"))
    first, second = made.data[0].hovertext
    assert first == "&lt;b&gt;x&lt;/b&gt; &amp; y<br>2010.00000 · 2020-10-07"
    assert second.startswith('&lt;a href="javascript:alert(1)"&gt;z&lt;/a&gt;<br>')
    assert made.layout.title.text == "&lt;i&gt;A&lt;/i&gt; &amp; B"


def test_the_figure_wraps_long_titles() -> None:
    text = figure(make_data(["word " * 30, "x" * 10_000])).data[0].hovertext
    assert text[0].split("<br>")[:-1] == ["word " * 11 + "word", "word " * 11 + "word", "word " * 5 + "word"]
    lines = text[1].split("<br>")
    assert len(lines) == 7
    assert all(len(line) <= 60 for line in lines)


def test_a_paper_without_a_title_is_shown_by_its_id() -> None:
    assert figure(make_data([""])).data[0].hovertext == ("2010.00000<br>2010.00000 · 2020-10-07",)


@pytest.mark.parametrize(("count", "size"), [(1, 11.0), (55, 10.5), (100_000, 3.0), (10_000_000, 2.0)])
def test_points_shrink_as_papers_grow(count: int, size: float) -> None:
    assert webmap._marker_size(count) == size
