"""Searching in the map: what is found, in which order, by keys and by address."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browser.looking import Open, Pixels, Places, Settle, box_of, call, complaints, is_clear, is_reddish
from playwright.sync_api import Page, expect

from explorer.papers import Paper
from explorer.webmap import MapData

pytestmark = pytest.mark.browser

BRIDGES = [row for row in range(60) if row % 7 == 0]


def ids(rows: list[int]) -> list[str]:
    return [f"2010.{row:05}" for row in rows]


def found(page: Page, query: str) -> list[str]:
    page.fill("#search", query)
    matches: list[str] = call(page, "matches()")
    return matches


@pytest.fixture(scope="module")
def crafted(open_map: Open, make_data: Callable[..., MapData]) -> Page:
    """Open a library whose papers differ in where they have the words that are searched for."""
    papers = [
        Paper("abstract", "Something else", abstract="This is about turbulence and nothing more."),
        Paper("author", "Another thing", authors=("Ada Turbulence",)),
        Paper("title", "Turbulence in pipes"),
        Paper("beginning", "Turbulences of the air in pipes"),
        Paper("within", "Magnetoturbulence"),
        Paper("apart", "Networks that are neural", abstract="Deep networks, neural ones."),
        Paper("together", "On neural networks", abstract="Nothing."),
        Paper("in abstract", "On models", abstract="We train neural networks (deep ones)."),
        Paper("greek", "The β decay of Émile's Straße", abstract="A state-of-the-art method of Dvořák"),
        Paper("10.1000/xyz123", "Fluids", categories=("physics.flu-dyn",), date="1999-03"),
        Paper("math", "Sets", categories=("math.CO", "cs.DM"), listed_in=("cs.LO",), date="2001-01-05"),
        Paper("rare", "common common", abstract="exceptional"),
        Paper("often", "exceptional", abstract="common"),
        *(Paper(f"common {number}", f"common words {number}") for number in range(20)),
    ]
    return open_map(make_data(papers))


def test_titles_come_before_authors_and_abstracts_and_words_before_beginnings(crafted: Page) -> None:
    order = found(crafted, "turbulence")
    assert order[0] == "title"
    assert set(order) == {"title", "beginning", "within", "author", "abstract"}
    assert order.index("title") < order.index("beginning")
    assert order.index("author") < order.index("abstract")
    assert found(crafted, "turbul") == found(crafted, "TURBUL")
    assert set(found(crafted, "turbul")) == set(order)


def test_rare_words_count_more_than_common_ones(crafted: Page) -> None:
    assert found(crafted, "common exceptional")[0] == "often"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('"neural networks"', ["together", "in abstract"]),
        ('"networks neural"', ["apart"]),
        ('"neural networks" deep', ["in abstract"]),
        ("neural networks", ["together", "apart", "in abstract"]),
        ("cat:math.CO", ["math"]),
        ("cat:math", ["math"]),
        ("cat:cs", ["math"]),
        ("cat:CS.lo sets", ["math"]),
        ("cat:physics", ["10.1000/xyz123"]),
        ("cat:phys", []),
        ("year:1999", ["10.1000/xyz123"]),
        ("year:-2000", ["10.1000/xyz123"]),
        ("year:2000-", ["math"]),
        ("year:1998-2002", ["10.1000/xyz123", "math"]),
        ("year:2002-2010", []),
        ("fluids year:2001", []),
        ("xyz123", ["10.1000/xyz123"]),
        ("10.1000/XYZ", ["10.1000/xyz123"]),
        ("β decay", ["greek"]),
        ("beta decay", ["greek"]),
        ("emile strasse", ["greek"]),
        ("E\u0301MILE", ["greek"]),
        ("dvorak", ["greek"]),
        ("state-of-the-art", ["greek"]),
        ("art-the-of", []),
        ("???", []),
    ],
)
def test_words_phrases_categories_years_and_ids_are_found(crafted: Page, query: str, expected: list[str]) -> None:
    assert found(crafted, query) == expected


def test_papers_with_some_of_the_words_are_offered_when_none_has_all(crafted: Page) -> None:
    assert sorted(found(crafted, "sets fluids")) == ["10.1000/xyz123", "math"]
    assert crafted.inner_text("#found") == "No paper has all of these words. 2 papers with some"
    assert found(crafted, "sets nonexistent")[0] == "math"
    assert found(crafted, "no-such-words") == []
    assert crafted.inner_text("#found") == "No paper has these words."
    assert complaints(crafted) == []


def test_search_finds_without_case_and_accents_and_marks_what_it_found(
    page: Page, data: MapData, pixels: Pixels, places: Places
) -> None:
    page.keyboard.press("/")
    page.keyboard.type("BRIDGES schrodinger")
    assert call(page, "matches()") == ids(BRIDGES)
    assert page.inner_text("#found") == f"{len(BRIDGES)} papers"
    titles = [list(data.papers)[row].title for row in BRIDGES]
    assert page.locator("#options .clamp:first-child").all_text_contents() == titles
    points = places(page, data)
    clear = is_clear(page, points)
    before = pixels(page)
    rows = [row for row in BRIDGES if clear[row]]
    assert len(rows) >= 3
    assert all(is_reddish(before, points[row], 100) for row in rows)
    page.fill("#search", "")
    after = pixels(page)
    assert not any(
        is_reddish(after, points[row], 100) for row in rows if data.topic_of is not None and data.topic_of[row] > 4
    )


def test_search_is_driven_by_keys(page: Page, data: MapData, settle: Settle) -> None:
    page.keyboard.press("/")
    page.keyboard.type("schrödinger")
    page.keyboard.press("Enter")
    expect(page.locator("#paper h2")).to_have_text(next(iter(data.papers)).title)
    settle(page)
    place = call(page, "position('2010.00000')")
    panel, legend, stage = box_of(page, "#panel"), box_of(page, "#legend"), box_of(page, "#stage")
    assert place["x"] == pytest.approx((legend["x"] + legend["width"] + panel["x"]) / 2, abs=1)
    assert place["y"] == pytest.approx(stage["y"] + stage["height"] / 2, abs=1)

    page.keyboard.press("/")
    page.keyboard.type("schrödinger")
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    assert page.get_attribute("#search", "aria-activedescendant") == "option-1"
    assert page.get_attribute("#option-1", "aria-selected") == "true"
    assert page.get_attribute("#search", "aria-expanded") == "true"
    page.keyboard.press("Enter")
    assert call(page, "selected") == "2010.00007"
    assert page.get_attribute("#search", "aria-expanded") == "false"

    page.keyboard.press("/")
    page.keyboard.press("Escape")
    assert page.input_value("#search") == ""
    assert call(page, "matches()") == []


def test_results_close_when_the_search_is_left(page: Page) -> None:
    page.fill("#search", "depth")
    expect(page.locator("#results")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator("#results")).to_be_hidden()
    page.focus("#search")
    expect(page.locator("#results")).to_be_visible()
    page.mouse.click(700, 650)
    expect(page.locator("#results")).to_be_hidden()


def test_a_result_can_be_clicked(page: Page) -> None:
    assert found(page, "2010.00042") == ["2010.00042"]
    assert page.inner_text("#found") == "1 paper"
    page.locator("#options li").click()
    assert call(page, "selected") == "2010.00042"


def test_what_was_found_is_announced(page: Page) -> None:
    page.fill("#search", "schrödinger")
    expect(page.locator("#announced")).to_have_text(f"{len(BRIDGES)} papers")


def test_only_papers_that_are_shown_are_found(page: Page) -> None:
    page.locator("#groups button", has_text="Depth").click(modifiers=["Shift"])
    shown = found(page, "schrödinger")
    assert 0 < len(shown) < len(BRIDGES)
    page.click("#show-all")
    assert call(page, "matches()") == ids(BRIDGES)


def test_the_map_glides_to_what_was_picked(open_map: Open, data: MapData) -> None:
    page = open_map(data, reduced_motion="no-preference")
    page.fill("#search", "number 33")
    page.keyboard.press("Enter")
    page.wait_for_function(
        """() => {
            const { x } = explorerMap.position("2010.00033");
            const [panel, legend] = ["panel", "legend"].map((id) => document.getElementById(id));
            return Math.abs(x - (legend.offsetLeft + legend.offsetWidth + panel.offsetLeft) / 2) < 1;
        }"""
    )
    assert call(page, "selected") == "2010.00033"


def test_the_address_restores_search_paper_and_coloring(open_map: Open, data: MapData) -> None:
    page = open_map(data, address="#q=bridges%20schr%C3%B6dinger&paper=2010.00017&color=category")
    assert call(page, "matches()") == ids(BRIDGES)
    assert page.input_value("#search") == "bridges schrödinger"
    assert call(page, "selected") == "2010.00017"
    assert call(page, "coloring") == "category"
    assert page.input_value("#color-by") == "category"
    page.evaluate("location.hash = '#paper=2010.00020'")
    expect(page.locator("#paper h2")).to_have_text(list(data.papers)[20].title)
    assert call(page, "matches()") == []
    assert call(page, "coloring") == "topic"
    page.go_back()
    expect(page.locator("#paper h2")).to_have_text(list(data.papers)[17].title)
    assert call(page, "matches()") == ids(BRIDGES)
    for nothing in ("#paper=unknown", "#paper=%E0%A4%A", "#else", "#color=nothing"):
        page.evaluate("(hash) => { location.hash = hash }", nothing)
        expect(page.locator("#panel")).to_be_hidden()
        assert call(page, "coloring") == "topic"
    assert complaints(page) == []


def test_the_address_follows_what_the_reader_does(page: Page, settle: Settle) -> None:
    page.fill("#search", "bridges & more=50%")
    page.wait_for_function("location.hash === '#q=bridges%20%26%20more%3D50%25'")
    page.select_option("#color-by", "date")
    assert page.evaluate("location.hash") == "#q=bridges%20%26%20more%3D50%25&color=date"
    call(page, "select('2010.00003')")
    assert page.evaluate("location.hash") == "#q=bridges%20%26%20more%3D50%25&paper=2010.00003&color=date"
    address = page.evaluate("location.href")
    page.goto(address)
    page.reload()
    call(page, "ready")
    settle(page)
    assert page.input_value("#search") == "bridges & more=50%"
    assert (call(page, "selected"), call(page, "coloring")) == ("2010.00003", "date")


def test_a_step_back_leads_to_the_search_as_it_was(page: Page) -> None:
    page.fill("#search", "number 33")
    page.keyboard.press("Enter")
    expect(page.locator("#panel")).to_be_visible()
    page.go_back()
    expect(page.locator("#panel")).to_be_hidden()
    assert page.input_value("#search") == "number 33"
    assert "2010.00033" in call(page, "matches()")
