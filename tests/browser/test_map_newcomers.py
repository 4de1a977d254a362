"""New papers on the map: ringed in every coloring, with and without WebGL, until the reader switches that off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from browser.looking import (
    DARK_GROUND,
    GROUND,
    Open,
    Pixels,
    Places,
    Settle,
    at,
    call,
    complaints,
    groups,
    is_near,
    over,
    seen,
)
from browser.test_map_access import NO_WEBGL, PHONE, violations
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from explorer.papers import Paper
from explorer.webmap import MapData

pytestmark = pytest.mark.browser

INK, DARK_INK = (0x1F, 0x24, 0x30), (0xE8, 0xE9, 0xEE)
NEW = list(range(40, 60))
IDS = [f"2010.{row:05}" for row in NEW]


@pytest.fixture(scope="module")
def grown(data: MapData) -> MapData:
    return replace(data, newcomers=NEW, added="2026-11-29")


@pytest.fixture(scope="module")
def shared(open_map: Open, grown: MapData) -> Page:
    return open_map(grown)


def ringed(page: Page, points: NDArray[np.float64], screen: NDArray[np.int16], ink: Any = INK) -> list[int]:
    """Return the rows, of those that stand alone, with a ring: where most of a circle around them has its color."""
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    radius = 10.5 * (55 / 60) ** (1 / 6) / 2 + 3  # half the point, and three pixels; a line may lie between two pixels
    nearby = np.array([radius - 0.7, radius, radius + 0.7])[:, None, None] * circle
    rows = seen(page, points, 24)
    return sorted(
        row for row in rows if is_near(at_all(screen, points[row] + nearby), ink, 70).any(axis=0).mean() > 0.8
    )


def at_all(screen: NDArray[np.int16], spots: NDArray[np.float64]) -> NDArray[np.int16]:
    return at(screen, spots.reshape(-1, 2)).reshape(*spots.shape[:2], 3)


def alone(page: Page, points: NDArray[np.float64], rows: list[int]) -> list[int]:
    return sorted(row for row in seen(page, points, 24) if row in rows)


def assert_ringed(page: Page, data: MapData, pixels: Pixels, places: Places, rows: list[int], ink: Any = INK) -> None:
    points = places(page, data)
    expected = alone(page, points, rows)
    assert not rows or len(expected) >= 3
    assert ringed(page, points, pixels(page), ink) == expected
    assert call(page, "rings()") == [f"2010.{row:05}" for row in rows]


def test_new_papers_are_ringed_in_every_coloring(page: Page, grown: MapData, pixels: Pixels, places: Places) -> None:
    assert page.inner_text("#novelty label") == "New: 20 papers added 2026-11-29"
    for coloring in ("topic", "category", "date", "faithfulness"):
        page.select_option("#color-by", coloring)
        assert_ringed(page, grown, pixels, places, NEW)
    page.click("#zoom-in")
    points = places(page, grown)
    assert ringed(page, points, pixels(page)) == alone(page, points, NEW)


def test_points_in_a_ring_keep_their_color(page: Page, grown: MapData, pixels: Pixels, places: Places) -> None:
    points, screen = places(page, grown), pixels(page)
    assert grown.topic_of is not None
    for row in alone(page, points, NEW):
        color = over(groups()[(grown.topic_of[row] - 3) // 2], GROUND)
        assert is_near(at(screen, points[[row]]), color, 12).all(), row


def test_rings_are_light_in_the_dark(open_map: Open, grown: MapData, pixels: Pixels, places: Places) -> None:
    page = open_map(grown, color_scheme="dark")
    assert_ringed(page, grown, pixels, places, NEW, DARK_INK)
    assert is_near(at(pixels(page), np.array([[500, 690]])), DARK_GROUND, 40).all()
    assert violations(page) == []


def test_the_rings_can_be_switched_off_by_mouse_and_by_keyboard(
    page: Page, grown: MapData, pixels: Pixels, places: Places
) -> None:
    box = page.get_by_role("checkbox", name="New: 20 papers added 2026-11-29")
    expect(box).to_be_checked()
    page.click("#novelty label")
    expect(box).not_to_be_checked()
    assert_ringed(page, grown, pixels, places, [])
    box.focus()
    page.keyboard.press("Space")
    expect(box).to_be_checked()
    page.mouse.move(500, 5)
    assert_ringed(page, grown, pixels, places, NEW)


def test_new_papers_that_are_not_shown_have_no_ring(page: Page, grown: MapData, pixels: Pixels, places: Places) -> None:
    page.locator("#groups button", has_text="Depth").click()
    assert grown.topic_of is not None
    others = [row for row in NEW if grown.topic_of[row] not in (3, 4)]
    assert 0 < len(others) < 20
    assert_ringed(page, grown, pixels, places, others)


def test_the_new_papers_can_be_listed_and_are_called_new(page: Page) -> None:
    page.get_by_role("button", name="List the new papers").click()
    assert call(page, "selection()") == IDS
    assert page.inner_text("#list-name") == "Selected: 20 papers"
    assert page.locator("#entries .meta").first.inner_text().endswith(" · new")
    page.locator("#entries button").first.click()
    assert page.locator("#paper .meta").first.inner_text() == "2010.00040 · 2014-05-07 · new"
    page.click("#clear")
    page.locator("#entries button").first.click()
    assert page.locator("#paper .meta").first.inner_text() == "2010.00000 · 2010-01-07"
    assert violations(page) == []


def test_walking_says_who_is_new(page: Page, settle: Settle) -> None:
    page.focus("#map")
    said = {}
    for key in ["ArrowRight", "ArrowUp", "ArrowLeft", "ArrowLeft", "ArrowDown", "ArrowDown"] * 3:
        page.keyboard.press(key)
        settle(page)
        words = page.inner_text("#announced").split(", ")
        if len(words) > 1:
            said[words[1].split(" · ")[0]] = words[-1] == "new"
    assert set(said.values()) == {True, False}
    assert all(is_new == (paper in IDS) for paper, is_new in said.items())


def test_without_webgl_new_papers_are_ringed_too(
    open_map: Open, grown: MapData, pixels: Pixels, places: Places
) -> None:
    page = open_map(grown, before=NO_WEBGL)
    assert call(page, "picture") == "density"
    page.click("#close-list")
    assert_ringed(page, grown, pixels, places, NEW)
    page.click("#novelty label")
    assert_ringed(page, grown, pixels, places, [])
    assert complaints(page) == []


def test_on_a_phone_the_box_is_large_enough(open_map: Open, grown: MapData, settle: Settle) -> None:
    page = open_map(grown, **PHONE)
    page.tap("#legend-toggle")
    for name in ("#show-new", "#list-new"):
        box = page.locator(name).bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24
        assert box["x"] + box["width"] <= 390
    page.tap("#show-new")
    settle(page)
    assert call(page, "rings()") == []
    assert violations(page) == []


@pytest.mark.parametrize(("more", "text"), [({"newcomers": [3]}, "New: 1 paper added"), ({"added": "2026-11-29"}, "")])
def test_the_page_says_what_it_knows(open_map: Open, data: MapData, more: dict[str, Any], text: str) -> None:
    page = open_map(replace(data, **more))
    expect(page.locator("#novelty")).to_be_visible(visible=bool(text))
    assert page.locator("#new").text_content() == text
    assert call(page, "rings()") == (["2010.00003"] if text else [])
    assert complaints(page) == []


def test_a_large_library_rings_its_new_papers(
    open_map: Open, make_data: Callable[..., MapData], pixels: Pixels, places: Places
) -> None:
    """100,000 papers of which 500 are new, one of them far from all others."""
    count = 100_000
    random = np.random.default_rng(5)
    coordinates = random.normal(size=(count, 2)).astype(np.float32)
    coordinates[-1] = (6, -5)
    nobody = np.zeros((count, 0))
    papers = [Paper(f"p{row}", f"Title {row}") for row in range(count)]
    rows = range(count - 500, count)
    data = MapData(
        "A large library", papers, coordinates, nobody.astype(np.int32), nobody.astype(np.float32), newcomers=rows
    )
    page = open_map(data)
    assert call(page, "picture") == "points"
    assert len(call(page, "rings()")) == 500
    lonely, screen = places(page, data)[-1], pixels(page)
    around = screen[int(lonely[1]) - 7 : int(lonely[1]) + 8, int(lonely[0]) - 7 : int(lonely[0]) + 8]
    assert 12 < is_near(around, INK, 70).sum() < 60
    page.click("#novelty label")
    screen = pixels(page)
    around = screen[int(lonely[1]) - 7 : int(lonely[1]) + 8, int(lonely[0]) - 7 : int(lonely[0]) + 8]
    assert is_near(around, INK, 70).sum() == 0
    assert complaints(page) == []
