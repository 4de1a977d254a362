"""One real Chromium for all tests here, and what they ask of a page: its pixels, its requests, its complaints."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser.looking import steps
from measuring import CHROMIUM
from numpy.typing import NDArray
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

from explorer.papers import Paper
from explorer.webmap import MapData, MapTopic, Measured, write_html

_PIXELS = """async (png) => {
    const image = new Image();
    image.src = "data:image/png;base64," + png;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width, image.height];
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0);
    const bytes = pen.getImageData(0, 0, image.width, image.height).data;
    let text = "";
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return [image.width, image.height, btoa(text)];
}"""


def _chromium() -> str:
    if os.environ.get("EXPLORER_SKIP_BROWSER") == "1":
        pytest.skip("EXPLORER_SKIP_BROWSER=1: the map is not looked at")
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.fail("no Chromium found; install it, or set EXPLORER_SKIP_BROWSER=1 to go without these tests")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the browser once."""
    executable = _chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, headless=True, args=CHROMIUM)
        started.executable = executable  # type: ignore[attr-defined]
        yield started
        started.close()


@pytest.fixture(scope="session")
def make_data() -> Callable[..., MapData]:
    """Return a maker of libraries: papers, and the place of each; vectors are random, neighbors true."""

    def make(papers: list[Paper], coordinates: Any = None, title: str = "A small library", **more: Any) -> MapData:
        count = len(papers)
        random = np.random.default_rng(11)
        vectors = random.normal(size=(count, 12)) + 0.8
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        cosines = vectors @ vectors.T
        np.fill_diagonal(cosines, -np.inf)
        neighbors = np.argsort(-cosines, axis=1)[:, : min(10, count - 1)].astype(np.int32)
        places = random.uniform(-5, 5, size=(count, 2)) if coordinates is None else coordinates
        similarities = np.take_along_axis(cosines, neighbors, axis=1).astype(np.float32)
        more = {"directions": vectors.astype(np.float32), **more}
        return MapData(title, papers, np.asarray(places, dtype=np.float32), neighbors, similarities, **more)

    return make


COUNT = 60


def paper(row: int) -> Paper:
    title = f"Paper number {row} on {'Schrödinger bridges' if row % 7 == 0 else 'depth'}"
    return Paper(
        id=f"2010.{row:05}",
        title=title,
        abstract=f"First paragraph of {title}.\n\nSecond paragraph, where x < y.",
        authors=("Ada Lovelace", "Émilie du Châtelet", f"Writer Nr{row}"),
        date=f"{2010 + row % 6}-0{1 + row % 9}-07" if row % 15 != 4 else "",
        categories=(("cs.CV", "cs.LG"), ("math.CO",), ("stat.ML",))[row % 3],
        listed_in=("cs.CV", "cs.LG") if row % 3 == 0 else ("cs.IR",),
        url=f"https://arxiv.org/abs/2010.{row:05}",
        links=("https://github.com/example/code",),
    )


@pytest.fixture(scope="session")
def data(make_data: Callable[..., MapData]) -> MapData:
    """Return the library of most tests: 60 papers in three coarse topics, from left to right, of two parts each."""
    places = np.random.default_rng(11).uniform(-5, 5, size=(COUNT, 2)).astype(np.float32)
    coarse = np.digitize(places[:, 0], (-1.7, 1.7))
    fine = 2 * coarse + (places[:, 1] > 0)
    topics = [MapTopic(100 + at, 0, ("Depth", "Bridges", "Graphs")[at], at) for at in range(3)]
    topics += [MapTopic(200 + at, 1, f"Part {at}", at // 2, at // 2) for at in range(6)]
    rows = range(COUNT)
    made: MapData = make_data(
        [paper(row) for row in rows],
        places,
        topics=topics,
        topic_of=(3 + fine).astype(np.int32),
        faithfulness=np.array([np.nan if row % 20 == 7 else row % 16 / 15 for row in rows], dtype=np.float32),
        measured=Measured(0.34, 0.977, 15, COUNT),
        columns={
            "citations": [None if row % 10 == 3 else row * row for row in rows],
            "group": [("alpha", "beta", "gamma")[row % 3] for row in rows],
            "mixed": [row if row % 2 else f"name {row % 4}" for row in rows],
        },
    )
    return made


@pytest.fixture(scope="module")
def shared(open_map: Callable[..., Page], data: MapData) -> Page:
    return open_map(data)


@pytest.fixture
def page(shared: Page) -> Page:
    """Bring the one page that most tests of a module use back to its beginning."""
    shared.evaluate(
        """() => {
            explorerMap.close();
            explorerMap.find("");
            for (const id of ["close-list", "clear", "show-all"]) {
                const made = document.getElementById(id);
                if (made.checkVisibility()) made.click();
            }
            document.getElementById("color-by").value = "topic";
            document.getElementById("color-by").dispatchEvent(new Event("change"));
            document.activeElement.blur();
        }"""
    )
    shared.mouse.move(500, 5)
    shared.keyboard.press("Escape")
    shared.click("#zoom-all")
    shared.evaluate("document.activeElement.blur()")
    settle(shared)
    return shared


@pytest.fixture(scope="module")
def open_map(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Page]]:
    """Return an opener of maps. What a page complains of or asks for is in `page.noted`."""
    contexts = []
    written: dict[int, tuple[MapData, Path]] = {}  # the data, too: else another may get the same id

    def opened(data: MapData, address: str = "", before: str = "", until: str = "ready", **options: Any) -> Page:
        if id(data) not in written:
            written[id(data)] = data, tmp_path_factory.mktemp("map") / "map.html"
            write_html(written[id(data)][1], data)
        path = written[id(data)][1]
        settings = {"viewport": {"width": 1000, "height": 700}, "reduced_motion": "reduce", **options}
        context = settings.pop("by", browser).new_context(**settings)
        context.set_default_timeout(120_000)  # milliseconds; a slow machine is no failure
        contexts.append(context)
        page = context.new_page()
        complaints: list[str] = []
        requests: list[str] = []
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("request", lambda request: requests.append(request.url))
        page.on("dialog", lambda dialog: refuse(dialog, complaints))
        page.noted = {"complaints": complaints, "requests": requests}  # type: ignore[attr-defined]
        if before:
            page.add_init_script(before)
        page.goto(path.as_uri() + address)
        page.evaluate(f"explorerMap.{until}")
        settle(page)
        return page

    yield opened
    for context in contexts:
        context.close()


def refuse(dialog: Dialog, complaints: list[str]) -> None:
    complaints.append(f"dialog: {dialog.message}")
    dialog.dismiss()


def settle(page: Page) -> None:
    """Wait until what was asked of the page is drawn."""
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 200))))"
    )


@pytest.fixture(scope="session", name="settle")
def _settle() -> Callable[[Page], None]:
    return settle


@pytest.fixture(scope="session")
def pixels(browser: Browser) -> Iterator[Callable[[Page], NDArray[np.int16]]]:
    """Return a reader of screens: (height, width, 3) int16 colors of what the page shows."""
    context = browser.new_context()
    decoder = context.new_page()

    def read(page: Page) -> NDArray[np.int16]:
        settle(page)
        png = base64.b64encode(page.screenshot()).decode()
        width, height, content = decoder.evaluate(_PIXELS, png)
        raw = np.frombuffer(base64.b64decode(content), np.uint8).reshape(height, width, 4)
        return raw[:, :, :3].astype(np.int16)

    yield read
    context.close()


@pytest.fixture(scope="session")
def places() -> Callable[[Page, MapData], NDArray[np.float64]]:
    """Return a reader of positions: (n, 2) window pixels of the papers, by the axes that Plotly draws with.

    The axes count in steps of a 65,535th of the map's larger side.
    """

    def read(page: Page, data: MapData) -> NDArray[np.float64]:
        (left, top), (right, bottom) = page.evaluate(
            """() => {
                const plot = document.getElementById("map"), { xaxis, yaxis } = plot._fullLayout;
                const { left, top } = plot.getBoundingClientRect();
                const at = (step) => [left + xaxis._offset + xaxis.l2p(step), top + yaxis._offset + yaxis.l2p(step)];
                return [at(0), at(65535)];
            }"""
        )
        return np.array((left, top)) + steps(data) / 65_535 * np.array((right - left, bottom - top))

    return read
