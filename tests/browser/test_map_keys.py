"""The map without a mouse, and read aloud."""

from __future__ import annotations

import numpy as np
import pytest
from browser.looking import Open, Settle, box_of, call, steps
from playwright.sync_api import Page, expect

from explorer.webmap import MapData

pytestmark = pytest.mark.browser

ARROWS = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, 1), "ArrowDown": (0, -1)}


def focused(page: Page) -> str:
    name: str = page.evaluate(
        "document.activeElement.id || document.activeElement.className || document.activeElement.tagName"
    )
    return name


def next_toward(data: MapData, row: int, arrow: str) -> int | None:
    """Return the row that an arrow leads to: within 45 degrees, aside counting twice more than ahead."""
    dx, dy = ARROWS[arrow]
    x, y = (steps(data) - steps(data)[row]).T
    ahead, aside = x * dx + y * dy, np.abs(x * dy - y * dx)
    cost = np.where((ahead > 0) & (aside <= ahead), ahead + 2 * aside, np.inf)
    return int(cost.argmin()) if np.isfinite(cost.min()) else None


def test_tab_goes_through_the_page_in_the_order_of_reading(page: Page) -> None:
    page.focus("#search")
    reached = ["search"]
    for _ in range(15):
        page.keyboard.press("Tab")
        reached.append(focused(page))
    groups = ["BUTTON"] * 3
    assert reached == [
        "search", "list", "map", "legend-toggle", "color-by", *groups, "from", "until", "trust", "zoom-in", "zoom-out", "zoom-all",
        "lasso", "box",
    ]  # fmt: skip
    page.focus("#list")
    page.keyboard.press("Enter")
    assert focused(page) == "list-name"
    page.keyboard.press("Tab")
    assert focused(page) == "close-list"


def test_what_has_the_focus_is_outlined(page: Page) -> None:
    outlined = "getComputedStyle(document.activeElement)"
    page.focus("#search")
    for _ in range(15):
        page.keyboard.press("Tab")
        width = page.evaluate(f"parseFloat({outlined}.outlineWidth) * ({outlined}.outlineStyle !== 'none')")
        assert width >= 2 or page.evaluate(f"{outlined}.boxShadow") != "none", focused(page)


def test_arrows_walk_to_the_nearest_paper_in_their_direction(page: Page, data: MapData, settle: Settle) -> None:
    papers = list(data.papers)
    call(page, "select('2010.00020')")
    page.keyboard.press("Escape")
    page.focus("#map")
    page.keyboard.press("ArrowRight")  # the paper nearest to the middle comes first
    titles = {paper.title: row for row, paper in enumerate(papers)}
    row = titles[page.inner_text("#tooltip .title")]
    walked, ends = set(), 0
    for arrow in [
        "ArrowRight",
        "ArrowUp",
        "ArrowLeft",
        "ArrowLeft",
        "ArrowDown",
        "ArrowDown",
        "ArrowRight",
        "ArrowUp",
    ] + ["ArrowLeft"] * 12:
        expected = next_toward(data, row, arrow)
        page.keyboard.press(arrow)
        if expected is None:
            ends += 1
            assert page.inner_text("#announced") == "No paper in this direction"
            continue
        row = expected
        walked.add(row)
        assert page.inner_text("#tooltip .title") == papers[row].title
        assert page.inner_text("#announced").startswith(f"{papers[row].title}, {papers[row].id}")
        place, stage = call(page, "position(value)", papers[row].id), box_of(page, "#stage")
        assert box_of(page, "#legend")["width"] < place["x"] < 1000
        assert stage["y"] < place["y"] < stage["y"] + stage["height"]
    assert len(walked) >= 8
    assert ends >= 1
    settle(page)
    tooltip, place = box_of(page, "#tooltip"), call(page, "position(value)", papers[row].id)
    assert tooltip["x"] <= place["x"] <= tooltip["x"] + tooltip["width"]

    page.keyboard.press("Enter")
    assert call(page, "selected") == papers[row].id
    assert focused(page) == "paper-title"
    page.keyboard.press("Escape")
    assert focused(page) == "map"


def test_plus_minus_and_zero_zoom(page: Page, data: MapData, settle: Settle) -> None:
    def scale() -> float:
        settle(page)
        left, right = (call(page, "position(value)", f"2010.{row:05}")["x"] for row in (0, 1))
        return float(right - left)

    page.focus("#map")
    whole = scale()
    page.keyboard.press("+")
    assert scale() == pytest.approx(1.6 * whole, rel=1e-3)
    page.keyboard.press("+")
    page.keyboard.press("-")
    assert scale() == pytest.approx(1.6 * whole, rel=1e-3)
    page.keyboard.press("0")
    assert scale() == pytest.approx(whole, rel=1e-3)


def test_the_list_is_walked_with_arrows_and_gets_the_focus_back(page: Page, data: MapData) -> None:
    page.keyboard.press("l")
    assert focused(page) == "list-name"
    page.locator("#entries button").first.focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.dataset.row") == "2"
    page.keyboard.press("Enter")
    assert call(page, "selected") == "2010.00002"
    assert focused(page) == "paper-title"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.row") == "2"
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    assert focused(page) == "list"


def test_escape_closes_the_nearest_thing_first(page: Page) -> None:
    page.click("#list")
    page.keyboard.press("/")
    page.keyboard.type("bridges")
    page.keyboard.press("Enter")
    assert call(page, "selected") is not None
    page.locator("#paper h2").focus()
    page.keyboard.press("Escape")
    assert call(page, "selected") is None
    assert focused(page) == "search"
    assert page.input_value("#search") == "bridges"
    page.keyboard.press("Escape")
    assert page.input_value("#search") == ""
    page.keyboard.press("Escape")
    assert focused(page) == "BODY"
    assert page.locator("#drawer").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("#drawer").is_hidden()


def test_letters_are_typed_into_fields_and_not_taken_for_commands(page: Page) -> None:
    page.focus("#search")
    page.keyboard.type("l/0+-")
    assert page.input_value("#search") == "l/0+-"
    assert page.locator("#drawer").is_hidden()


def test_nothing_has_the_focus_at_first_and_the_parts_have_names(open_map: Open, data: MapData) -> None:
    page = open_map(data)
    assert focused(page) == "BODY"
    tree = page.locator("body").aria_snapshot()
    for line in (
        'heading "A small library" [level=1]', 'combobox "Search titles, authors and abstracts"', "- main:",
        'button "List"', 'region "Colors and filters"', 'combobox "Color"', 'slider "From"', 'slider "True surroundings, at least"',
        'group "Zoom"', 'button "Select with a lasso"', 'button "Depth',
    ):  # fmt: skip
        assert line in tree, line
    application = page.get_by_role("application", name="Map of the papers")
    assert application.count() == 1
    assert "Arrow keys walk" in application.evaluate(
        "(map) => document.getElementById(map.getAttribute('aria-describedby')).textContent"
    )


def test_related_papers_are_reached_by_tab(page: Page, data: MapData) -> None:
    call(page, "select('2010.00010')")
    reached = []
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.dataset.row ?? ''"))
    assert [int(row) for row in reached if row] == data.neighbors[10].tolist()
    page.locator("#paper .neighbors button").nth(4).focus()
    page.keyboard.press("Enter")
    assert call(page, "selected") == f"2010.{data.neighbors[10][4]:05}"
    assert focused(page) == "paper-title"
