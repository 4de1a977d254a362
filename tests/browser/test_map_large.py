"""A library with more papers than are drawn at once: a picture of crowds from afar, points nearby."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from browser.looking import (
    GROUND,
    Open,
    Pixels,
    Places,
    Settle,
    at,
    call,
    click_on,
    complaints,
    groups,
    is_clear,
    is_near,
    over,
)
from numpy.typing import NDArray
from playwright.sync_api import Page

from explorer.papers import Paper
from explorer.webmap import MapData, MapTopic

pytestmark = pytest.mark.browser

COUNT = 130_000
# Three crowds, and one paper by itself in the middle.
CENTERS = np.array([(-8, 0), (8, 3), (2, -9)])


@pytest.fixture(scope="module")
def data(make_data: Callable[..., MapData]) -> MapData:
    random = np.random.default_rng(5)
    crowd = random.integers(0, 3, COUNT)
    places = (CENTERS[crowd] + random.normal(size=(COUNT, 2))).astype(np.float32)
    places[0] = 0
    nobody = np.zeros((COUNT, 0))
    return MapData(
        "A large library",
        [Paper(f"p{row}", f"Title {row} about {('bridges', 'depth', 'graphs')[crowd[row]]}") for row in range(COUNT)],
        places,
        nobody.astype(np.int32),
        nobody.astype(np.float32),
        [MapTopic(at, 0, ("Bridges", "Depth", "Graphs")[at], at) for at in range(3)],
        crowd.astype(np.int32),
    )


@pytest.fixture(scope="module")
def shared(open_map: Open, data: MapData) -> Page:
    return open_map(data)


def centers(page: Page, data: MapData, places: Places) -> NDArray[np.float64]:
    points = places(page, data)
    return np.array([np.median(points[data.topic_of == at], axis=0) for at in range(3)])


def test_from_afar_crowds_are_painted_in_their_colors(
    page: Page, data: MapData, pixels: Pixels, places: Places
) -> None:
    assert call(page, "picture") == "density"
    middles = centers(page, data, places)
    screen = pixels(page)
    for middle, color in zip(middles, groups(), strict=False):
        around = middle + np.random.default_rng(1).normal(scale=14, size=(400, 2))
        clear = is_clear(page, around)
        assert clear.sum() > 20  # the rest lies below their names
        assert is_near(at(screen, around[clear]), color, 40).mean() > 0.8
    points = places(page, data)
    lone = np.floor(points[0]).astype(int)
    near = screen[lone[1] - 1 : lone[1] + 2, lone[0] - 1 : lone[0] + 2].reshape(-1, 3)
    assert (np.abs(near - np.array(GROUND)).max(axis=1) > 20).any()  # one paper is seen, too
    spots = np.random.default_rng(2).uniform((300, 80), (980, 640), size=(300, 2))
    empty = [spot for spot in spots if np.abs(points - spot).max(axis=1).min() > 8]
    clear = np.array(empty)[is_clear(page, np.array(empty))]
    assert len(clear) > 50
    assert is_near(at(screen, clear), GROUND, 6).mean() > 0.95


def test_nearby_plotly_draws_the_points(
    page: Page, data: MapData, pixels: Pixels, places: Places, settle: Settle
) -> None:
    x, y = centers(page, data, places)[1]
    page.mouse.move(x, y)
    for _ in range(6):
        page.mouse.wheel(0, -400)  # at once: each stop would have a hundred thousand points drawn
    settle(page)
    page.wait_for_function("explorerMap.picture === 'points'")
    points = places(page, data)
    inside = np.flatnonzero(((points > (300, 80)) & (points < (980, 640))).all(axis=1))
    assert 30 < len(inside) < 60_000
    clear = inside[is_clear(page, points[inside])][:400]
    screen = pixels(page)
    ground = np.array(GROUND)
    toward = np.array(over(groups()[1], GROUND, 0.32)) - ground  # a single point lets much of the ground through
    shade = (at(screen, points[clear]) - ground) @ toward / (toward @ toward)
    assert (shade > 0.5).mean() > 0.9

    page.click("#zoom-all")
    settle(page)
    assert call(page, "picture") == "density"


def test_papers_are_found_filtered_and_opened(page: Page, data: MapData, places: Places, settle: Settle) -> None:
    page.locator("#groups button", has_text="Depth").click(modifiers=["Shift"])
    alone = int((data.topic_of == 1).sum())
    assert call(page, "shown") == alone
    page.fill("#search", "title about depth")
    assert page.inner_text("#found") == f"{alone:,} papers, the first 50 listed"
    page.click("#show-all")
    page.fill("#search", "77777")
    page.keyboard.press("Enter")
    assert call(page, "selected") == "p77777"
    assert "too large for this page to hold the abstracts" in page.inner_text("#paper")
    call(page, "close()")
    page.fill("#search", "")
    page.click("#zoom-all")
    settle(page)
    click_on(page, places(page, data)[0])
    assert call(page, "selected") == "p0"
    assert complaints(page) == []
