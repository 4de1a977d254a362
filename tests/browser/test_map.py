"""The map as a person meets it: looked at, hovered, clicked, moved, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from browser.looking import (
    DARK_GROUND,
    GROUND,
    Color,
    Open,
    Pixels,
    Places,
    Settle,
    at,
    box_of,
    call,
    click_on,
    complaints,
    empty_spots,
    groups,
    is_near,
    is_reddish,
    lonely,
    over,
    seen,
    steps,
)
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from explorer.webmap import MapData

pytestmark = pytest.mark.browser


def coarse(data: MapData) -> NDArray[np.int32]:
    """Return the coarse topic of each paper, which has the color of the same number."""
    assert data.topic_of is not None
    return (data.topic_of - 3) // 2


def assert_points_are_drawn(
    page: Page, screen: NDArray[np.int16], data: MapData, points: NDArray[np.float64], dark: bool = False
) -> None:
    ground: Color = DARK_GROUND if dark else GROUND
    colors = np.array([over(color, ground) for color in groups(dark)])
    rows = seen(page, points)
    assert len(rows) > 20
    assert set(coarse(data)[rows]) == {0, 1, 2}
    assert (np.abs(at(screen, points[rows]) - colors[coarse(data)[rows]]).max(axis=1) <= 10).all()
    spots = empty_spots(page, points, 14)
    assert len(spots) > 80
    assert is_near(at(screen, spots), ground, 2).mean() > 0.95  # cards throw shadows


def assert_panel_shows(page: Page, data: MapData, row: int) -> None:
    papers = list(data.papers)
    expect(page.locator("#paper h2")).to_have_text(papers[row].title)
    assert page.locator("#paper .neighbors .clamp").all_text_contents() == [
        papers[other].title for other in data.neighbors[row]
    ]
    assert page.locator("#paper .similarity").all_text_contents() == [
        f"{value:.3f}" for value in data.similarities[row]
    ]
    assert call(page, "selected") == papers[row].id
    assert page.evaluate("location.hash") == f"#paper={papers[row].id}"


def far_neighbors(data: MapData, row: int) -> list[bool]:
    """Return for each neighbor whether more than 15 papers lie nearer in the picture; 60 papers are too few for more."""
    away = ((steps(data) - steps(data)[row]) ** 2).sum(axis=1)
    nearer = (away[None, np.arange(len(away)) != row] < away[data.neighbors[row]][:, None]).sum(axis=1)
    return (nearer > 15).tolist()


def assert_lines_lead_to_the_neighbors(
    page: Page, data: MapData, row: int, screen: NDArray[np.int16], points: NDArray[np.float64]
) -> None:
    lines = call(page, "lines()")
    assert [line["far"] for line in lines] == far_neighbors(data, row)
    for line, other in zip(lines, data.neighbors[row], strict=True):
        assert [line["from"]["x"], line["from"]["y"]] == pytest.approx(points[row], abs=0.6)
        assert [line["to"]["x"], line["to"]["y"]] == pytest.approx(points[other], abs=0.6)
    alone = set(lonely(points, 12))
    kinds = []
    for line, other in zip(lines, data.neighbors[row].tolist(), strict=True):
        if other not in alone or page.evaluate(
            "([x, y]) => !document.getElementById('map').contains(document.elementFromPoint(x, y))",
            points[other].tolist(),
        ):
            continue
        kinds.append(line["far"])
        if line["far"]:
            assert is_near(at(screen, points[[other]]), GROUND, 60).all()  # hollow: what lies below shines through
        else:
            assert is_reddish(screen, points[other])
            toward = (points[row] - points[other]) / np.linalg.norm(points[row] - points[other])
            assert is_reddish(screen, points[other] + 14 * toward)
    assert len(kinds) >= 3


def test_points_have_the_colors_of_their_topics(page: Page, data: MapData, pixels: Pixels, places: Places) -> None:
    assert call(page, "picture") == "points"
    assert_points_are_drawn(page, pixels(page), data, places(page, data))


def test_the_first_picture_needs_neither_plotly_nor_texts(
    page: Page, open_map: Open, data: MapData, pixels: Pixels, places: Places
) -> None:
    # Nothing that is deflated ever arrives.
    before = "window.DecompressionStream = class { readable = new ReadableStream(); writable = new WritableStream(); };"
    first = open_map(data, before=before, until="drawn")
    assert call(first, "picture") == "density"
    assert first.evaluate("window.Plotly") is None
    assert first.is_disabled("#search")
    assert_points_are_drawn(first, pixels(first), data, places(page, data))
    assert [label["text"] for label in call(first, "labels()")] == [label["text"] for label in call(page, "labels()")]
    assert complaints(first) == []


def test_the_page_asks_for_nothing_and_complains_of_nothing(open_map: Open, data: MapData, settle: Settle) -> None:
    page = open_map(data)
    page.mouse.move(400, 300)
    call(page, "select('2010.00005')")
    page.fill("#search", "depth")
    page.mouse.wheel(0, -300)
    page.select_option("#color-by", "date")
    page.click("#list")
    settle(page)
    assert [address for address in page.noted["requests"] if not address.startswith(("data:", "blob:"))] == [  # type: ignore[attr-defined]
        page.url.partition("#")[0]
    ]
    assert complaints(page) == []


def test_hover_shows_the_title_inside_the_window(page: Page, data: MapData, places: Places) -> None:
    points = places(page, data)
    papers = list(data.papers)
    rows = seen(page, points, 24)
    outermost = {rows[int(index)] for index in (*points[rows].argmin(axis=0), *points[rows].argmax(axis=0))}
    for row in outermost:
        page.mouse.move(*(points[row] + 2))
        page.mouse.move(*points[row])
        tooltip = page.locator("#tooltip")
        expect(tooltip).to_be_visible()
        expect(tooltip.locator(".title")).to_have_text(papers[row].title)
        assert data.topic_of is not None
        topic = data.topics[data.topic_of[row]].label
        expect(tooltip.locator(".meta")).to_have_text(" · ".join(filter(None, (papers[row].date[:4], topic))))
        box = box_of(page, "#tooltip")
        assert 0 <= box["x"] <= 1000 - box["width"]
        assert 0 <= box["y"] <= 700 - box["height"]
    page.mouse.move(500, 5)
    expect(tooltip).to_be_hidden()


def test_a_click_opens_the_paper_and_its_neighbors(page: Page, data: MapData, pixels: Pixels, places: Places) -> None:
    points = places(page, data)
    row = next(row for row in seen(page, points, 10) if points[row][0] < 560 and row % 3 == 0)
    click_on(page, points[row])
    expect(page.locator("#panel")).to_be_visible()
    assert_panel_shows(page, data, row)

    paper = list(data.papers)[row]
    assert data.topic_of is not None
    topic = data.topics[data.topic_of[row]]
    assert page.locator("#paper .abstract p").all_text_contents() == paper.abstract.split("\n\n")
    assert page.inner_text("#paper .authors") == ", ".join(paper.authors)
    assert page.locator("#paper > .meta").first.inner_text() == " · ".join(filter(None, (paper.id, paper.date)))
    assert page.locator("#paper .chips li").all_text_contents() == [
        data.topics[topic.parent].label, topic.label, *paper.categories
    ]  # fmt: skip
    opened = page.locator("#paper a.open")
    assert opened.inner_text() == "Open on arXiv ↗"
    assert opened.get_attribute("href") == paper.url
    assert opened.get_attribute("rel") == "noopener noreferrer"
    assert opened.get_attribute("target") == "_blank"
    assert page.locator("#paper .links a").get_attribute("href") == "https://github.com/example/code"

    page.mouse.move(500, 5)
    assert_lines_lead_to_the_neighbors(page, data, row, pixels(page), places(page, data))


def test_the_panel_says_where_the_picture_is_wrong(page: Page, data: MapData) -> None:
    for row in (3, 7, 31):
        call(page, f"select('2010.{row:05}')")
        far = far_neighbors(data, row)
        items = page.locator("#paper .neighbors button")
        assert ["far away on the map" in text for text in items.all_text_contents()] == far
        assert page.locator("#paper .neighbors .far").count() == sum(far)
        said = page.locator("#paper .truth")
        if row == 7:
            assert said.count() == 0  # its faithfulness is not known
            continue
        assert said.inner_text().startswith(
            f"{round(100 * (row % 16) / 15)}\u00a0% of its 15 nearest papers are its nearest on the map"
        )
        assert ("dotted lines" in said.inner_text()) == any(far)
    assert page.locator("#measured").inner_text() == (
        "The map keeps 34\u00a0% of each paper's 15 nearest (all papers); trustworthiness 0.977."
    )


def test_lines_follow_zoom_and_drag(page: Page, data: MapData, pixels: Pixels, places: Places, settle: Settle) -> None:
    row = int(np.linalg.norm(data.coordinates, axis=1).argmin())
    call(page, "select(value)", list(data.papers)[row].id)
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
    assert call(page, "selected") == list(data.papers)[row].id  # a drag is no click
    assert_lines_lead_to_the_neighbors(page, data, row, screen, after)


def test_neighbors_lead_on_and_escape_closes(page: Page, data: MapData) -> None:
    call(page, "select('2010.00010')")
    row, way = 10, [10]
    for step in (0, 3, 9):
        page.locator("#paper .neighbors button").nth(step).click()
        row = int(data.neighbors[row][step])
        way.append(row)
        assert_panel_shows(page, data, row)
    for earlier in way[-2::-1]:
        page.go_back()
        assert_panel_shows(page, data, earlier)
    page.go_forward()
    assert_panel_shows(page, data, way[1])
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    assert call(page, "selected") is None
    assert page.evaluate("location.hash") == ""
    assert call(page, "lines()") == []


def test_the_close_button_closes(page: Page) -> None:
    call(page, "select('2010.00010')")
    page.click("#close")
    expect(page.locator("#panel")).to_be_hidden()


def test_a_long_abstract_is_folded_until_it_is_wanted(
    open_map: Open, make_data: Callable[..., MapData], data: MapData
) -> None:
    first, second, *_ = data.papers
    long = type(first)(id=first.id, title="Long", abstract="Many words. " * 200)
    page = open_map(make_data([long, second]))
    call(page, "select(value)", long.id)
    folded = box_of(page, "#abstract")["height"]
    fold = page.locator("#paper .fold")
    assert fold.get_attribute("aria-expanded") == "false"
    fold.click()
    assert fold.get_attribute("aria-expanded") == "true"
    assert box_of(page, "#abstract")["height"] > 3 * folded
    call(page, "select(value)", second.id)
    assert page.locator("#paper .fold").count() == 0


def test_a_double_click_shows_the_whole_map(page: Page, data: MapData, places: Places, settle: Settle) -> None:
    before = places(page, data)
    page.mouse.move(500, 300)
    page.mouse.wheel(0, -400)
    settle(page)
    page.click("#zoom-in")
    settle(page)
    moved = places(page, data)
    assert np.ptp(moved, axis=0).min() > 1.5 * np.ptp(before, axis=0).min()
    x, y = empty_spots(page, moved, 40)[0].tolist()
    page.mouse.dblclick(x, y)
    settle(page)
    np.testing.assert_allclose(places(page, data), before, atol=0.5)


def test_a_click_beside_all_points_opens_nothing(page: Page, data: MapData, places: Places) -> None:
    spot = empty_spots(page, places(page, data), 30)[0]
    click_on(page, spot.tolist())
    assert call(page, "selected") is None


def test_zoom_buttons_keep_the_middle_where_it_is(page: Page, data: MapData, places: Places, settle: Settle) -> None:
    before = places(page, data)
    page.click("#zoom-in")
    settle(page)
    after = places(page, data)
    still = (after - 1.6 * before) / (1 - 1.6)  # what 1.6 times the distance is measured from
    legend, stage = box_of(page, "#legend"), box_of(page, "#stage")
    middle = (legend["x"] + legend["width"] + 1000) / 2, stage["y"] + stage["height"] / 2
    np.testing.assert_allclose(still, np.tile(middle, (len(before), 1)), atol=1)
    page.click("#zoom-out")
    settle(page)
    np.testing.assert_allclose(places(page, data), before, atol=0.5)


def test_labels_are_coarse_from_afar_and_finer_nearby(page: Page, data: MapData, settle: Settle) -> None:
    afar = call(page, "labels()")
    assert {label["text"] for label in afar if label["level"] == 0} == {"Depth", "Bridges", "Graphs"}
    for _ in range(3):
        page.click("#zoom-in")
        settle(page)
        labels = call(page, "labels()")
        for number, one in enumerate(labels):
            assert one["y"] >= box_of(page, "#stage")["y"]
            assert one["x"] >= 0
            assert one["x"] + one["width"] <= 1000
            for other in labels[:number]:
                aside = one["x"] >= other["x"] + other["width"] or other["x"] >= one["x"] + one["width"]
                assert aside or one["y"] >= other["y"] + other["height"] or other["y"] >= one["y"] + one["height"]
    assert {label["level"] for label in labels} == {1}
    assert {label["text"] for label in labels} <= {f"Part {at}" for at in range(6)}


def test_labels_are_painted_where_they_are_said_to_be(page: Page, pixels: Pixels) -> None:
    screen = pixels(page)
    labels = call(page, "labels()")
    assert labels
    for label in labels:
        x, y = int(label["x"]), int(label["y"])
        inside = screen[y : y + int(label["height"]), x : x + int(label["width"])].reshape(-1, 3)
        assert is_near(inside, (0x1F, 0x24, 0x30), 40).mean() > 0.03, label["text"]


def test_no_label_lies_below_a_card(page: Page, settle: Settle) -> None:
    page.click("#list")
    call(page, "select('2010.00003')")
    settle(page)
    cards = [box_of(page, card) for card in ("#drawer", "#panel")]
    labels = call(page, "labels()")
    for label in labels:
        for card in cards:
            assert label["x"] + label["width"] <= card["x"] or label["x"] >= card["x"] + card["width"]
    page.click("#close")
    page.click("#close-list")
    settle(page)
    assert len(call(page, "labels()")) > len(labels)


def test_the_map_follows_light_and_dark(open_map: Open, data: MapData, pixels: Pixels, places: Places) -> None:
    page = open_map(data, color_scheme="dark")
    assert_points_are_drawn(page, pixels(page), data, places(page, data), dark=True)
    page.emulate_media(color_scheme="light")
    assert_points_are_drawn(page, pixels(page), data, places(page, data))


def test_the_map_keeps_its_place_when_the_window_changes(
    open_map: Open, data: MapData, places: Places, settle: Settle
) -> None:
    page = open_map(data)
    whole = places(page, data)
    page.set_viewport_size({"width": 1200, "height": 800})
    settle(page)
    points = places(page, data)
    assert np.ptp(points, axis=0)[0] > 1.05 * np.ptp(whole, axis=0)[0]  # nobody has moved it: it is fitted again
    assert ((points > (0, 50)) & (points < (1200, 800))).all()
    page.click("#zoom-in")
    settle(page)
    before = places(page, data)
    page.set_viewport_size({"width": 1000, "height": 700})
    settle(page)
    np.testing.assert_allclose(np.ptp(places(page, data), axis=0), np.ptp(before, axis=0), rtol=1e-3)
