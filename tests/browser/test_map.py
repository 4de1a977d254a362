"""The map as a person meets it: looked at, hovered, clicked, searched, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from explorer.papers import Paper
from explorer.webmap import MapData

Open = Callable[..., Page]
Pixels = Callable[[Page], NDArray[np.int16]]
Places = Callable[[Page, MapData], NDArray[np.float64]]
Settle = Callable[[Page], None]

pytestmark = pytest.mark.browser

GROUND, POINT = (0xF6, 0xF5, 0xF1), (0x5A, 0x6F, 0x9C)
DARK_GROUND, DARK_POINT = (0x14, 0x16, 0x1C), (0x82, 0x99, 0xCC)
COUNT = 60
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
]


def paper(row: int, title: str) -> Paper:
    return Paper(
        id=f"2010.{row:05}",
        title=title,
        abstract=f"First paragraph of {title}.\n\nSecond paragraph with $x<y$ in it.",
        authors=("Ada Lovelace", "Émilie du Châtelet"),
        date="2020-10-07",
        categories=("cs.CV",),
        listed_in=("cs.CV", "cs.LG"),
        url=f"https://arxiv.org/abs/2010.{row:05}",
        links=("https://github.com/example/code",),
    )


@pytest.fixture(scope="module")
def data(make_data: Callable[..., MapData]) -> MapData:
    titles = [f"Paper number {row} on {'Schrödinger bridges' if row % 7 == 0 else 'depth'}" for row in range(COUNT)]
    made: MapData = make_data([paper(row, title) for row, title in enumerate(titles)])
    return made


@pytest.fixture(scope="module")
def shared(open_map: Open, data: MapData) -> Page:
    return open_map(data)


@pytest.fixture
def page(shared: Page, settle: Settle) -> Page:
    """Bring the one page that most tests use back to its beginning."""
    shared.evaluate("explorerMap.close()")
    shared.fill("#search", "")
    shared.evaluate("document.activeElement.blur()")
    shared.mouse.move(500, 5)
    shared.click("#zoom-all")
    settle(shared)
    return shared


def lonely(points: NDArray[np.float64], distance: float) -> list[int]:
    """Return the rows with no other point within `distance` pixels, the loneliest first."""
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    nearest = apart.min(axis=1)
    return [int(row) for row in np.argsort(-nearest) if nearest[row] > distance]


def is_near(colors: NDArray[np.int16], color: tuple[int, int, int], tolerance: int) -> NDArray[np.bool_]:
    close: NDArray[np.bool_] = (np.abs(colors - np.array(color)).max(axis=-1)) <= tolerance
    return close


def empty_spots(points: NDArray[np.float64], distance: float) -> NDArray[np.int64]:
    """Return (m, 2) pixels of the map where no point is within `distance`."""
    spots = np.random.default_rng(3).integers((80, 80), (980, 640), size=(400, 2))
    away = np.linalg.norm(spots[:, None] - points[None], axis=2).min(axis=1)
    chosen: NDArray[np.int64] = spots[away > distance]
    return chosen


def at(screen: NDArray[np.int16], spots: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.int16]:
    rounded = np.floor(spots).astype(int)
    colors: NDArray[np.int16] = screen[rounded[:, 1], rounded[:, 0]]
    return colors


def assert_points_are_drawn(
    screen: NDArray[np.int16],
    points: NDArray[np.float64],
    point: tuple[int, int, int] = POINT,
    ground: tuple[int, int, int] = GROUND,
) -> None:
    rows = lonely(points, 14)
    assert len(rows) > COUNT / 2
    # Points let a tenth of the ground through.
    assert is_near(at(screen, points[rows]), point, 24).all()
    spots = empty_spots(points, 14)
    assert len(spots) > 100
    assert is_near(at(screen, spots), ground, 2).mean() > 0.97  # the zoom buttons lie there too


def click_on(page: Page, place: NDArray[np.float64]) -> None:
    page.mouse.move(*(place + 1))
    page.mouse.move(*place)
    page.mouse.click(*place)


def assert_panel_shows(page: Page, data: MapData, row: int) -> None:
    shown = data.papers[row]
    expect(page.locator("#paper h2")).to_have_text(shown.title)
    assert page.locator("#paper .neighbors .clamp").all_text_contents() == [
        data.papers[other].title for other in data.neighbors[row]
    ]
    assert page.locator("#paper .similarity").all_text_contents() == [
        f"{value:.3f}" for value in data.similarities[row]
    ]
    assert page.evaluate("explorerMap.selected") == shown.id
    assert page.evaluate("location.hash") == f"#paper={shown.id}"


def line_ends(page: Page) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    lines = page.evaluate("explorerMap.lines().map(({from, to}) => [[from.x, from.y], [to.x, to.y]])")
    ends = np.array(lines)
    return ends[:, 0], ends[:, 1]


def assert_lines_lead_to_the_neighbors(
    page: Page, data: MapData, row: int, screen: NDArray[np.int16], points: NDArray[np.float64]
) -> None:
    start, end = line_ends(page)
    neighbors = points[data.neighbors[row]]
    assert np.abs(start - points[row]).max() < 0.6
    assert np.abs(end - neighbors).max() < 0.6
    panel_left = page.locator("#panel").bounding_box()["x"]  # type: ignore[index]
    seen = [other for other in neighbors if 90 < other[0] < panel_left - 12 and 75 < other[1] < 660]
    assert len(seen) >= 3
    for other in seen:
        assert_reddish(screen, other)
        direction = (points[row] - other) / np.linalg.norm(points[row] - other)
        assert_reddish(screen, other + 14 * direction)


def assert_reddish(screen: NDArray[np.int16], place: NDArray[np.float64]) -> None:
    x, y = np.floor(place).astype(int)
    around = screen[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3)
    assert (around[:, 0] - around[:, 2]).max() > 60, place


def test_points_are_drawn_where_the_papers_are(page: Page, data: MapData, pixels: Pixels, places: Places) -> None:
    assert_points_are_drawn(pixels(page), places(page, data))


def test_the_page_asks_for_nothing_and_complains_of_nothing(open_map: Open, data: MapData, settle: Settle) -> None:
    page = open_map(data)
    page.mouse.move(400, 300)
    page.evaluate("explorerMap.select('2010.00005')")
    page.fill("#search", "depth")
    page.mouse.wheel(0, -300)
    settle(page)
    assert [address for address in page.noted["requests"] if not address.startswith(("data:", "blob:"))] == [  # type: ignore[attr-defined]
        page.url.partition("#")[0]
    ]
    assert page.noted["complaints"] == []  # type: ignore[attr-defined]


def test_hover_shows_the_title_inside_the_window(page: Page, data: MapData, places: Places) -> None:
    points = places(page, data)
    outermost = {int(index) for index in (*points.argmin(axis=0), *points.argmax(axis=0))}
    for row in outermost | {lonely(points, 10)[0]}:
        page.mouse.move(*(points[row] + 2))
        page.mouse.move(*points[row])
        tooltip = page.locator("#tooltip")
        expect(tooltip).to_be_visible()
        expect(tooltip.locator(".title")).to_have_text(data.papers[row].title)
        expect(tooltip.locator(".meta")).to_have_text(f"2010.{row:05} · 2020-10-07")
        box = tooltip.bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= 1000 - box["width"]
        assert 0 <= box["y"] <= 700 - box["height"]
    page.mouse.move(500, 5)
    expect(tooltip).to_be_hidden()


def test_a_click_opens_the_paper_and_its_neighbors(page: Page, data: MapData, pixels: Pixels, places: Places) -> None:
    row = next(row for row in lonely(places(page, data), 10) if places(page, data)[row][0] < 500)
    click_on(page, places(page, data)[row])
    expect(page.locator("#panel")).to_be_visible()
    assert_panel_shows(page, data, row)

    assert page.locator("#paper .abstract p").all_text_contents() == data.papers[row].abstract.split("\n\n")
    assert page.inner_text("#paper .authors") == "Ada Lovelace, Émilie du Châtelet"
    assert page.locator("#paper .chips li").all_text_contents() == ["cs.CV", "listed in cs.LG"]
    opened = page.locator("#paper a.open")
    assert opened.inner_text() == "Open on arXiv ↗"
    assert opened.get_attribute("href") == data.papers[row].url
    assert opened.get_attribute("rel") == "noopener noreferrer"
    assert opened.get_attribute("target") == "_blank"
    assert page.locator("#paper .links a").get_attribute("href") == "https://github.com/example/code"

    page.mouse.move(500, 5)
    assert_lines_lead_to_the_neighbors(page, data, row, pixels(page), places(page, data))


def test_lines_follow_zoom_and_drag(page: Page, data: MapData, pixels: Pixels, places: Places, settle: Settle) -> None:
    row = int(np.linalg.norm(data.coordinates, axis=1).argmin())
    page.evaluate("(id) => explorerMap.select(id)", data.papers[row].id)
    settle(page)
    before = places(page, data)
    x, y = before[row]
    page.mouse.move(x + 40, y + 40)
    page.mouse.wheel(0, -60)
    settle(page)
    page.mouse.down()
    page.mouse.move(x + 20, y + 30, steps=3)
    page.mouse.move(x + 10, y + 25)
    page.mouse.up()
    page.mouse.move(500, 5)
    screen, after = pixels(page), places(page, data)
    assert np.abs(after - before).max() > 10
    stretched = np.ptp(after, axis=0) / np.ptp(before, axis=0)
    assert stretched[0] == pytest.approx(stretched[1], rel=1e-3)  # nothing is distorted
    assert_lines_lead_to_the_neighbors(page, data, row, screen, after)


def test_neighbors_lead_on_and_escape_closes(page: Page, data: MapData, settle: Settle) -> None:
    page.evaluate("explorerMap.select('2010.00010')")
    row = 10
    for step in (0, 3, 9):
        page.locator("#paper .neighbors button").nth(step).click()
        row = int(data.neighbors[row][step])
        assert_panel_shows(page, data, row)
    page.go_back()
    expect(page.locator("#paper h2")).not_to_have_text(data.papers[row].title)
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    assert page.evaluate("explorerMap.selected") is None
    assert page.evaluate("location.hash") == ""
    assert page.evaluate("explorerMap.lines()") == []


def test_the_close_button_closes(page: Page) -> None:
    page.evaluate("explorerMap.select('2010.00010')")
    page.click("#close")
    expect(page.locator("#panel")).to_be_hidden()


def test_a_double_click_shows_the_whole_map(page: Page, data: MapData, places: Places, settle: Settle) -> None:
    before = places(page, data)
    page.mouse.move(500, 300)
    page.mouse.wheel(0, -400)
    settle(page)
    page.click("#zoom-in")
    settle(page)
    moved = places(page, data)
    assert np.ptp(moved, axis=0).min() > 1.5 * np.ptp(before, axis=0).min()
    x, y = empty_spots(moved, 40)[0].tolist()
    page.mouse.dblclick(x, y)
    settle(page)
    np.testing.assert_allclose(places(page, data), before, atol=0.5)


def test_search_finds_without_case_and_accents(page: Page, data: MapData, pixels: Pixels, places: Places) -> None:
    expected = [row for row in range(COUNT) if row % 7 == 0]
    page.keyboard.press("/")
    page.keyboard.type("BRIDGES schrodinger")
    assert page.evaluate("explorerMap.matches()") == [data.papers[row].id for row in expected]
    assert page.inner_text("#found") == f"{len(expected)} papers"
    assert page.locator("#options .title, #options .clamp:first-child").all_text_contents() == [
        data.papers[row].title for row in expected
    ]
    screen, points = pixels(page), places(page, data)
    results = page.locator("#results").bounding_box()
    assert results is not None
    clear = [row for row in expected if points[row][0] < results["x"] - 10]
    assert len(clear) >= 3
    for row in clear:
        assert_reddish(screen, points[row])


def test_search_is_driven_by_keys(page: Page, data: MapData, settle: Settle) -> None:
    page.keyboard.press("/")
    page.keyboard.type("schrödinger")
    page.keyboard.press("Enter")
    assert_panel_shows(page, data, 0)
    settle(page)
    place = page.evaluate("explorerMap.position('2010.00000')")
    panel = page.locator("#panel").bounding_box()
    stage = page.locator("#stage").bounding_box()
    assert panel is not None
    assert stage is not None
    assert place["x"] == pytest.approx(panel["x"] / 2, abs=1)
    assert place["y"] == pytest.approx(stage["y"] + stage["height"] / 2, abs=1)

    page.keyboard.press("/")
    page.keyboard.type("schrödinger")
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    assert page.get_attribute("#search", "aria-activedescendant") == "option-1"
    assert page.get_attribute("#option-1", "aria-selected") == "true"
    page.keyboard.press("Enter")
    assert_panel_shows(page, data, 7)

    page.keyboard.press("/")
    page.keyboard.press("Escape")
    assert page.input_value("#search") == ""
    assert page.evaluate("explorerMap.matches()") == []


def test_the_map_glides_to_what_was_picked(open_map: Open, data: MapData) -> None:
    page = open_map(data, reduced_motion="no-preference")
    page.fill("#search", "number 33")
    page.keyboard.press("Enter")
    page.wait_for_function(
        """() => {
            const { x } = explorerMap.position("2010.00033");
            return Math.abs(x - document.getElementById("panel").offsetLeft / 2) < 1;
        }"""
    )
    assert_panel_shows(page, data, 33)


def test_search_matches_ids_and_says_when_nothing_is_found(page: Page) -> None:
    page.fill("#search", "2010.00042")
    assert page.inner_text("#found") == "1 paper"
    page.locator("#options li").click()
    assert page.evaluate("explorerMap.selected") == "2010.00042"
    page.fill("#search", "no such words")
    assert page.inner_text("#found") == "No title or id has these words."


def test_the_address_restores_the_paper(open_map: Open, data: MapData) -> None:
    page = open_map(data, address="#paper=2010.00017")
    assert_panel_shows(page, data, 17)
    page.evaluate("location.hash = '#paper=2010.00020'")
    expect(page.locator("#paper h2")).to_have_text(data.papers[20].title)
    page.go_back()
    expect(page.locator("#paper h2")).to_have_text(data.papers[17].title)
    for nothing in ("#paper=unknown", "#paper=%E0%A4%A", "#else"):
        page.evaluate("(hash) => { location.hash = hash }", nothing)
        expect(page.locator("#panel")).to_be_hidden()
    assert page.noted["complaints"] == []  # type: ignore[attr-defined]


def test_the_map_follows_light_and_dark(open_map: Open, data: MapData, pixels: Pixels, places: Places) -> None:
    page = open_map(data, color_scheme="dark")
    assert_points_are_drawn(pixels(page), places(page, data), DARK_POINT, DARK_GROUND)
    page.emulate_media(color_scheme="light")
    assert_points_are_drawn(pixels(page), places(page, data))


def test_on_a_phone_the_panel_is_a_sheet_below_the_map(open_map: Open, data: MapData, settle: Settle) -> None:
    page = open_map(data, viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    row = 17
    place = page.evaluate("(id) => explorerMap.position(id)", data.papers[row].id)
    page.touchscreen.tap(place["x"], place["y"])
    expect(page.locator("#panel")).to_be_visible()
    settle(page)
    panel = page.locator("#panel").bounding_box()
    assert panel is not None
    assert panel["width"] == 390
    chosen = page.evaluate("explorerMap.selected")
    assert page.evaluate("(id) => explorerMap.position(id)", chosen)["y"] < panel["y"]


def test_two_fingers_zoom_about_the_places_under_them(
    open_map: Open, data: MapData, places: Places, settle: Settle
) -> None:
    page = open_map(data, viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True)
    before = places(page, data)
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *spots: tuple[float, float]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in spots]})

    fingers("touchStart", (150, 400))
    fingers("touchMove", (152, 400))
    fingers("touchStart", (150, 400), (250, 400))
    for step in range(1, 6):
        fingers("touchMove", (150 - 10 * step, 400), (250 + 10 * step, 400))
        settle(page)
    fingers("touchEnd")
    settle(page)
    after = places(page, data)
    np.testing.assert_allclose(np.ptp(after, axis=0), 2 * np.ptp(before, axis=0), rtol=0.01)
    middle = np.array([200, 400])
    np.testing.assert_allclose(after - middle, 2 * (before - middle), atol=6)
    assert page.evaluate("explorerMap.selected") is None
    assert page.noted["complaints"] == []  # type: ignore[attr-defined]


def test_without_webgl_search_and_lists_still_work(open_map: Open, data: MapData) -> None:
    before = """
        const original = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
            return kind.startsWith("webgl") ? null : original.call(this, kind, ...rest);
        };"""
    page = open_map(data, before=before)
    expect(page.locator("#notice")).to_contain_text("no WebGL")
    assert page.inner_text("#found") == "60 papers, the first 50 listed"
    page.fill("#search", "number 30")
    page.keyboard.press("Enter")
    assert_panel_shows(page, data, 30)
    page.locator("#paper .neighbors button").first.click()
    assert_panel_shows(page, data, int(data.neighbors[30][0]))
    assert page.noted["complaints"] == []  # type: ignore[attr-defined]


def test_hostile_papers_are_only_text(open_map: Open, make_data: Callable[..., MapData], settle: Settle) -> None:
    papers = [
        Paper(id=f"{row} {text[:400]}", title=text, abstract=text, authors=(text,), categories=(text,), url=address)
        for row, (text, address) in enumerate(
            zip(HOSTILE, ["javascript:alert(1)", "https://example.org/a"] * 5, strict=True)
        )
    ]
    data = make_data(papers, title=HOSTILE[0])
    page = open_map(data)
    texts = """[...document.querySelectorAll('#paper h2, #paper .authors, #abstract')]
        .map((element) => JSON.stringify(element.textContent))"""
    elements = "document.querySelectorAll('img, iframe, script[src], #paper script, h1 *, #options b, #paper b').length"
    for row, text in enumerate(HOSTILE):
        # As JSON, since a lone surrogate does not travel between here and the browser.
        page.evaluate("(id) => explorerMap.select(JSON.parse(id))", json.dumps(papers[row].id))
        assert [json.loads(shown) for shown in page.evaluate(texts)] == [text] * 3
        assert page.locator("#paper a").count() == (0 if row % 2 == 0 else 1)
        assert page.evaluate(elements) == 0
        page.fill("#search", text[:30].replace("\ud800", "").replace("\0", ""))
        assert page.locator("#options li").count() >= 1
        assert page.evaluate(elements) == 0
    place = page.evaluate("explorerMap.close() ?? explorerMap.position(explorerMap.matches()[0])")
    page.mouse.move(place["x"] + 1, place["y"])
    page.mouse.move(place["x"], place["y"])
    expect(page.locator("#tooltip")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.inner_text("h1") == HOSTILE[0]
    settle(page)
    assert page.noted["complaints"] == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "coordinates",
    [[[3, 4]], [[0, 0], [1e-3, 0]], [[2, 2]] * 12],
    ids=["one paper", "two papers", "all at one place"],
)
def test_small_and_degenerate_maps_work(
    open_map: Open, make_data: Callable[..., MapData], pixels: Pixels, places: Places, coordinates: list[list[float]]
) -> None:
    data = make_data([paper(row, f"Title {row}") for row in range(len(coordinates))], coordinates)
    page = open_map(data)
    points = places(page, data)
    assert is_near(at(pixels(page), points), POINT, 24).all()
    click_on(page, points[0])
    expect(page.locator("#panel")).to_be_visible()
    assert page.locator("#paper .neighbors button").count() == min(10, len(coordinates) - 1)
    assert ("no other paper" in page.inner_text("#paper")) == (len(coordinates) == 1)
    assert page.noted["complaints"] == []  # type: ignore[attr-defined]


def test_above_the_limit_the_panel_says_that_abstracts_are_missing(
    open_map: Open, data: MapData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explorer.webmap.ABSTRACT_LIMIT", 10)
    page = open_map(data)
    page.evaluate("explorerMap.select('2010.00003')")
    assert "too large for this page to hold the abstracts" in page.inner_text("#paper")
    assert page.locator("#paper .neighbors button").count() == 10
