"""The page, read back: what was put in is what comes out, and nothing of it is markup."""

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
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_webmap_blobs import read_numbers, read_texts

import explorer
from explorer.papers import Paper
from explorer.webmap import Contents, MapData, MapTopic, write_html
from explorer.webmap.blobs import Blob, encodable
from explorer.webmap.page import SCRIPTS, _page

ASSETS = Path(explorer.__file__).parent / "assets"
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
        patch.setattr("plotly.offline.get_plotlyjs", lambda: "window.Plotly = {};\nvar x = 'A&B';")
        yield


def make_papers(titles: list[str]) -> list[Paper]:
    return [
        Paper(
            id=f"2010.{row:05}",
            title=title,
            abstract=f"Abstract of {title}",
            authors=("Ada Lovelace", f"Author {row}"),
            date=f"2020-10-0{1 + row % 9}",
            categories=("cs.CV", "cs.LG"),
            listed_in=("cs.CV", "stat.ML"),
            url=f"https://arxiv.org/abs/2010.{row:05}" if row % 2 else f"https://example.org/{row}",
            doi=f"10.1000/{row}",
            links=(f"https://example.org/{row}", "https://example.org/code"),
        )
        for row, title in enumerate(titles)
    ]


def make_data(titles: list[str], title: str = "A library", **more: Any) -> MapData:
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
        **more,
    )


def page_of(data: MapData, folder: Path, embed: str | None = None) -> str:
    write_html(folder / "map.html", data, embed)
    return (folder / "map.html").read_bytes().decode()


def read_back(page: str) -> tuple[dict[str, Any], dict[str, Blob]]:
    """Return the header and the blobs that a page holds."""
    (written,) = re.findall(r'<script type="application/json" id="header">(.*?)</script>', page, re.DOTALL)
    header = json.loads(written)
    islands = re.findall(r'<script type="application/octet-stream" id="blob-([\w.]+)">([A-Za-z0-9+/=]*)</script>', page)
    assert sorted(name for name, _ in islands) == sorted(header["blobs"])
    return header, {name: Blob(text, **header["blobs"][name]) for name, text in islands}


def raw(blob: Blob) -> str:
    content = base64.b64decode(blob.text, validate=True)
    return (zlib.decompress(content, -zlib.MAX_WBITS) if blob.deflated else content).decode()


def column_of(blobs: dict[str, Blob], name: str) -> list[str]:
    values = json.loads(raw(blobs[f"{name}.values"]))
    return [values[code] for code in read_numbers(blobs[name])]


def test_the_page_gives_back_every_text(tmp_path: Path) -> None:
    data = make_data([f"Title {row}" for row in range(40)])
    header, blobs = read_back(page_of(data, tmp_path))
    papers = list(data.papers)
    assert (header["title"], header["count"], header["perPaper"]) == ("A library", 40, 10)
    assert raw(blobs["ids"]).split("\n") == [paper.id for paper in papers]
    assert read_texts(blobs, "title") == [paper.title for paper in papers]
    assert read_texts(blobs, "abstract") == [paper.abstract for paper in papers]
    assert read_texts(blobs, "authors") == ["\n".join(paper.authors) for paper in papers]
    assert read_texts(blobs, "links") == ["\n".join(paper.links) for paper in papers]
    assert read_texts(blobs, "doi") == [paper.doi for paper in papers]
    own = "https://arxiv.org/abs/"
    assert header["address"] == own
    assert read_texts(blobs, "url") == ["=" if paper.url == own + paper.id else paper.url for paper in papers]
    assert column_of(blobs, "date") == [paper.date for paper in papers]
    assert column_of(blobs, "category") == ["cs.CV"] * 40
    assert column_of(blobs, "categories") == ["cs.CV\ncs.LG"] * 40
    assert column_of(blobs, "listed") == ["stat.ML"] * 40


def test_numbers_come_back_as_near_as_their_steps(tmp_path: Path) -> None:
    faithfulness = np.linspace(0, 1, 40, dtype=np.float32)
    faithfulness[7] = np.nan
    directions = np.random.default_rng(1).normal(size=(40, 6)).astype(np.float32)
    data = make_data(["a"] * 40, faithfulness=faithfulness, directions=directions)
    header, blobs = read_back(page_of(data, tmp_path))
    places = np.array([read_numbers(blobs["x"]), read_numbers(blobs["y"])]).T * header["step"] + header["origin"]
    side = np.ptp(data.coordinates, axis=0).max()
    assert np.abs(places - data.coordinates).max() <= side / 65_535 / 2 * 1.001
    assert read_numbers(blobs["neighbors"]) == data.neighbors.reshape(-1).tolist()
    similarities = np.array(read_numbers(blobs["similarities"])) / 1000 - 1
    assert [f"{value:.3f}" for value in similarities] == [f"{value:.3f}" for value in data.similarities.reshape(-1)]
    shares = read_numbers(blobs["faithfulness"])
    assert shares[7] == 0
    known = np.isfinite(faithfulness)
    assert np.abs((np.array(shares)[known] - 1) / 254 - faithfulness[known]).max() <= 0.5 / 254 + 1e-6
    read = (np.array(read_numbers(blobs["directions"])).reshape(40, 6) - 128) * header["direction_steps"]
    assert np.abs(read - directions).max() <= header["direction_steps"] / 2 * 1.001
    assert header["direction_steps"] == pytest.approx(np.abs(directions).max() / 127)


def test_what_is_not_embedded_is_not_in_the_page(tmp_path: Path) -> None:
    data = make_data(["A title"] * 12, directions=np.ones((12, 2), dtype=np.float32))
    names = {embed: set(read_back(page_of(data, tmp_path, embed))[1]) for embed in ("all", "titles", "none")}
    assert names["none"] == {"x", "y", "topics", "plotly", "ids"}
    assert names["titles"] - names["none"] == {
        "title.counts", "title.entries", "url.counts", "url.entries", "words", "betweens", "date", "date.values",
        "category", "category.values", "neighbors", "similarities",
    }  # fmt: skip
    assert {"abstract.entries", "authors.entries", "directions", "categories"} <= names["all"] - names["titles"]


@pytest.mark.parametrize("count", [1, 2, 3, 55])
def test_small_libraries_are_written(tmp_path: Path, count: int) -> None:
    page = page_of(make_data([f"Title {row}" for row in range(count)]), tmp_path)
    _, blobs = read_back(page)
    assert ("neighbors" in blobs) == (count > 1)
    if count > 1:
        assert len(read_numbers(blobs["neighbors"])) == count * min(10, count - 1)
    assert ("1 paper<" if count == 1 else f"{count} papers<") in page


def test_the_policy_names_exactly_the_scripts_of_the_page(tmp_path: Path) -> None:
    page = page_of(make_data(["a", "b"]), tmp_path)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    header, blobs = read_back(page)
    plotly = raw(blobs["plotly"])
    assert plotly == "window.Plotly = {};\nvar x = 'A&B';"
    assert header["blobs"]["plotly"]["deflated"]
    hashes = [base64.b64encode(sha256(text.encode()).digest()).decode() for text in (script, plotly)]
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert html.unescape(policy[1]) == (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}' 'sha256-{hashes[1]}' 'unsafe-eval'; "
        "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def test_the_program_is_all_scripts_once_and_no_two_share_a_name(tmp_path: Path) -> None:
    page = page_of(make_data(["a"]), tmp_path)
    (program,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert sorted(SCRIPTS) == sorted(path.stem for path in (ASSETS / "map").glob("*.js"))
    assert len(set(SCRIPTS)) == len(SCRIPTS)
    places = [program.index((ASSETS / "map" / f"{name}.js").read_text("utf-8")) for name in SCRIPTS]
    assert places == sorted(places)
    assert program.count('"use strict"') == 1
    declared = re.findall(r"^(?:async )?(?:function|class) (\w+)", program, re.MULTILINE)
    for names in re.findall(r"^(?:const|let) (.+)$", program, re.MULTILINE):
        declared += re.findall(r"(?:^|, )(\w+) =", names)
    assert len(declared) > 150
    assert [name for name in set(declared) if declared.count(name) > 1] == []


def test_what_the_scripts_look_for_is_in_the_page() -> None:
    template = (ASSETS / "map.html").read_text("utf-8")
    programs = "".join((ASSETS / "map" / f"{name}.js").read_text("utf-8") for name in SCRIPTS)
    made = re.findall(r'\.id = "([\w-]+)"', programs)
    wanted = re.findall(r'part\("([\w-]+)"\)', programs)
    assert len(wanted) > 40
    assert [name for name in wanted if name not in made and f'id="{name}"' not in template] == []


def test_the_page_refers_to_no_other_file(tmp_path: Path) -> None:
    page = page_of(make_data(["a", "b"]), tmp_path)
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert re.findall(r"\b(?:src|href|action)\s*=(?!\"data:)", markup) == []
    assert re.findall(r"@import|url\(", markup) == []


@pytest.mark.parametrize("text", ["</script>", "</SCRIPT ", "<!--", "<script"])
def test_a_script_that_would_end_early_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("explorer.webmap.page._program", lambda: f"var text = '{text}';")
    with pytest.raises(ValueError, match="cannot be written into a page"):
        write_html(tmp_path / "map.html", make_data(["a"]))
    assert list(tmp_path.iterdir()) == []


def test_line_ends_are_those_that_browsers_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.webmap.page._program", lambda: "one;\r\ntwo;\rthree;\0")
    page = page_of(make_data(["a"]), tmp_path)
    assert "<script>one;\ntwo;\nthree;\\0</script>" in page
    assert base64.b64encode(sha256(b"one;\ntwo;\nthree;\\0").digest()).decode() in html.unescape(page)


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_kept_and_stay_out_of_the_markup(tmp_path: Path, hostile: str) -> None:
    def made(text: str) -> MapData:
        topics = [MapTopic(0, 0, text, 0)]
        return make_data([text, "b"], text, topics=topics, topic_of=np.zeros(2, np.int32), columns={text: [text, "c"]})

    plain, page = page_of(made("a"), tmp_path), page_of(made(hostile), tmp_path)
    header, blobs = read_back(page)
    assert header["title"] == header["topics"][0]["label"] == header["columns"][0]["name"] == encodable(hostile)
    assert encodable(hostile) in header["columns"][0]["values"]
    assert read_texts(blobs, "authors")[0] == "Ada Lovelace\nAuthor 0"
    for tag in ("<script", "</script", "<img", "<!--", "<b>", "\0", "\ufffe"):
        assert page.count(tag) == plain.count(tag)


def test_the_title_of_the_library_is_escaped(tmp_path: Path) -> None:
    page = page_of(make_data(["a"], title="<b>\"A\" & 'B'</b> {{style}}"), tmp_path)
    escaped = "&lt;b&gt;&quot;A&quot; &amp; &#x27;B&#x27;&lt;/b&gt; {{style}}"
    assert f"<title>{escaped}</title>" in page
    assert f'<h1 dir="auto">{escaped}</h1>' in page


@settings(max_examples=25)
@given(names=st.lists(st.text(), min_size=1, max_size=4), title=st.text())
def test_any_ids_topics_and_columns_come_back(names: list[str], title: str) -> None:
    count = len(names)
    papers = [Paper(id=name, title="t", categories=(name,)) for name in names]
    nobody = np.zeros((count, 0))
    topics = [MapTopic(row, 0, name, row) for row, name in enumerate(names)]
    data = MapData(
        title, papers, np.zeros((count, 2), np.float32), nobody.astype(np.int32), nobody.astype(np.float32), topics,
        np.arange(count, dtype=np.int32), columns={"own": names},
    )  # fmt: skip
    header, blobs = read_back("".join(_page(data, Contents.of(count))))
    assert header["title"] == encodable(title)
    assert [topic["label"] for topic in header["topics"]] == [encodable(name) for name in names]
    assert raw(blobs["ids"]).split("\n") == [encodable(name).replace("\n", " ") for name in names]
    assert column_of(blobs, "category") == [encodable(name) for name in names]


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
