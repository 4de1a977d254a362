"""Papers, topics and columns that mean harm, and libraries that are hardly there."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from browser.looking import POINT, Open, Pixels, Places, Settle, at, box_of, call, click_on, complaints, is_near
from playwright.sync_api import Page, expect

from explorer.papers import Paper
from explorer.webmap import MapData, MapTopic, Measured

pytestmark = pytest.mark.browser

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><iframe src='javascript:alert(1)'>",
    "<b>bold</b> &amp; <a href='https://example.org'>link</a>",
    "line\u2028separator",
    "\u05e9\u05dc\u05d5\u05dd right to left",
    "emoji 🦊",
    "with \0 inside",
    "lone \ud800 surrogate",
    "x" * 10_000,
    "\ufeff{{title}} ]]> <!-- ${alert(1)} \\n \\",
    "",
]
ELEMENTS = """document.querySelectorAll("img, iframe, script[src], object, embed, #paper script, h1 *, #options b, #paper b, #entries b,"
    + "#groups b, #groups a, #color-by option *, main a:not(.open):not(.links a)").length"""


def shown(text: str) -> str:
    """Return what a page can hold of a text."""
    return text.replace("\0", "\ufffd").replace("\ud800", "\ufffd")


@pytest.fixture(scope="module")
def hostile(make_data: Callable[..., MapData]) -> MapData:
    papers = [
        Paper(
            id=f"{row} {text[:400]}",
            title=text,
            abstract=text,
            authors=(text,),
            date="2020-01-01",
            categories=(text,),
            url=("javascript:alert(1)", "https://example.org/a")[row % 2],
            links=("javascript:alert(2)", "data:text/html,<script>alert(1)</script>"),
        )
        for row, text in enumerate(HOSTILE)
    ]
    topics = [MapTopic(row, 0, text, row) for row, text in enumerate(HOSTILE)]
    columns: dict[str, list[object]] = {text: list(HOSTILE) for text in HOSTILE}
    columns["mixed types"] = [None, 1, 2.5, "text", float("nan"), float("inf"), True, [1], {"a": 1}, "", b"x", 10**400]
    columns["numbers"] = [1, "2", 3.0, np.float32(4), np.int64(5), "6", 7, 8, 9, 10, 11, "no number"]
    made: MapData = make_data(
        papers,
        title=HOSTILE[0],
        topics=topics,
        topic_of=np.arange(len(HOSTILE), dtype=np.int32),
        columns=columns,
        faithfulness=np.full(len(HOSTILE), np.nan, dtype=np.float32),
        measured=Measured(0.0, 0.0, 15, len(HOSTILE)),
    )
    return made


def test_hostile_papers_are_only_text(
    open_map: Open, hostile: MapData, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explorer.webmap.encoding.displayed", lambda text: text)  # LaTeX is not what this is about
    page = open_map(hostile)
    texts = """[...document.querySelectorAll('#paper h2, #paper .authors, #abstract')].map((element) => element.textContent)"""
    papers = list(hostile.papers)
    for row, text in enumerate(HOSTILE):
        call(page, "select(value)", shown(papers[row].id))
        assert page.evaluate(texts) == ([shown(text)] * 3 if text else [f"{row} "])
        assert page.locator("#paper a").count() == row % 2
        assert page.evaluate(ELEMENTS) == 0
        page.fill("#search", shown(text)[:30])
        assert page.locator("#options li").count() >= (1 if text else 0)
        assert page.evaluate(ELEMENTS) == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.fill("#search", "")
    call(page, "close()")
    for option in page.locator("#color-by option").all():
        page.select_option("#color-by", value=option.get_attribute("value"))
        assert page.evaluate(ELEMENTS) == 0
        assert box_of(page, "#legend")["width"] == 252
    place = call(page, "position(value)", shown(papers[1].id))
    page.mouse.move(place["x"] + 1, place["y"])
    page.mouse.move(place["x"], place["y"])
    expect(page.locator("#tooltip")).to_be_visible()
    page.click("#list")
    assert page.evaluate(ELEMENTS) == 0
    assert page.inner_text("h1") == HOSTILE[0]
    assert page.title() == HOSTILE[0]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    settle(page)
    assert complaints(page) == []


@pytest.fixture(scope="module")
def opened(open_map: Open, hostile: MapData) -> Page:
    return open_map(hostile, address="#q=%3Cimg%20src=x%20onerror=alert(1)%3E&color=__proto__")


def test_hostile_addresses_are_only_text(opened: Page, settle: Settle) -> None:
    for address in (
        "",
        "#paper=__proto__&q=%22",
        "#q=%00%ED%A0%80",
        "#paper=<img src=x onerror=alert(1)>&color=column-99",
    ):
        if address:
            opened.evaluate("(hash) => { location.hash = hash }", address)
            settle(opened)
        assert opened.evaluate(ELEMENTS) == 0
        assert call(opened, "coloring") == "topic"
        assert call(opened, "selected") is None
        assert complaints(opened) == []


def test_columns_of_mixed_types_are_shown_as_what_most_of_them_are(opened: Page) -> None:
    page = opened

    def groups(name: str) -> dict[str, str]:
        page.select_option("#color-by", label=name)
        return dict(
            zip(
                page.locator("#groups .group").all_text_contents(),
                page.locator("#groups .meta").all_text_contents(),
                strict=True,
            )
        )

    mixed = groups("mixed types")
    assert {"1", "2.5", "text", "inf", "True", "[1]", "{'a': 1}", "b'x'"} <= set(mixed)
    assert mixed["none"] == "3"
    numbers = groups("numbers")
    assert numbers.pop("unknown") == "1"
    assert sum(map(int, numbers.values())) == 11
    assert next(iter(numbers)).startswith("1 – ")
    assert list(numbers)[-1].endswith(" – 11")
    assert complaints(page) == []


def test_the_policy_stops_what_a_text_would_do(opened: Page) -> None:
    page = opened
    assert complaints(page) == []
    page.evaluate(
        """() => {
            const box = document.createElement("div");
            box.innerHTML = "<img src=x onerror='window.harmed = 1'>";
            document.body.append(box);
            const script = document.createElement("script");
            script.textContent = "window.harmed = 2";
            document.body.append(script);
            return fetch("https://example.org").catch(() => null);
        }"""
    )
    assert page.evaluate("window.harmed") is None
    assert any("Content Security Policy" in complaint for complaint in complaints(page))


@pytest.mark.parametrize(
    "coordinates",
    [[[3, 4]], [[0, 0], [1e-3, 0]], [[2, 2]] * 12, [[1, 5], [1, 9], [1, 7]]],
    ids=["one paper", "two papers", "all at one place", "on a line"],
)
def test_small_and_degenerate_maps_work(
    open_map: Open,
    make_data: Callable[..., MapData],
    pixels: Pixels,
    places: Places,
    settle: Settle,
    coordinates: list[list[float]],
) -> None:
    count = len(coordinates)
    papers = [Paper(f"2010.{row:05}", f"Title {row}", date="2020-10-07") for row in range(count)]
    page = open_map(make_data(papers, coordinates, measured=None))
    data = make_data(papers, coordinates)
    points = places(page, data)
    assert is_near(at(pixels(page), points), POINT, 26).all()
    click_on(page, points[0])
    expect(page.locator("#panel")).to_be_visible()
    assert page.locator("#paper .neighbors button").count() == min(10, count - 1)
    assert ("no other paper" in page.inner_text("#paper")) == (count == 1)
    use_everything(page)
    settle(page)
    assert page.inner_text(".name p") == ("1 paper" if count == 1 else f"{count} papers")
    assert complaints(page) == []


def use_everything(page: Page) -> None:
    for option in page.locator("#color-by option").all():
        page.select_option("#color-by", value=option.get_attribute("value"))
    page.focus("#map")
    for key in ("ArrowLeft", "ArrowUp", "+", "-", "0", "Enter"):
        page.keyboard.press(key)
    page.click("#zoom-all")
    page.fill("#search", "title")
    page.click("#list")
    page.click("#save-csv")


def test_lone_surrogates_do_not_break_addresses(open_map: Open, make_data: Callable[..., MapData]) -> None:
    page = open_map(make_data([Paper("a", "A"), Paper("b", "B")]))
    page.evaluate(f"explorerMap.find(JSON.parse({json.dumps(json.dumps(chr(0xD800)))}))")
    page.wait_for_function("location.hash === '#q=%EF%BF%BD'")
    assert complaints(page) == []
