"""Measure how true the picture is and what it costs, beside umap-learn and openTSNE.

    .venv/bin/python scripts/layouts.py                       55 to 100,000 papers (8 minutes, memory of 2 GB)
    .venv/bin/python scripts/layouts.py --papers 55 1000      fewer
    .venv/bin/python scripts/layouts.py --opentsne PYTHON     an interpreter that has openTSNE, which is no dependency

All but openTSNE get the same exact neighbor graph, so that the seconds are those of the layout alone, its start
included; openTSNE's are with its own search for neighbors. Contestants run in turns in one process, compiled
beforehand; each turn has another seed, and what is written are medians. On a busy machine OPENBLAS_NUM_THREADS=1 keeps
the start from waiting for processors. The last lines are a table, all values are in artifacts/benchmarks/layouts.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from measuring import machine, note, run
from numpy.typing import NDArray

from explorer import readers
from explorer.embedder import find_model, load
from explorer.index import NearestRows
from explorer.layout import LayoutOptions, faithfulness, kept_neighbors, principal_components, project, sampled_rows

PROJECT = Path(__file__).parents[1]
RESULTS = PROJECT / "artifacts" / "benchmarks" / "layouts.json"
DATA = PROJECT.parent / "shared" / "data"
DIGEST = DATA / "digests" / "cs.CV_2020-10-07.md"
VECTORS = DATA / "corpora" / "arxiv-100k.vectors.f16.npy"
SAMPLE = PROJECT / "explorer" / "sample" / "digest.md"
PACKAGES = ("umap-learn", "numba", "scipy", "faiss-cpu", "numpy")
LISTED = 30  # neighbors, as in a library
FEW, MANY = 1000, 100_000  # papers: up to FEW there are many turns; from MANY on there is no time for openTSNE
USUAL, PRINCIPAL, OURS, TSNE = "umap-learn's defaults", "the same, principal components first", "explorer", "openTSNE"
_TSNE = """
import sys, time, numpy, openTSNE
vectors, started = numpy.load(sys.argv[1]), time.perf_counter()
placed = openTSNE.TSNE(metric="cosine", random_state=int(sys.argv[3]), n_jobs=-1).fit(vectors)
print(openTSNE.__version__, time.perf_counter() - started)
numpy.save(sys.argv[2], numpy.asarray(placed, dtype=numpy.float32))
"""

Layout = Callable[[int], tuple[NDArray[np.float32], float]]  # of a seed: coordinates and seconds


@dataclass(frozen=True)
class Graph:
    """Hold unit vectors (n, d) and their exact neighbors (n, k), themselves excluded, with cosines."""

    vectors: NDArray[np.float32]
    neighbors: NDArray[np.int32]
    similarities: NDArray[np.float32]


def graph_of(vectors: NDArray[np.floating[Any]]) -> Graph:
    nearest = NearestRows(vectors)
    blocks = list(nearest.graph(LISTED))
    neighbors = np.concatenate([block.rows for block in blocks])
    return Graph(nearest.vectors, neighbors, np.concatenate([block.similarities for block in blocks]))


def umap_layout(graph: Graph, *, start: bool) -> Layout:
    """Return umap-learn with its defaults on the given graph, and on request from our start."""
    from umap import UMAP

    rows, count = np.arange(len(graph.vectors), dtype=np.int32)[:, None], min(15, len(graph.vectors)) - 1
    indices = np.concatenate([rows, graph.neighbors[:, :count]], axis=1)
    distances = np.concatenate([np.zeros(rows.shape), 1 - graph.similarities[:, :count]], axis=1).clip(0)
    given: dict[str, Any] = {"metric": "cosine", "precomputed_knn": (indices, distances.astype(np.float32), None)}

    def layout(seed: int) -> tuple[NDArray[np.float32], float]:
        started = time.perf_counter()
        if start:
            places = principal_components(graph.vectors)
            given["init"] = 10 * places / np.abs(places).max()
        placed = UMAP(random_state=seed, **given).fit_transform(graph.vectors)
        return placed, time.perf_counter() - started

    return layout


def our_layout(graph: Graph) -> Layout:
    def layout(seed: int) -> tuple[NDArray[np.float32], float]:
        started = time.perf_counter()
        placed = project(graph.vectors, graph.neighbors, graph.similarities, LayoutOptions(seed=seed))
        return placed, time.perf_counter() - started

    return layout


def tsne_layout(graph: Graph, python: str) -> Layout:
    """Return openTSNE, by another interpreter, in a process of its own; its seconds are without the start of that."""

    def layout(seed: int) -> tuple[NDArray[np.float32], float]:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder, "vectors.npy"), Path(folder, "placed.npy")
            np.save(source, graph.vectors)
            _, _, shown = run([python, "-W", "ignore", "-c", _TSNE, str(source), str(target), str(seed)])
            return np.load(target), float(shown.split()[-1])

    return layout


def measure(papers: int, graph: Graph, opentsne: str | None) -> list[dict[str, Any]]:
    """Return what each layout reaches, a record each."""
    layouts = {
        USUAL: umap_layout(graph, start=False), PRINCIPAL: umap_layout(graph, start=True), OURS: our_layout(graph),
    }  # fmt: skip
    if opentsne and papers < MANY:
        layouts[TSNE] = tsne_layout(graph, opentsne)
    rows = sampled_rows(len(graph.vectors))
    reached: dict[str, list[tuple[float, ...]]] = {name: [] for name in layouts}
    for turn in range(9 if papers <= FEW else 3):
        for name, layout in layouts.items():
            if name == TSNE and turn > 2:
                continue
            placed, seconds = layout(42 + turn)
            listed = float(kept_neighbors(graph.neighbors, placed).mean())
            reached[name].append((*faithfulness(graph.vectors, placed, rows), listed, seconds))
            note(f"{papers} papers, {name}: {[round(value, 4) for value in reached[name][-1]]}")
    return list(records(papers, reached))


def records(papers: int, reached: dict[str, list[tuple[float, ...]]]) -> Iterator[dict[str, Any]]:
    """Yield medians, the spread of what is kept, and the ratio of the seconds to those of umap-learn's defaults."""
    usual = statistics.median(values[-1] for values in reached[USUAL])
    for name, values in reached.items():
        kept, trustworthiness, listed, seconds = zip(*values, strict=True)
        yield {
            "papers": papers,
            "layout": name,
            "kept": round(statistics.median(kept), 4),
            "kept, least and most": [round(min(kept), 4), round(max(kept), 4)],
            "kept, all papers": round(statistics.median(listed), 4),
            "trustworthiness": round(statistics.median(trustworthiness), 4),
            "seconds": round(statistics.median(seconds), 4),
            "ratio": round(statistics.median(seconds) / usual, 3),
            "all seconds": [round(each, 4) for each in seconds],
        }


def graphs(sizes: Sequence[int]) -> Iterator[tuple[int, Graph]]:
    """Yield the papers' graphs by size: a digest's, which are embedded, then the first of the corpus."""
    digest = DIGEST if DIGEST.exists() else SAMPLE
    papers = [paper for paper in readers.read(digest) if not isinstance(paper, readers.Rejected)]
    for size in sizes:
        if size <= len(papers):
            yield len(papers), graph_of(load(find_model()).embed([paper.text for paper in papers]))
        elif VECTORS.exists():
            note(f"neighbors of {size} papers ...")
            yield size, graph_of(np.load(VECTORS, mmap_mode="r")[:size])
        else:
            note(f"there is no {VECTORS}: {size} papers are left out")


def usable(python: str | None) -> str | None:
    """Return the interpreter when it has openTSNE; say so when there is none."""
    if python and not subprocess.run([python, "-c", "import openTSNE"], capture_output=True, check=False).returncode:
        return python
    note(f"{python} has no openTSNE" if python else "openTSNE is left out: name an interpreter that has it")
    return None


def table(measured: Sequence[dict[str, Any]]) -> str:
    lines = [
        "| papers | layout | neighbors kept | trustworthiness | seconds | ratio |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {one['papers']:,} | {one['layout']} | {100 * one['kept']:.1f} % | {one['trustworthiness']:.3f} "
        f"| {one['seconds']:.2f} | {one['ratio']:.2f} × |"
        for one in measured
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--papers", metavar="N", nargs="+", type=int, default=[55, FEW, 10_000, MANY])
    parser.add_argument("--opentsne", metavar="PYTHON", help="an interpreter that has openTSNE")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # umap-learn's remarks on seeds and on graphs that are given
    python = usable(arguments.opentsne)
    ready = graph_of(np.random.default_rng(0).normal(size=(5000, 16)))
    for layout in (umap_layout(ready, start=False), our_layout(ready)):
        layout(0)  # compiles
    outcome = {
        "machine": machine(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {name: version(name) for name in PACKAGES},
        "options": asdict(LayoutOptions()),
        "layouts": [one for size, graph in graphs(arguments.papers) for one in measure(size, graph, python)],
    }
    arguments.out.write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")
    print(table(outcome["layouts"]))


if __name__ == "__main__":
    main()
