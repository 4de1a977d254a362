"""Measure the map's page beside what plotly writes: size, time to write, to open, to hover, to search.

    .venv/bin/python scripts/benchmark.py --only map            10,000 to 1,000,000 papers, a quarter of an hour
    .venv/bin/python scripts/benchmark.py --only map --quick    10,000 and 100,000, once each

Pages are made of arrays: arXiv's titles where they are at hand, with their words shuffled so that no title occurs
twice; places in clusters; neighbors drawn by chance, which deflate worst. Each page is opened by a Chromium of its
own, the two kinds in turns, with WebGL drawn in software. Points are there when a picture of the window shows them.
Hovering is as slow as the longest time in which the page answers nothing while the mouse moves.
"""

from __future__ import annotations

import gzip
import json
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import count as counting
from pathlib import Path
from typing import Any

from measuring import CHROMIUM, machine, note, run

PROJECT = Path(__file__).parents[1]
CORPUS = PROJECT.parent / "shared" / "data" / "corpora" / "arxiv-100k.jsonl.gz"
SAMPLE = PROJECT / "explorer" / "sample" / "digest.md"
RESULTS = PROJECT / "artifacts" / "benchmarks" / "map.json"
COUNTS = (10_000, 100_000, 1_000_000)
PLAIN, OURS = "plain Plotly", "the map"
SIZE = {"width": 1200, "height": 800}
TYPED = ("depth estimation", "graph neural net", "quantum error correction", "a survey of", "large language mo")
_COLORED = """async (png) => {
    const image = new Image();
    image.src = "data:image/png;base64," + png;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width, image.height];
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0);
    // The middle of the window, where neither legend nor tools lie.
    const share = (x) => Math.round(x * image.width);
    const bytes = pen.getImageData(share(0.35), share(0.2), share(0.35), share(0.27)).data;
    let colored = 0;
    for (let i = 0; i < bytes.length; i += 4) {
        const [red, green, blue] = bytes.subarray(i, i + 3);
        colored += Math.max(red, green, blue) - Math.min(red, green, blue) > 40;
    }
    return colored;
}"""
_BEAT = """() => {
    const beat = (window.beat = { worst: 0, last: performance.now() });
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
        const now = performance.now();
        beat.worst = Math.max(beat.worst, now - beat.last);
        beat.last = now;
        channel.port2.postMessage(0);
    };
    channel.port2.postMessage(0);
}"""
_TYPE = """(typed) => {
    const box = document.getElementById("search"), times = [];
    for (const text of typed) {
        for (let end = 1; end <= text.length; end += 1) {
            const began = performance.now();
            box.value = text.slice(0, end);
            box.dispatchEvent(new Event("input"));
            document.body.offsetHeight;
            times.push(performance.now() - began);
        }
    }
    return times;
}"""


def titles() -> list[list[str]]:
    """Return the words of real titles, or of the sample's where there are none."""
    if CORPUS.exists():
        with gzip.open(CORPUS, "rt", encoding="utf-8") as lines:
            return [json.loads(line)["title"].split() for line in lines]
    return [line.split()[1:] for line in SAMPLE.read_text(encoding="utf-8").splitlines() if line.startswith("###")]


class Made:
    """Papers made of shuffled words, each when it is asked for."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        """Return how many there are."""
        return self._count

    def __iter__(self) -> Iterator[Any]:
        """Yield them."""
        import numpy as np

        from explorer.papers import Paper

        known = titles()
        words = np.array([word for title in known for word in title], dtype=object)
        lengths = [len(title) for title in known]
        dice, place, shuffled = np.random.default_rng(1), 0, words
        categories = [f"cs.{name}" for name in ("CV", "LG", "CL", "AI", "RO", "IR", "CR", "SE", "DS", "HC")]
        for row in range(self._count):
            length = lengths[row % len(lengths)]
            if row == 0 or place + length > len(shuffled):
                shuffled, place = dice.permutation(words), 0
            title = " ".join(shuffled[place : place + length])
            place += length
            name = f"{row // 40_000 + 7:02}{row // 3_400 % 12 + 1:02}.{row % 40_000:05}"
            date = f"{2000 + row // 40_000:04}-{row // 3_400 % 12 + 1:02}-{row // 121 % 28 + 1:02}"
            category = categories[int(row * 7919 % 101) % len(categories)]
            yield Paper(name, title, date=date, categories=(category,), url=f"https://arxiv.org/abs/{name}")


def places(count: int) -> tuple[Any, Any]:
    """Return (n, 2) places in a hundred clusters, and which of them each paper is in."""
    import numpy as np

    dice = np.random.default_rng(0)
    centers, cluster = dice.normal(size=(100, 2)) * 6, dice.integers(0, 100, count)
    return (centers[cluster] + dice.normal(size=(count, 2)) * 0.6).astype(np.float32), cluster


def write(kind: str, count: int, path: Path) -> None:
    """Write one page: what the measured process does."""
    coordinates, cluster = places(count)
    if kind == PLAIN:
        import plotly.graph_objects as go

        points = go.Scattergl(
            x=coordinates[:, 0], y=coordinates[:, 1], mode="markers", marker={"size": 3, "opacity": 0.6},
            hovertext=[paper.title for paper in Made(count)], hoverinfo="text",
        )  # fmt: skip
        go.Figure(points).write_html(path, include_plotlyjs=True)
        return
    import numpy as np

    from explorer.webmap import MapData, MapTopic, Measured, write_html

    dice = np.random.default_rng(2)
    coarse = [MapTopic(number, 0, f"topic {number}", number) for number in range(10)]
    fine = [
        MapTopic(10 + number, 1, f"topic {number % 10}.{number}", number % 10, number % 10) for number in range(100)
    ]
    width = 10 if count <= 200_000 else 0
    data = MapData(
        title=f"{count:,} papers", papers=Made(count), coordinates=coordinates,
        neighbors=dice.integers(0, count, (count, width)).astype(np.int32),
        similarities=dice.uniform(0.3, 0.9, (count, width)).astype(np.float32), topics=[*coarse, *fine],
        topic_of=(10 + cluster).astype(np.int32), faithfulness=(dice.integers(0, 16, count) / 15).astype(np.float32),
        measured=Measured(0.3, 0.97, 15, 5000),
    )  # fmt: skip
    write_html(path, data, "titles")


class _Screencast:
    """What a page shows, picture by picture, as (seconds since the epoch, PNG in base64)."""

    def __init__(self, page: Any) -> None:
        self.frames: list[tuple[float, str]] = []
        self._session = page.context.new_cdp_session(page)
        self._session.on("Page.screencastFrame", self._take)
        self._session.send("Page.startScreencast", {"format": "png", "everyNthFrame": 1})

    def _take(self, frame: dict[str, Any]) -> None:
        self.frames.append((float(frame["metadata"]["timestamp"]), frame["data"]))
        self._session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

    def end(self) -> None:
        """Look no more."""
        self._session.send("Page.stopScreencast")


class Browser:
    """A Chromium for one page, and one to look at pictures."""

    def __enter__(self) -> Browser:
        """Start the one that looks."""
        from playwright.sync_api import sync_playwright

        self._playwright = sync_playwright().start()
        self._looking = self._start()
        self._decoder = self._looking.new_page()
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._looking.close()
        self._playwright.stop()

    def measure(self, kind: str, path: Path, *, searches: bool) -> dict[str, Any]:
        """Open a page and use it: seconds to the first points, milliseconds of the worst hover, of each key."""
        browser = self._start()
        try:
            page = browser.new_page(viewport=SIZE)
            page.set_default_timeout(180_000)
            screencast = _Screencast(page)
            began = time.time()
            page.goto(path.as_uri(), wait_until="commit", timeout=180_000)
            measured: dict[str, Any] = {"opening": self._wait_for_points(page, screencast) - began}
            screencast.end()
            if kind == OURS:
                page.evaluate("explorerMap.ready")
                measured["ready"] = time.time() - began
            page.wait_for_load_state("load", timeout=180_000)
            page.wait_for_timeout(1000)
            measured["hover"] = self._hover(page)
            if searches:
                measured["keys"] = page.evaluate(_TYPE, list(TYPED))
            return measured
        finally:
            browser.close()

    def _start(self) -> Any:
        return self._playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)

    def _wait_for_points(self, page: Any, screencast: _Screencast) -> float:
        """Return when the first picture with points was shown, in seconds since the epoch."""
        for seen in counting():
            while seen >= len(screencast.frames):
                page.wait_for_timeout(20)
            shown, picture = screencast.frames[seen]
            if self._decoder.evaluate(_COLORED, picture) > 500:
                return shown
        raise AssertionError

    @staticmethod
    def _hover(page: Any) -> float:
        page.mouse.move(500, 300)
        page.wait_for_timeout(500)
        page.evaluate(_BEAT)
        for step in range(60):
            page.mouse.move(440 + 5 * step, 260 + 4 * step)
            page.wait_for_timeout(40)
        return float(page.evaluate("beat.worst"))


def measure(counts: tuple[int, ...], repetitions: int, folder: Path) -> dict[str, Any]:
    """Return, by number of papers and kind of page, what was measured: medians, and every single value."""
    outcome: dict[str, Any] = {}
    with Browser() as browser:
        for count in counts:
            pages = {kind: folder / f"{number}-{count}.html" for number, kind in enumerate((PLAIN, OURS))}
            seen: dict[str, list[dict[str, Any]]] = {kind: [] for kind in pages}
            written = {kind: _written(kind, count, path) for kind, path in pages.items()}
            for turn in range(repetitions):
                for kind, path in pages.items():
                    seen[kind].append(browser.measure(kind, path, searches=kind == OURS))
                    note(f"{count:,} {kind}, turn {turn + 1}: {seen[kind][-1]['opening']:.1f} s to the points")
            outcome[str(count)] = {kind: {**written[kind], **_medians(seen[kind])} for kind in pages}
    return outcome


def _written(kind: str, count: int, path: Path) -> dict[str, Any]:
    seconds, peak, _ = run([sys.executable, __file__, "--write", kind, str(count), str(path)])
    note(f"{count:,} {kind}: written in {seconds:.1f} s, {path.stat().st_size / 1e6:.1f} MB")
    return {"bytes": path.stat().st_size, "writing": seconds, "peak": peak}


def _medians(turns: list[dict[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {"turns": [{key: value for key, value in turn.items() if key != "keys"} for turn in turns]}
    for key in ("opening", "ready", "hover"):
        if key in turns[0]:
            made[key] = statistics.median(turn[key] for turn in turns)
    if "keys" in turns[0]:
        made["key"] = statistics.median(statistics.median(turn["keys"]) for turn in turns)
        made["slowest key"] = statistics.median(max(turn["keys"]) for turn in turns)
    return made


def table(sizes: dict[str, Any]) -> str:
    """Return the README's table."""
    lines = [
        "| page | file | written in | peak memory | first points | of plain Plotly's | worst hover | a key, slowest |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for count, kinds in sizes.items():
        plain = kinds[PLAIN]
        for kind, found in kinds.items():
            ratio = "" if kind == PLAIN else f"**{found['opening'] / plain['opening']:.2f} ×**"
            key = f"{found['key']:.0f} ms, {found['slowest key']:.0f} ms" if "key" in found else ""
            lines.append(
                f"| {int(count):,}, {kind} | {found['bytes'] / 1e6:.1f} MB | {found['writing']:.1f} s "
                f"| {found['peak']:,.0f} MB | {found['opening']:.1f} s | {ratio} | {found['hover']:.0f} ms | {key} |"
            )
    return "\n".join(lines)


def main(folder: Path, *, quick: bool, out: Path | None) -> None:
    """Measure, write the JSON and print the table."""
    if not CORPUS.exists():
        note("shared data absent: the titles are those of the sample, over and over")
    outcome = {
        "titles": "arXiv's, words shuffled" if CORPUS.exists() else "the sample's, words shuffled",
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "versions": {name: version(name) for name in ("plotly", "numpy", "playwright")},
        "quick": quick,
        "sizes": measure(COUNTS[:2] if quick else COUNTS, 1 if quick else 5, folder),
    }
    if out or not quick:
        (out or RESULTS).write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")
    print(table(outcome["sizes"]))


if __name__ == "__main__":
    write(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
