"""The map on small screens, without WebGL, without motion, and for programs that read it aloud."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.looking import Open, Pixels, Places, Settle, at, box_of, call, complaints, groups, is_near, over, seen
from playwright.sync_api import Page, expect

from explorer.webmap import MapData

pytestmark = pytest.mark.browser

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
NO_WEBGL = """
    const original = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
        return kind.startsWith("webgl") ? null : original.call(this, kind, ...rest);
    };"""


def violations(page: Page) -> list[str]:
    """Return what axe-core calls serious or critical, and where."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found if rule["impact"] in ("serious", "critical") for node in rule["nodes"]
    ]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(open_map: Open, data: MapData, settle: Settle, scheme: str) -> None:
    page = open_map(data, color_scheme=scheme)
    assert violations(page) == []
    page.fill("#search", "bridges")
    page.keyboard.press("ArrowDown")
    assert violations(page) == []
    call(page, "select('2010.00003')")
    page.keyboard.press("Escape")
    page.locator("#groups button").first.click()
    page.click("#list")
    call(page, "select('2010.00003')")
    settle(page)
    assert violations(page) == []
    assert violations_can_be_found(page)


def violations_can_be_found(page: Page) -> bool:
    page.evaluate("document.querySelector('#paper h2').style.color = 'var(--line)'")
    return any("color-contrast" in violation for violation in violations(page))


def test_axe_finds_nothing_serious_on_a_phone(open_map: Open, data: MapData, settle: Settle) -> None:
    page = open_map(data, **PHONE)
    page.click("#legend-toggle")
    assert violations(page) == []
    page.click("#legend-toggle")
    page.click("#list")
    call(page, "select('2010.00003')")
    settle(page)
    assert violations(page) == []


def test_on_a_phone_the_panel_is_a_sheet_below_the_map(
    open_map: Open, data: MapData, places: Places, settle: Settle
) -> None:
    page = open_map(data, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.get_attribute("#legend-toggle", "aria-expanded") == "false"
    row = seen(page, places(page, data), 12)[0]
    place = call(page, "position(value)", list(data.papers)[row].id)
    page.touchscreen.tap(place["x"], place["y"])
    expect(page.locator("#panel")).to_be_visible()
    settle(page)
    panel = box_of(page, "#panel")
    assert panel["width"] == 390
    assert call(page, "selected") == list(data.papers)[row].id
    assert call(page, "position(value)", call(page, "selected"))["y"] < panel["y"]
    page.tap("#close")
    expect(page.locator("#panel")).to_be_hidden()


def test_nothing_overflows_on_a_phone(open_map: Open, data: MapData, settle: Settle) -> None:
    page = open_map(data, **PHONE)
    outside = """() => [...document.querySelectorAll("body *")].filter((one) => {
        if (one.closest(".unseen, #map, option, #js-plotly-tester") || !one.checkVisibility()) return false;
        const { left, right } = one.getBoundingClientRect();
        return left < -0.5 || right > innerWidth + 0.5;
    }).map((one) => one.id || one.className || one.tagName)"""
    small = """() => [...document.querySelectorAll("button, select, input, a.open")].filter((one) => {
        if (!one.checkVisibility() || one.closest(".ends")) return false;
        const { width, height } = one.getBoundingClientRect();
        return width < 24 || height < 24;
    }).map((one) => one.id || one.className || one.textContent)"""

    def check() -> None:
        settle(page)
        assert page.evaluate(outside) == []
        assert page.evaluate(small) == []
        assert page.evaluate("document.documentElement.scrollWidth") == 390

    check()
    page.tap("#legend-toggle")
    check()
    legend, tools = box_of(page, "#legend"), box_of(page, "#tools")
    assert legend["x"] + legend["width"] <= tools["x"] or legend["y"] + legend["height"] <= tools["y"]
    page.tap("#legend-toggle")
    page.tap("#list")
    check()
    page.locator("#entries button").nth(5).tap()
    check()
    page.tap("#close")
    page.tap("#close-list")
    page.fill("#search", "bridges")
    check()
    page.locator("#options li").first.tap()
    assert call(page, "selected") == "2010.00000"


def test_two_fingers_zoom_about_the_places_under_them(
    open_map: Open, data: MapData, places: Places, settle: Settle
) -> None:
    page = open_map(data, **PHONE)
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
    assert call(page, "selected") is None
    assert complaints(page) == []


@pytest.fixture(scope="module")
def without_webgl(browser: Any) -> Iterator[Any]:
    """Start a browser that has no WebGL at all."""
    started = browser.browser_type.launch(
        executable_path=browser.executable, headless=True, args=["--no-sandbox", "--disable-gpu", "--disable-3d-apis"]
    )
    yield started
    started.close()


def test_without_webgl_a_plain_picture_search_and_list_remain(
    open_map: Open, data: MapData, places: Places, pixels: Pixels, settle: Settle
) -> None:
    page = open_map(data, before=NO_WEBGL)
    expect(page.locator("#notice")).to_contain_text("no WebGL")
    assert call(page, "picture") == "density"
    assert page.inner_text("#list-name") == "All papers: 60 papers"
    notice = box_of(page, "#notice")
    assert notice["y"] + notice["height"] <= box_of(page, "#drawer")["y"]  # neither lies over the other
    assert_points_are_painted(page, data, places, pixels)
    page.click("#close-list")
    page.click("#zoom-in")
    assert_points_are_painted(page, data, places, pixels)
    page.locator("#groups button", has_text="Depth").click()
    assert call(page, "shown") < 60
    page.click("#show-all")
    page.fill("#search", "number 30")
    page.keyboard.press("Enter")
    assert call(page, "selected") == "2010.00030"
    page.locator("#paper .neighbors button").first.click()
    assert call(page, "selected") == f"2010.{data.neighbors[30][0]:05}"
    assert complaints(page) == []


def assert_points_are_painted(page: Page, data: MapData, places: Places, pixels: Pixels) -> None:
    points = places(page, data)
    rows = seen(page, points)
    assert len(rows) > 10
    assert data.topic_of is not None
    screen = pixels(page)
    for row in rows:
        color = over(groups()[(data.topic_of[row] - 3) // 2])
        assert is_near(at(screen, points[[row]]), color, 12).all(), row


def test_without_a_graphics_card_the_picture_is_there(
    open_map: Open, without_webgl: Any, data: MapData, places: Places, pixels: Pixels
) -> None:
    page = open_map(data, by=without_webgl)
    expect(page.locator("#notice")).to_contain_text("no WebGL")
    page.click("#close-list")
    assert_points_are_painted(page, data, places, pixels)
    assert complaints(page) == []


def test_without_javascript_the_page_says_so(open_map: Open, data: MapData, browser: Any) -> None:
    address = open_map(data).url
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    expect(page.locator("noscript .notice, noscript p")).to_be_visible()
    context.close()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_the_map_jumps_for_those_who_want_no_motion(open_map: Open, data: MapData, settle: Settle, motion: str) -> None:
    page = open_map(data, reduced_motion=motion)
    between = page.evaluate(
        """async () => {
            const at = () => Math.round(explorerMap.position("2010.00000").x - explorerMap.position("2010.00001").x);
            const seen = [at()];
            document.getElementById("zoom-in").click();
            for (let i = 0; i < 60; i += 1) {
                await new Promise(requestAnimationFrame);
                seen.push(at());
            }
            return [...new Set(seen)];
        }"""
    )
    assert len(between) == 2 if motion == "reduce" else len(between) > 2
    call(page, "select('2010.00003')")
    assert page.evaluate("getComputedStyle(document.getElementById('panel')).animationName") == (
        "none" if motion == "reduce" else "arrive"
    )
