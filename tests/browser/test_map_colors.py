"""Coloring the map, and showing a part of it: by legend, by time, by faithfulness."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from browser.looking import (
    GROUND,
    Color,
    Open,
    Pixels,
    Places,
    Settle,
    at,
    box_of,
    call,
    complaints,
    groups,
    over,
    ramp,
    rgb,
    seen,
)
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page

from explorer.papers import Paper
from explorer.webmap import MapData, palette

pytestmark = pytest.mark.browser

OTHER = rgb(palette.OTHER_LIGHT)


def legend(page: Page) -> dict[str, int]:
    """Return the groups that the legend names, and how many papers it says each has."""
    names = page.locator("#groups .group").all_text_contents()
    sizes = [int(size.replace(",", "")) for size in page.locator("#groups .meta").all_text_contents()]
    return dict(zip(names, sizes, strict=True))


def group(page: Page, name: str) -> Locator:
    return page.locator("#groups button", has_text=name)


def steps_of(values: NDArray[np.float64], low: float, high: float, steps: int) -> NDArray[np.int64]:
    return np.clip(np.floor((values - low) / (high - low) * steps), 0, steps - 1).astype(np.int64)


def assert_colors(
    page: Page, data: MapData, pixels: Pixels, places: Places, expected: dict[int, Color], opacity: float = 0.9
) -> None:
    """Assert that the points of these rows, where they can be seen, have these colors."""
    screen, points = pixels(page), places(page, data)
    rows = [row for row in seen(page, points) if row in expected]
    assert len(rows) > len(expected) / 4
    wanted = np.array([over(expected[row], GROUND, opacity) for row in rows])
    found = at(screen, points[rows])
    wrong = np.abs(found - wanted).max(axis=1) > 12
    assert not wrong.any(), [(rows[i], wanted[i].tolist(), found[i].tolist()) for i in np.flatnonzero(wrong)]


def near_line(points: NDArray[np.float64], one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points lie on the line between two of them, or close to it."""
    along = np.clip((points - one) @ (other - one) / ((other - one) ** 2).sum(), 0, 1)
    away: NDArray[np.bool_] = np.linalg.norm(points - one - along[:, None] * (other - one), axis=1) < 9
    return away


def color_of_step(step: int, steps: int) -> Color:
    colors = ramp()
    return colors[math.floor(step / (steps - 1) * (len(colors) - 1) + 0.5)]


def test_categories_have_colors_the_commonest_first(page: Page, data: MapData, pixels: Pixels, places: Places) -> None:
    page.select_option("#color-by", "category")
    assert legend(page) == {"cs.CV": 20, "math.CO": 20, "stat.ML": 20}
    assert_colors(page, data, pixels, places, {row: groups()[row % 3] for row in range(60)})


def test_dates_are_steps_of_the_ramp(page: Page, data: MapData, pixels: Pixels, places: Places) -> None:
    page.select_option("#color-by", "date")
    years = [paper.date[:4] for paper in data.papers]
    assert legend(page) == {year: years.count(year) for year in sorted(set(years) - {""})} | {"unknown": 4}
    colors = {row: color_of_step(int(year) - 2010, 6) if year else OTHER for row, year in enumerate(years)}
    assert_colors(page, data, pixels, places, colors)


def test_similarity_is_that_to_the_chosen_paper(page: Page, data: MapData, pixels: Pixels, places: Places) -> None:
    page.select_option("#color-by", "similarity")
    assert page.inner_text("#hint") == "Choose a paper on the map."
    for chosen in (5, 20):
        call(page, "select(value)", f"2010.{chosen:05}")
        assert data.directions is not None
        similar = (data.directions @ data.directions[chosen]).astype(np.float64)
        others = np.arange(60) != chosen
        low, high = similar[others].min(), similar[others].max()
        assert next(iter(legend(page))).startswith(f"{low:.2f} – ")
        assert list(legend(page))[-1].endswith(f" – {high:.2f}")
        exact = (similar - low) / (high - low) * 9
        certain = others & (np.abs(exact - np.rint(exact)) > 0.1)  # directions are rounded
        sizes = np.bincount(steps_of(similar, low, high, 9), minlength=9)
        assert sum(legend(page).values()) == 60
        assert np.abs(np.array(list(legend(page).values())) - sizes[sizes > 0]).sum() <= 2 * (~certain).sum()
        colors = {
            int(row): color_of_step(int(steps_of(similar[[row]], low, high, 9)[0]), 9)
            for row in np.flatnonzero(certain)
        }
        call(page, "close()")
        assert page.inner_text("#hint") == "Choose a paper on the map."
        # Once no paper is chosen there is nothing to color by, so the colors are read from a page that keeps it.
        call(page, "select(value)", f"2010.{chosen:05}")
        points = places(page, data)
        crossed = [near_line(points, points[chosen], points[other]) for other in data.neighbors[chosen]]
        far = {row: color for row, color in colors.items() if not np.any(crossed, axis=0)[row]}
        assert_colors(page, data, pixels, places, far, opacity=0.9 * 0.4)  # dimmed


def test_faithfulness_is_shown_in_fifths(page: Page, data: MapData, pixels: Pixels, places: Places) -> None:
    page.select_option("#color-by", "faithfulness")
    assert data.faithfulness is not None
    share = np.array([row % 16 for row in range(60)])  # fifteenths: 3, 6, 9 and 12 of them lie on a limit
    known = np.isfinite(data.faithfulness)
    level = np.minimum(share // 3, 4)
    names = ["0 – 20 %", "20 – 40 %", "40 – 60 %", "60 – 80 %", "80 – 100 %"]
    sizes = np.bincount(level[known], minlength=5).tolist()
    assert legend(page) == dict(zip(names, sizes, strict=True)) | {"unknown": 3}
    colors = {row: color_of_step(int(level[row]), 5) if known[row] else OTHER for row in range(60)}
    assert_colors(page, data, pixels, places, colors)


def test_own_columns_color_by_number_and_by_name(page: Page, data: MapData, pixels: Pixels, places: Places) -> None:
    assert page.locator("#color-by option").all_text_contents() == [
        "Topic", "Category", "Date", "Similarity to a paper", "Faithfulness", "citations", "group", "mixed"
    ]  # fmt: skip
    page.select_option("#color-by", label="citations")
    given = np.array([math.nan if row % 10 == 3 else row * row for row in range(60)])
    known = np.isfinite(given)
    level = steps_of(given[known], 0, 59 * 59, 9)
    sizes = np.bincount(level, minlength=9)
    assert list(legend(page).values()) == [*sizes[sizes > 0], 6]
    assert list(legend(page))[-1] == "unknown"
    colors = {int(row): color_of_step(int(step), 9) for row, step in zip(np.flatnonzero(known), level, strict=True)}
    assert_colors(page, data, pixels, places, colors | dict.fromkeys(range(3, 60, 10), OTHER))

    page.select_option("#color-by", label="group")
    assert legend(page) == {"alpha": 20, "beta": 20, "gamma": 20}
    assert_colors(page, data, pixels, places, {row: groups()[row % 3] for row in range(60)})

    page.select_option("#color-by", label="mixed")
    assert legend(page) == {"name 0": 15, "name 2": 15, **dict.fromkeys(list(legend(page))[2:-1], 1), "21 others": 21}
    assert len(legend(page)) == 12


def test_the_legend_hides_groups_and_isolates_one(page: Page, data: MapData, pixels: Pixels, places: Places) -> None:
    assert data.topic_of is not None
    coarse = (data.topic_of - 3) // 2
    sizes = np.bincount(coarse).tolist()
    assert legend(page) == dict(zip(["Depth", "Bridges", "Graphs"], sizes, strict=True))
    group(page, "Depth").click()
    assert group(page, "Depth").get_attribute("aria-pressed") == "false"
    assert call(page, "shown") == 60 - sizes[0]
    assert page.inner_text("#shown") == f"{60 - sizes[0]} of 60 papers shown"
    soft = (0x5D, 0x64, 0x74)
    hidden = {row: soft for row in range(60) if coarse[row] == 0}
    assert_colors(page, data, pixels, places, hidden, opacity=0.16)  # hardly there
    assert_colors(page, data, pixels, places, {row: groups()[coarse[row]] for row in range(60) if coarse[row]})
    hover_finds_nothing(page, places(page, data)[[row for row in seen(page, places(page, data), 30) if row in hidden]])

    page.wait_for_timeout(600)  # else this click and the last are a double-click
    group(page, "Depth").click()
    assert call(page, "shown") == 60
    assert page.inner_text("#shown") == ""


def hover_finds_nothing(page: Page, points: NDArray[np.float64]) -> None:
    assert len(points) > 0
    for point in points:
        page.mouse.move(*(point + 1))
        page.mouse.move(*point)
        assert page.locator("#tooltip").is_hidden()


def test_one_group_is_shown_alone_by_double_click_and_by_shift(page: Page, data: MapData) -> None:
    assert data.topic_of is not None
    alone = int(np.sum((data.topic_of - 3) // 2 == 1))
    for way in ("double-click", "Shift", "keys"):
        for expected in (alone, 60):
            if way == "double-click":
                page.wait_for_timeout(600)
                group(page, "Bridges").dblclick()
            elif way == "Shift":
                group(page, "Bridges").click(modifiers=["Shift"])
            else:
                group(page, "Bridges").focus()
                page.keyboard.press("Shift+Enter")
            assert call(page, "shown") == expected, way
    group(page, "Bridges").click(modifiers=["Shift"])
    page.click("#show-all")
    assert call(page, "shown") == 60
    assert {button.get_attribute("aria-pressed") for button in page.locator("#groups button").all()} == {"true"}


def test_another_coloring_shows_all_groups_again(page: Page) -> None:
    group(page, "Bridges").click(modifiers=["Shift"])
    page.select_option("#color-by", "category")
    assert call(page, "shown") == 60
    group(page, "math.CO").click(modifiers=["Shift"])
    assert call(page, "shown") == 20


def test_faithfulness_has_a_least_value(page: Page, data: MapData) -> None:
    assert data.faithfulness is not None
    for least in (20, 60, 80, 95):
        page.locator("#trust").fill(str(least))
        fifteenths = np.array([row % 16 for row in range(60)])
        kept = np.isfinite(data.faithfulness) & (fifteenths * 100 >= least * 15)
        assert call(page, "shown") == kept.sum()
        assert page.inner_text("#least") == f"{least}\u00a0%"
    page.locator("#trust").focus()
    page.keyboard.press("Home")
    assert call(page, "shown") == 60
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#least") == "5\u00a0%"
    page.click("#show-all")
    assert page.input_value("#trust") == "0"


def test_time_is_a_histogram_with_two_ends(page: Page, data: MapData, settle: Settle) -> None:
    years = np.array([int(paper.date[:4] or 0) for paper in data.papers])

    def counts(first: int = 2010, last: int = 2015) -> str:
        kept = years[(years >= first) & (years <= last)]
        return " ".join(map(str, np.bincount(kept - 2010, minlength=6)))

    assert page.get_attribute("#bars", "data-shown") == counts()
    assert page.inner_text("#range") == "2010 – 2015"
    page.locator("#from").fill("1")
    page.locator("#until").fill("3")
    assert call(page, "shown") == ((years >= 2011) & (years <= 2013)).sum()
    assert page.get_attribute("#bars", "data-shown") == counts(2011, 2013)
    assert page.inner_text("#range") == "2011 – 2013"
    page.locator("#from").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")  # past the other end: they change their parts
    assert page.get_attribute("#from", "aria-valuetext") == "2014"
    assert call(page, "shown") == ((years >= 2013) & (years <= 2014)).sum()
    bars = box_of(page, "#bars")
    page.mouse.click(bars["x"] + bars["width"] * 2.5 / 6, bars["y"] + 20)
    assert call(page, "shown") == (years == 2012).sum()
    assert page.inner_text("#range") == "2012"
    # All conditions hold at once.
    group(page, "Bridges").click(modifiers=["Shift"])
    assert data.topic_of is not None
    both = (years == 2012) & ((data.topic_of - 3) // 2 == 1)
    assert call(page, "shown") == both.sum()
    page.click("#show-all")
    assert (page.inner_text("#range"), call(page, "shown")) == ("2010 – 2015", 60)
    settle(page)


def test_months_and_days_stand_for_years_where_all_is_of_one(open_map: Open, make_data: Callable[..., MapData]) -> None:
    months = ["2020-01", "2020-02-03", "2020-02-17", "2020-07", ""]
    days = ["2020-02-03", "2020-02-17", "2020-02-17"]
    for dates, expected, first in ((months, "1 2 1", "2020-01"), (days, "1 2", "2020-02-03")):
        page = open_map(make_data([Paper(str(row), f"Title {row}", date=date) for row, date in enumerate(dates)]))
        assert page.get_attribute("#bars", "data-shown") == expected
        assert page.inner_text("#range").startswith(first)
        assert complaints(page) == []


def test_without_anything_to_color_by_the_points_are_plain(
    open_map: Open, make_data: Callable[..., MapData], pixels: Pixels, places: Places
) -> None:
    data = make_data([Paper(str(row), f"Title {row}") for row in range(30)], directions=None, columns={"x": [7] * 30})
    page = open_map(data)
    assert page.locator("#color-by option").all_text_contents() == ["Similarity to a paper", "x"]
    assert page.locator("#timeline").is_hidden()
    assert page.locator("#trusting").is_hidden()
    assert_colors(page, data, pixels, places, dict.fromkeys(range(30), (0x5A, 0x6F, 0x9C)))
    page.select_option("#color-by", label="x")
    assert legend(page) == {"7": 30}
    assert complaints(page) == []
