"""Measure how a build grows with the number of papers: `scripts/benchmark.py --only scale`, which writes scale.json.

Libraries of 10,000 to 1,000,000 papers whose vectors are given, so nothing of this is embedding; more than 100,000 are
mixtures (`corpora`). A stage's growth is the exponent of the number of papers that fits its seconds best, after those
have been subtracted that it takes for 1,000 papers; its memory is the most that the process and its helpers held while
it lasted. Then the map of 100,000 vectors, neighbors included, beside umap-learn's own. Takes 90 minutes and 8 GB of
disk.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import corpora
import numpy as np
from measuring import note, run, watched

PROJECT = Path(__file__).parents[1]
RESULTS = PROJECT / "artifacts" / "benchmarks" / "scale.json"
EXPLORER = Path(sys.executable).with_name("explorer")
SIZES, QUICK = (10_000, 50_000, 200_000, 1_000_000), (2_000, 5_000, 10_000, 20_000)
FITTED = 3  # of the sizes, the largest
START = 1_000  # papers; what these take is what a stage takes whatever the number of papers is
STAGES = ("reading", "words", "neighbors", "topics", "layout")
MAPPED, TURNS = 100_000, 3
USUAL, OURS = "umap-learn's defaults", "explorer"
FINDING = Path(__file__).with_name("finding.py")
ASKED = 2_000  # vectors that searches are timed with
_WARM = 6_000  # vectors that are mapped first, so that everything is compiled

# Vectors to a map, and how true it is; what is compiled is compiled before.
_MAPS = {
    USUAL: """
from umap import UMAP
def placed(vectors, seed):
    return UMAP(metric="cosine").fit_transform(vectors), None
""",
    OURS: """
from explorer.builder.neighbors import NeighborSearch
from explorer.layout import LayoutOptions, project
def placed(vectors, seed):
    nearest = NearestRows(vectors)
    search = NeighborSearch.of(nearest, "clusters")
    neighbors = numpy.empty((len(vectors), 30), dtype=numpy.int32)
    similarities = numpy.empty(neighbors.shape, dtype=numpy.float32)
    for block in nearest.graph(30, within=search.within):
        neighbors[block.own], similarities[block.own] = block.rows, block.similarities
    return project(nearest.vectors, neighbors, similarities, LayoutOptions(seed=seed)), search.recall
""",
}
_MAP = """
import json, sys, time, warnings
import numpy
warnings.simplefilter("ignore")
from explorer.index import NearestRows
from explorer.layout import faithfulness, sampled_rows
{placed}
vectors, seed = numpy.load(sys.argv[1]), int(sys.argv[2])
vectors = NearestRows(vectors).vectors
placed(vectors[: int(sys.argv[3])], seed)
started = time.perf_counter()
places, recall = placed(vectors, seed)
seconds = time.perf_counter() - started
kept, trustworthiness = faithfulness(vectors, numpy.asarray(places, dtype=numpy.float32), sampled_rows(len(vectors)))
print(json.dumps({{"seconds": seconds, "recall": recall, "kept": kept, "trustworthiness": trustworthiness}}))
"""


def measure(folder: Path, sizes: tuple[int, ...]) -> dict[str, Any]:
    """Build libraries of all sizes, and map vectors."""
    _built(folder, START)  # compiles
    start = _built(folder, START)
    found = [_built(folder, size) for size in sizes]
    return {
        "mixtures": {"shares": corpora.SHARES, "noise": corpora.NOISE},
        "start": start,
        "sizes": found,
        "growth": exponents(start, found[-FITTED:]),
        "map": _maps(folder, min(MAPPED, sizes[-1])),
    }


def _built(folder: Path, papers: int) -> dict[str, Any]:
    """Build one library; return the seconds and the memory of each stage."""
    arguments, library = corpora.write(folder, papers), folder / "library"
    seconds, tree, printed = watched([str(EXPLORER), "build", *arguments, "-l", str(library), "--json"])
    stages = json.loads(printed.splitlines()[-1])["seconds"]
    manifest = json.loads((library / "manifest.json").read_text(encoding="utf-8"))
    begin, memory = seconds - sum(stages.values()), {}
    for name, lasted in stages.items():
        memory[name] = round(tree.between(begin, begin + lasted))
        begin += lasted
    size = sum(file.stat().st_size for file in library.iterdir())
    found = _found(folder, library, papers) if manifest["search"]["type"] != "exact" else {}
    shutil.rmtree(library)
    for file in arguments[::2]:
        Path(file).unlink()
    note(f"{papers:,} papers: {seconds:.1f} s, {tree.peak:,.0f} MB, {stages}")
    return {
        "papers": papers,
        "seconds": round(seconds, 2),
        "stages_s": stages,
        "stages_mb": memory,
        "peak_mb": round(tree.peak),
        "disk_mb": round(size / 1e6),
        "index": manifest["index"],
        "picture": manifest["picture"],
        "search": manifest["search"],
        "found": found,
    }


def _found(folder: Path, library: Path, papers: int) -> dict[str, Any]:
    """Time searches in a library by mixtures that it does not hold."""
    questions = folder / "questions.npy"
    np.save(questions, corpora.mixtures_of(papers, ASKED))
    _, _, printed = run([sys.executable, str(FINDING), str(library), str(questions)])
    found: dict[str, Any] = json.loads(printed.splitlines()[-1])
    note(f"searches among {papers:,}: {found}")
    return found


def exponents(start: dict[str, Any], found: list[dict[str, Any]]) -> dict[str, float]:
    """Return by stage, and for the sum of all, the exponent of growth; of stages that take next to nothing, none."""
    papers = np.log([one["papers"] for one in found])
    grown = {}
    for name in (*STAGES, "all"):
        seconds = [_seconds(one, name) - _seconds(start, name) for one in found]
        if min(seconds) > 0:
            grown[name] = round(float(np.polyfit(papers, np.log(seconds), 1)[0]), 3)
    return grown


def _seconds(one: dict[str, Any], stage: str) -> float:
    stages = one["stages_s"]
    return float(sum(stages[name] for name in STAGES) if stage == "all" else stages[stage])


def _maps(folder: Path, count: int) -> dict[str, Any]:
    """Map some vectors by turns; return medians."""
    file = folder / "mapped.npy"
    np.save(file, corpora.vectors_of(count))
    turns: dict[str, list[dict[str, float]]] = {name: [] for name in _MAPS}
    for turn in range(TURNS):
        for name, placed in _MAPS.items():
            program = _MAP.format(placed=placed)
            _, _, printed = run([sys.executable, "-c", program, str(file), str(42 + turn), str(_WARM)])
            turns[name].append(json.loads(printed.splitlines()[-1]))
            note(f"map of {count:,}, {name}: {turns[name][-1]}")
    return {
        "papers": count,
        **{name: {key: _median(found, key) for key in found[0]} for name, found in turns.items()},
    }


def _median(found: list[dict[str, float]], key: str) -> float | None:
    values = [one[key] for one in found]
    return None if values[0] is None else round(statistics.median(values), 4)


def tables(outcome: dict[str, Any]) -> list[str]:
    """Return the README's tables."""
    searched = [one for one in outcome["sizes"] if one.get("found")]
    found = ["\n".join(_searched(searched))] if searched else []
    return ["\n".join(_growth(outcome)), *found, "\n".join(_mapped(outcome["map"]))]


def _searched(sizes: list[dict[str, Any]]) -> Iterator[str]:
    yield "| ten nearest of a vector, one thread | among | queries/s | recall | index | made in |"
    yield "| --- " * 6 + "|"
    for one in sizes:
        for name, found in one["found"].items():
            made = f"{found['made_in_s']:.0f} s" if found["made_in_s"] else "with the neighbors"
            kept = f"{found['queries_per_s']:,} | {found['recall']:.3f} | {found['index_mb']:,} MB | {made}"
            yield f"| {name} | {one['papers']:,} | {kept} |"


def _growth(outcome: dict[str, Any]) -> Iterator[str]:
    yield f"| papers, vectors given | {' | '.join(STAGES)} | whole process | peak memory | on disk |"
    yield "| --- " * (len(STAGES) + 4) + "|"
    for one in outcome["sizes"]:
        stages = " | ".join(f"{one['stages_s'][name]:.1f} s" for name in STAGES)
        sizes = f"{one['peak_mb'] / 1e3:.1f} GB | {one['disk_mb'] / 1e3:.2f} GB"
        yield f"| {one['papers']:,} | {stages} | {one['seconds']:.0f} s | {sizes} |"
    grown = outcome["growth"]
    shown = " | ".join(f"n^{grown[name]:.2f}" if name in grown else "" for name in (*STAGES, "all"))
    yield f"| growth from {outcome['sizes'][-FITTED]['papers']:,} on | {shown} | | |"


def _mapped(found: dict[str, Any]) -> Iterator[str]:
    yield f"| {found['papers']:,} vectors to a map | seconds | faster | neighbors kept | trustworthiness |"
    yield "| --- | --- | --- | --- | --- |"
    for name in (USUAL, OURS):
        one = found[name]
        faster = f"**{found[USUAL]['seconds'] / one['seconds']:.1f} ×**"
        yield f"| {name} | {one['seconds']:.1f} | {faster} | {one['kept']:.1%} | {one['trustworthiness']:.3f} |"


def main(folder: Path, *, quick: bool, out: Path | None) -> None:
    """Measure, write the JSON and print the tables."""
    if not corpora.is_real():
        note("shared data absent: the papers are those of the sample, over and over, and mixtures of them")
    outcome = corpora.outcome(measure(folder, QUICK if quick else SIZES), quick=quick)
    if out or not quick:
        (out or RESULTS).write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")
    print("\n\n".join(tables(outcome)))
