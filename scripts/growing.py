"""Measure a library that grows: `scripts/benchmark.py --only growth`, which writes artifacts/benchmarks/growth.json.

A library of 90 % of the papers gets the rest in twenty additions, each a process of its own; then it is compared with
one built of all of them. The vectors are given, so nothing of this is embedding. Reading alone is measured with one and
with ten times as many records. Without the shared corpus the sample's papers are used, over and over.
"""

from __future__ import annotations

import gzip
import json
import shutil
import statistics
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import corpora
import numpy as np
from measuring import note, run

PROJECT = Path(__file__).parents[1]
RESULTS = PROJECT / "artifacts" / "benchmarks" / "growth.json"
EXPLORER = Path(sys.executable).with_name("explorer")
STEPS = 20
REMOVED = 100
_NEAREST = 10

_READING = """
import json, sys, time
from contextlib import closing
from pathlib import Path
from explorer.builder.intake import Inputs
from explorer.builder.options import InputOptions
from explorer.papers import Paper
from explorer.store import PaperWriter
begun, used = time.perf_counter(), time.process_time()
with Inputs((Path(sys.argv[1]),), InputOptions()) as inputs, closing(PaperWriter(Path(sys.argv[2]))) as writer:
    for _, record in inputs.records():
        if isinstance(record, Paper):
            writer.add(record)
    writer.finish()
print(json.dumps({
    "papers": writer.count, "seconds": time.perf_counter() - begun, "cpu": time.process_time() - used,
}))
"""


class Papers:
    """Hold the papers' records and vectors, and write some of them to files."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder = folder
        self.count = count
        self.records = list(corpora.records(count))
        self.vectors = corpora.vectors_of(count)

    def write(self, name: str, start: int, stop: int) -> list[str]:
        """Write the papers `start` to `stop`; return the arguments that name the files."""
        papers, vectors = self.folder / f"{name}.jsonl", self.folder / f"{name}.npy"
        papers.write_text("".join(self.records[start:stop]), encoding="utf-8")
        np.save(vectors, self.vectors[start:stop])
        return [str(papers), "--vectors", str(vectors)]


def measure(folder: Path, count: int) -> dict[str, Any]:
    """Build, add in twenty steps, and compare."""
    papers = Papers(folder, count)
    start, step = count - count // 10, count // 10 // STEPS
    grown, whole, first = folder / "grown", folder / "whole", folder / "first"
    outcome: dict[str, Any] = {"papers": count, "build": _built(papers.write("all", 0, count), whole)}
    _built(papers.write("old", 0, start), grown)
    shutil.copytree(grown, first)
    adds = [
        _timed(["add", *papers.write(f"step-{number}", start + number * step, start + (number + 1) * step)], grown)
        for number in range(STEPS)
    ]
    outcome["add"] = {
        "papers": step,
        "all_s": [one["seconds"] for one in adds],
        "median_s": statistics.median(one["seconds"] for one in adds),
        "peak_mb": max(one["peak_mb"] for one in adds),
        "stages_s": adds[-1]["stages_s"],
    }
    outcome["add"]["of_build"] = outcome["add"]["median_s"] / outcome["build"]["without_embedding_s"]
    outcome["agreement"] = _agreement(first, grown, whole)
    ids = [json.loads(line)["id"] for line in papers.records[:: count // REMOVED][:REMOVED]]
    outcome["others"] = {
        "verify": _timed(["verify"], grown, has_report=False),
        f"remove, {REMOVED} papers": _timed(["remove", *ids], grown),
        "layout --refit": _timed(["layout", "--refit"], grown),
    }
    outcome["reading"] = [_read(folder, papers, times) for times in (1, 10)]
    return outcome


def _built(arguments: list[str], library: Path) -> dict[str, Any]:
    found = _timed(["build", *arguments], library)
    return {**found, "without_embedding_s": found["seconds"] - found["stages_s"]["embedding"]}


def _timed(arguments: list[str], library: Path, *, has_report: bool = True) -> dict[str, Any]:
    seconds, peak, printed = run([str(EXPLORER), *arguments, "-l", str(library), "--json"])
    note(f"{arguments[0]}: {seconds:.1f} s, {peak:.0f} MB")
    stages = json.loads(printed.splitlines()[-1])["seconds"] if has_report else {}
    return {"seconds": round(seconds, 3), "peak_mb": round(peak, 1), "stages_s": stages}


def _agreement(first: Path, grown: Path, whole: Path) -> dict[str, float | bool]:
    """Compare the library that grew with the one it was, and with the one that was built of all papers."""
    from explorer.layout import kept_neighbors
    from explorer.store import LibraryFolder

    before, ours, theirs = (LibraryFolder(path) for path in (first, grown, whole))
    old = before.manifest.papers
    kept = kept_neighbors(ours.array("neighbors"), ours.array("layout"))
    return {
        "dense_recall": _shared(ours.array("neighbors"), theirs.array("neighbors")),
        "related": _shared(ours.array("related"), theirs.array("related")),
        "old_places_equal": bool((before.array("layout") == ours.array("layout")[:old]).all()),
        "kept_old": float(kept[:old].mean()),
        "kept_new": float(kept[old:].mean()),
        "kept_built": float(kept_neighbors(theirs.array("neighbors"), theirs.array("layout")).mean()),
    }


def _shared(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the share of the first ten of each row that both have."""
    return float((ours[:, :_NEAREST, None] == theirs[:, None, :_NEAREST]).any(axis=2).mean())


def _read(folder: Path, papers: Papers, times: int) -> dict[str, Any]:
    """Read the records into the store, `times` over under other ids, in a process of its own."""
    source = folder / f"records-{times}.jsonl.gz"
    with gzip.open(source, "wt", encoding="utf-8", compresslevel=1) as file:
        for turn in range(times):
            file.writelines(_renamed(papers.records, turn) if turn else papers.records)
    seconds, peak, printed = run([sys.executable, "-c", _READING, str(source), str(folder / f"read-{times}.sqlite")])
    found: dict[str, Any] = json.loads(printed)
    found = {name: round(value, 3) for name, value in found.items()} | {
        "process_s": round(seconds, 3),
        "peak_mb": round(peak, 1),
    }
    note(f"reading {found['papers']:,}: {found['papers'] / found['cpu']:,.0f} papers/s, {found['peak_mb']:.0f} MB")
    return found


def _renamed(records: Iterable[str], turn: int) -> Iterator[str]:
    for line in records:
        record = json.loads(line)
        yield json.dumps({**record, "id": f"{turn}-{record['id']}", "doi": None}) + "\n"


def tables(outcome: dict[str, Any]) -> list[str]:
    """Return the README's tables."""
    return ["\n".join(_work(outcome)), "\n".join(_right(outcome)), "\n".join(_reading(outcome))]


def _work(outcome: dict[str, Any]) -> Iterator[str]:
    build, add = outcome["build"], outcome["add"]
    whole = build["without_embedding_s"]
    yield f"| a library of {outcome['papers']:,} papers, vectors given | seconds | of the build | peak memory |"
    yield "| --- | --- | --- | --- |"
    yield f"| `explorer build`, without embedding | {whole:.1f} s | 1 | {build['peak_mb']:,.0f} MB |"
    one = f"| `explorer add`, {add['papers']} papers"
    yield f"{one} | {add['median_s']:.1f} s | **{add['of_build']:.1%}** | {add['peak_mb']:,.0f} MB |"
    for name, found in outcome["others"].items():
        command, _, papers = name.partition(", ")
        title = f"`explorer {command}`" + (f", {papers}" if papers else "")
        share = f"{found['seconds'] / whole:.1%}"
        yield f"| {title} | {found['seconds']:.1f} s | {share} | {found['peak_mb']:,.0f} MB |"


def _right(outcome: dict[str, Any]) -> Iterator[str]:
    found = outcome["agreement"]
    yield "| after 20 additions (10 %) beside one build | |"
    yield "| --- | --- |"
    yield f"| the ten nearest, shared | {found['dense_recall']:.4f} |"
    yield f"| the first ten related papers, shared | {found['related']:.3f} |"
    yield f"| old papers' places on the map | {'the same bytes' if found['old_places_equal'] else 'MOVED'} |"
    shares = f"{found['kept_new']:.1%}, {found['kept_old']:.1%}"
    ratio = found["kept_new"] / found["kept_old"]
    yield f"| neighbors kept on the map: newcomers, old papers | {shares}: **{ratio:.2f} ×** |"


def _reading(outcome: dict[str, Any]) -> Iterator[str]:
    yield "| JSON lines, gzipped, into the store | papers/s, one core | peak memory |"
    yield "| --- | --- | --- |"
    for found in outcome["reading"]:
        yield f"| {found['papers']:,} | **{found['papers'] / found['cpu']:,.0f}** | {found['peak_mb']:.0f} MB |"


def main(folder: Path, *, quick: bool, out: Path | None) -> None:
    """Measure, write the JSON and print the tables."""
    if not corpora.is_real():
        note("shared data absent: the papers are those of the sample, over and over")
    outcome = corpora.outcome(measure(folder, 10_000 if quick else 100_000), quick=quick)
    if out or not quick:
        (out or RESULTS).write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")
    print("\n\n".join(tables(outcome)))
