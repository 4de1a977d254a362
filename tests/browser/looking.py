"""What the tests of the map ask of a picture, and what they know of a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page

from explorer.webmap import MapData, palette

Open = Callable[..., Page]
Pixels = Callable[[Page], NDArray[np.int16]]
Places = Callable[[Page, MapData], NDArray[np.float64]]
Settle = Callable[[Page], None]
Color = tuple[int, int, int]

GROUND, DARK_GROUND = (0xF6, 0xF5, 0xF1), (0x14, 0x16, 0x1C)
POINT = (0x5A, 0x6F, 0x9C)
OPACITY = 0.9  # of the points of a small map


def rgb(color: str) -> Color:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def over(color: Color, ground: Color = GROUND, opacity: float = OPACITY) -> Color:
    """Return what a point of a color looks like on the ground."""
    red, green, blue = (round(opacity * own + (1 - opacity) * other) for own, other in zip(color, ground, strict=True))
    return red, green, blue


def groups(dark: bool = False) -> list[Color]:
    """Return the palette's colors for kinds of things."""
    return [rgb(color) for color in (palette.CATEGORICAL_DARK if dark else palette.CATEGORICAL_LIGHT)]


def ramp() -> list[Color]:
    """Return the palette's colors for more or less of something."""
    return [rgb(color) for color in palette.SEQUENTIAL_LIGHT]


def steps(data: MapData) -> NDArray[np.int64]:
    """Return the places as the page knows them: (n, 2) whole numbers from 0 to 65,535."""
    lowest = data.coordinates.min(axis=0).astype(np.float64)
    span = float((data.coordinates.max(axis=0) - lowest).max())
    return np.rint((data.coordinates - lowest) / (span or 1.0) * 65_535).astype(np.int64)


def lonely(points: NDArray[np.float64], distance: float) -> list[int]:
    """Return the rows with no other point within `distance` pixels, the loneliest first."""
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    nearest = apart.min(axis=1)
    return [int(row) for row in np.argsort(-nearest) if nearest[row] > distance]


def is_clear(page: Page, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which places of the window show the map: no card and its shadow, no button and no label lies there."""
    found = page.evaluate(
        """(points) => {
            const boxes = explorerMap.labels();
            const isMap = (x, y) => document.getElementById("map").contains(document.elementFromPoint(x, y));
            const around = [[0, 0], [24, 0], [-24, 0], [0, 24], [0, -24]];
            return points.map(([x, y]) => around.every(([dx, dy]) => isMap(x + dx, y + dy))
                && !boxes.some((box) => x > box.x - 6 && x < box.x + box.width + 6 && y > box.y - 6 && y < box.y + box.height + 6));
        }""",
        points.tolist(),
    )
    return np.array(found)


def seen(page: Page, points: NDArray[np.float64], distance: float = 14) -> list[int]:
    """Return the rows whose points stand alone and uncovered, the loneliest first."""
    clear = is_clear(page, points)
    return [row for row in lonely(points, distance) if clear[row]]


def is_near(colors: NDArray[np.int16], color: Color | NDArray[np.int64], tolerance: int) -> NDArray[np.bool_]:
    close: NDArray[np.bool_] = (np.abs(colors - np.array(color)).max(axis=-1)) <= tolerance
    return close


def empty_spots(page: Page, points: NDArray[np.float64], distance: float) -> NDArray[np.int64]:
    """Return (m, 2) pixels of the map where no point is within `distance`."""
    spots = np.random.default_rng(3).integers((20, 80), (980, 640), size=(400, 2))
    away = np.linalg.norm(spots[:, None] - points[None], axis=2).min(axis=1)
    chosen: NDArray[np.int64] = spots[(away > distance) & is_clear(page, spots.astype(float))]
    return chosen


def at(screen: NDArray[np.int16], spots: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.int16]:
    rounded = np.floor(spots).astype(int)
    colors: NDArray[np.int16] = screen[rounded[:, 1], rounded[:, 0]]
    return colors


def is_reddish(screen: NDArray[np.int16], place: NDArray[np.float64], least: int = 60) -> bool:
    """Return whether a place has the accent's color."""
    x, y = np.floor(place).astype(int)
    around = screen[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3)
    return bool((around[:, 0] - around[:, 2]).max() > least)


def click_on(page: Page, place: Iterable[float]) -> None:
    x, y = place
    page.mouse.move(x + 1, y + 1)
    page.mouse.move(x, y)
    page.mouse.click(x, y)


def drag(page: Page, corners: Iterable[Iterable[float]], key: str = "") -> None:
    """Draw a line with the button of the mouse held down, and with a key, if any."""
    (x, y), *others = corners
    page.mouse.move(x, y)
    if key:
        page.keyboard.down(key)
    page.mouse.down()
    for x, y in others:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    if key:
        page.keyboard.up(key)


def inside(points: NDArray[np.float64], corners: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points lie in a polygon: where the corners turn around them."""
    turned = np.zeros(len(points))
    for one, other in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        first, second = one - points, other - points
        cross = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
        turned += np.arctan2(cross, (first * second).sum(axis=1))
    return np.abs(turned) > np.pi


def box_of(page: Page, selector: str) -> dict[str, float]:
    box = page.locator(selector).bounding_box()
    assert box is not None, f"{selector} is not shown"
    return box  # type: ignore[return-value]


def call(page: Page, expression: str, *argument: Any) -> Any:
    """Return what an expression of the page's own interface gives."""
    return page.evaluate(
        f"explorerMap.{expression}" if not argument else f"(value) => explorerMap.{expression}", *argument
    )


def complaints(page: Page) -> list[str]:
    noted: list[str] = page.noted["complaints"]  # type: ignore[attr-defined]
    return noted
