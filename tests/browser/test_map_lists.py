"""Selecting papers, the list of them, and what other programs get of it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bibtexparser
import numpy as np
import pytest
from browser.looking import Open, Pixels, Places, Settle, box_of, call, complaints, drag, inside, is_clear, is_near
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from explorer.papers import Paper
from explorer.webmap import MapData

pytestmark = pytest.mark.browser

LASSO = np.array([(420, 120), (700, 90), (800, 300), (650, 380), (520, 300), (400, 420)], dtype=float)


def ids(rows: NDArray[np.bool_]) -> list[str]:
    return [f"2010.{row:05}" for row in np.flatnonzero(rows)]


def listed(page: Page) -> list[int]:
    return [
        int(row) for row in page.locator("#entries button").evaluate_all("(all) => all.map((one) => one.dataset.row)")
    ]


def download(page: Page, button: str) -> str:
    with page.expect_download() as started:
        page.click(button)
    path = Path(started.value.path())
    return path.read_bytes().decode()


def in_box(points: NDArray[np.float64], one: tuple[int, int], other: tuple[int, int]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = ((points > np.minimum(one, other)) & (points < np.maximum(one, other))).all(axis=1)
    return found


def test_a_lasso_selects_what_it_surrounds(page: Page, data: MapData, places: Places, pixels: Pixels) -> None:
    expected = inside(places(page, data), LASSO)
    assert 5 < expected.sum() < 55
    page.click("#lasso")
    assert page.get_attribute("#lasso", "aria-pressed") == "true"
    drag(page, LASSO)
    assert call(page, "selection()") == ids(expected)
    assert page.get_attribute("#lasso", "aria-pressed") == "false"
    assert page.inner_text("#list-name") == f"Selected: {expected.sum()} papers"
    assert listed(page) == np.flatnonzero(expected).tolist()
    assert page.inner_text("#announced") == f"{expected.sum()} papers selected"
    points = places(page, data)
    rows = np.flatnonzero(expected & is_clear(page, points))
    assert len(rows) > 2
    screen, spots = pixels(page), np.floor(points[rows]).astype(int)
    assert is_near(screen[spots[:, 1], spots[:, 0]], (0x1F, 0x24, 0x30), 40).all()
    page.click("#clear")
    assert call(page, "selection()") == []
    assert page.inner_text("#list-name") == "All papers: 60 papers"
    assert page.evaluate("document.activeElement.id") == "list-name"


def test_a_box_selects_and_shift_adds_to_it(page: Page, data: MapData, places: Places) -> None:
    points = places(page, data)
    first, second = ((560, 250), (750, 420)), ((700, 300), (880, 560))
    page.click("#box")
    drag(page, first)
    assert call(page, "selection()") == ids(in_box(points, *first))
    page.click("#close-list")
    assert page.evaluate("document.activeElement.id") == "list"
    np.testing.assert_allclose(places(page, data), points, atol=0.6)
    page.click("#box")
    drag(page, second, key="Shift")
    both = in_box(points, *first) | in_box(points, *second)
    assert both.sum() > in_box(points, *first).sum()
    assert call(page, "selection()") == ids(both)


def test_shift_and_drag_draws_a_lasso_and_a_plain_drag_moves_again(
    page: Page, data: MapData, places: Places, settle: Settle
) -> None:
    points = places(page, data)
    drag(page, LASSO, key="Shift")
    assert call(page, "selection()") == ids(inside(points, LASSO))
    page.keyboard.press("Escape")
    assert call(page, "selection()") == []
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    settle(page)
    before = places(page, data)
    drag(page, [(500, 600), (540, 620)])
    settle(page)
    moved = places(page, data) - before
    assert moved.min() > 10
    assert call(page, "selection()") == []


def test_escape_gives_up_what_is_being_drawn(page: Page) -> None:
    for tool in ("#lasso", "#box"):
        page.click(tool)
        page.mouse.move(450, 200)
        page.mouse.down()
        page.mouse.move(800, 500, steps=5)
        page.mouse.move(450, 500, steps=5)
        page.keyboard.press("Escape")
        page.mouse.up()
        assert call(page, "selection()") == []
        page.keyboard.press("Escape")
        assert page.get_attribute(tool, "aria-pressed") == "false"


def test_papers_that_are_not_shown_are_not_selected(page: Page, data: MapData, places: Places) -> None:
    page.locator("#groups button", has_text="Bridges").click(modifiers=["Shift"])
    assert data.topic_of is not None
    drag(page, LASSO, key="Shift")
    assert call(page, "selection()") == ids(
        inside(places_before(page, data, places), LASSO) & ((data.topic_of - 3) // 2 == 1)
    )


def places_before(page: Page, data: MapData, places: Places) -> NDArray[np.float64]:
    """Return the places before the list opened beside them."""
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    return places(page, data)


def test_the_list_follows_search_and_filters(page: Page) -> None:
    page.click("#list")
    assert page.inner_text("#list-name") == "All papers: 60 papers"
    assert listed(page) == list(range(60))
    page.fill("#search", "schrödinger")
    expect(page.locator("#list-name")).to_have_text("Found: 9 papers")
    assert listed(page) == list(range(0, 60, 7))
    page.fill("#search", "")
    page.keyboard.press("Escape")
    page.locator("#until").fill("0")
    expect(page.locator("#list-name")).to_have_text("Shown: 10 papers")
    page.fill("#search", "nothing has this")
    expect(page.locator("#list-name")).to_have_text("Found: 0 papers")
    assert page.is_disabled("#save-csv")


def test_the_list_turns_its_pages(open_map: Open, make_data: Callable[..., MapData]) -> None:
    page = open_map(make_data([Paper(f"{row:03}", f"Title {row}") for row in range(230)]))
    page.click("#list")
    assert page.inner_text("#page") == "1 of 3"
    assert listed(page) == list(range(100))
    page.click("#next")
    page.click("#next")
    assert (page.inner_text("#page"), page.is_disabled("#next")) == ("3 of 3", True)
    assert listed(page) == list(range(200, 230))
    assert page.get_attribute("#entries", "start") == "201"
    page.click("#earlier")
    assert listed(page) == list(range(100, 200))


def first_author(entry: Any) -> str:
    return str(entry["author"].split(" and ")[0])


def test_csv_bibtex_and_json_hold_what_is_listed(page: Page, data: MapData) -> None:
    page.click("#list")
    page.fill("#search", "schrödinger")
    expect(page.locator("#list-name")).to_have_text("Found: 9 papers")
    expect(page.locator("#announced")).to_have_text("9 papers")  # a search is announced when typing has ended
    papers = list(data.papers)
    rows = list(range(0, 60, 7))

    table = list(csv.DictReader(io.StringIO(download(page, "#save-csv"), newline="")))
    assert page.inner_text("#announced") == "9 papers written to papers.csv"
    records = [json.loads(line) for line in download(page, "#save-json").splitlines()]
    entries = bibtexparser.parse_string(download(page, "#save-bibtex")).entries
    assert len(table) == len(records) == len(entries) == 9
    for row, line, record, entry in zip(rows, table, records, entries, strict=True):
        paper = papers[row]
        assert record | {"mixed": None} == {
            "id": paper.id, "title": paper.title, "authors": list(paper.authors), "date": paper.date,
            "categories": list(paper.categories), "topic": data.topics[data.topic_of[row]].label, "url": paper.url,  # type: ignore[index]
            "doi": "", "abstract": paper.abstract, "citations": "" if row % 10 == 3 else row * row,
            "group": ("alpha", "beta", "gamma")[row % 3], "mixed": None,
        }  # fmt: skip
        assert record["mixed"] == (str(row) if row % 2 else f"name {row % 4}")
        assert line == {
            name: "; ".join(value) if isinstance(value, list) else str(value)
            for name, value in record.items() if name != "abstract"
        }  # fmt: skip
        assert entry.entry_type == "misc"
        assert entry.key == paper.id
        assert entry["title"] == f"{{{paper.title}}}"
        assert entry["author"] == " and ".join(paper.authors)
        assert entry["eprint"] == paper.id
        assert entry["primaryclass"] == paper.categories[0]
        assert entry["url"] == paper.url
        assert [entry[name] for name in ("year", "month") if name in entry] == [
            str(int(part)) for part in paper.date.split("-")[:2] if part
        ]


def test_ids_are_copied_for_the_command_line(open_map: Open, data: MapData) -> None:
    page = open_map(data, permissions=["clipboard-read", "clipboard-write"])
    page.click("#list")
    page.fill("#search", "schrödinger")
    expect(page.locator("#list-name")).to_have_text("Found: 9 papers")
    page.click("#copy-ids")
    expect(page.locator("#copied")).to_have_text("9 papers copied: explorer find-similar --like @file takes them.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "".join(f"2010.{row:05}\n" for row in range(0, 60, 7))


def test_ids_are_copied_where_the_clipboard_is_kept_from_the_page(open_map: Open, data: MapData) -> None:
    page = open_map(
        data,
        before="""
            Object.defineProperty(navigator, "clipboard", { value: undefined });
            document.addEventListener("copy", () => (window.copied = String(document.activeElement.value)));""",
    )
    page.click("#list")
    page.fill("#search", "schrödinger")
    expect(page.locator("#list-name")).to_have_text("Found: 9 papers")
    page.click("#copy-ids")
    assert page.evaluate("copied") == "".join(f"2010.{row:05}\n" for row in range(0, 60, 7))
    assert page.evaluate("document.activeElement.id") == "copy-ids"


HOSTILE = {
    '=HYPERLINK("http://evil.example","x")': ["@SUM(1)", "-2+3", "'=1"],
    'Quotes " and, commas; and {braces} \\ $5_000 100% ~^#&': ["O'Neill and Sons", 'A "B" C'],
    "Unbalanced } and {{ \\": ["}{"],
    "  Lines\nand\ttabs  ": ["Ada\nLovelace"],
    "": [""],
    "\u202eright \u05e9 emoji 🦊 \0 \ud800": ["Émile"],
}


def unescaped(text: str) -> str:
    """Return what BibTeX's escapes stand for."""
    for name, sign in (("backslash", "\\"), ("asciitilde", "~"), ("asciicircum", "^")):
        text = text.replace(f"\\text{name}{{}}", f"\0{ord(sign)}\0")
    text = re.sub(r"\\([{}&%$#_])", r"\1", text)
    return re.sub("\0(\\d+)\0", lambda match: chr(int(match[1])), text)


def one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\0", "\ufffd").replace("\ud800", "\ufffd")).strip()


def test_hostile_texts_are_exported_and_do_no_harm(
    open_map: Open, make_data: Callable[..., MapData], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Titles are shown with their LaTeX as signs; this is about what is done with any text.
    monkeypatch.setattr("explorer.webmap.encoding.displayed", lambda text: text)
    papers = [
        Paper(
            f"=id {row}",
            title,
            authors=tuple(authors),
            categories=("}, evil = {x",),
            doi="10.1000/a}b",
            url="https://example.org/{x}",
        )
        for row, (title, authors) in enumerate(HOSTILE.items())
    ]
    columns = {
        "=cmd|x": ["+1", "@x", "-3", "4", "", "a,b"],
        "title": list("abcdef"),
        "__proto__": list("uvwxyz"),
        "score": [-1, 0, 1, 2, 3, 10**6],
    }
    page = open_map(make_data(papers, columns=columns))
    page.click("#list")
    text = download(page, "#save-csv")
    lines = list(csv.reader(io.StringIO(text, newline="")))
    head, body = lines[0], lines[1:]
    assert len(body) == len(papers)
    assert head[-4:] == ["'=cmd|x", "title (own)", "__proto__", "score"]
    for line, paper, score in zip(body, papers, columns["score"], strict=True):
        assert len(line) == len(head)
        assert not any(re.match(r"[=+@\-\s]", value) for value in line[:-1])
        shown = one_line(paper.title)
        assert line[head.index("title")] == ("'" + shown if shown.startswith("=") else shown)
        assert line[-1] == str(score)

    records = [json.loads(line) for line in download(page, "#save-json").splitlines()]
    assert [one_line(record["title"]) for record in records] == [one_line(paper.title) for paper in papers]
    assert [record["__proto__"] for record in records] == list("uvwxyz")
    assert [record["=cmd|x"] for record in records] == columns["=cmd|x"]

    library = bibtexparser.parse_string(download(page, "#save-bibtex"))
    assert not library.failed_blocks
    assert len(library.entries) == len(papers)
    assert len({entry.key for entry in library.entries}) == len(papers)
    for entry, paper in zip(library.entries, papers, strict=True):
        assert "evil" not in entry
        assert "doi" not in entry
        assert entry["url"] == "https://example.org/%7Bx%7D"
        title = entry["title"][1:-1] if "title" in entry else ""
        assert unescaped(title).strip() == one_line(paper.title)
    assert page.evaluate("window.evil") is None
    assert complaints(page) == []
    assert box_of(page, "#drawer")["width"] == 400
