"""Measure what handing work to an engine costs: `scripts/benchmark.py --only engine`, which writes engine.json.

Builds of 10,000 papers, embedding included, by turns: by the process itself, and by one worker of a Dask cluster on the
same machine, with as many threads as it has cores. Whole processes; the cluster is there before. Takes ten minutes.
Needs the extras `dask` and `offline`.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import corpora
from measuring import note, run

RESULTS = Path(__file__).parents[1] / "artifacts" / "benchmarks" / "engine.json"
EXPLORER = Path(sys.executable).with_name("explorer")
PAPERS, QUICK, TURNS = 10_000, 300, 3
LOCAL, DASK = "local", "dask, one worker"


def measure(folder: Path, papers: int) -> dict[str, Any]:
    """Build by turns; return all times, and their medians."""
    from distributed import LocalCluster

    source, library = folder / "papers.jsonl", folder / "library"
    source.write_text("".join(corpora.records(papers)), encoding="utf-8")
    command = [str(EXPLORER), "build", str(source), "-l", str(library), "--json"]
    turns: dict[str, list[dict[str, float]]] = {LOCAL: [], DASK: []}
    with LocalCluster(n_workers=1, dashboard_address="127.0.0.1:0") as cluster:
        by = {LOCAL: [], DASK: ["--engine", "dask", "--address", cluster.scheduler_address]}
        for turn in range(-1, TURNS):  # the first compiles, and the worker loads the model
            for name, engine in by.items():
                seconds, _, printed = run([*command, *engine])
                shutil.rmtree(library)
                stages = json.loads(printed.splitlines()[-1])["seconds"]
                note(f"{papers:,} papers, {name}: {seconds:.1f} s, {stages}")
                if turn >= 0:
                    turns[name].append({"whole process": round(seconds, 2), **stages})
    medians = {
        name: {stage: round(statistics.median(one[stage] for one in found), 2) for stage in found[0]}
        for name, found in turns.items()
    }
    return {"papers": papers, "turns": turns, "medians": medians}


def tables(outcome: dict[str, Any]) -> list[str]:
    """Return the README's table."""
    shown = ("embedding", "neighbors", "whole process")
    lines = [f"| {outcome['papers']:,} papers, by | {' | '.join(shown)} | |", "| --- " * (len(shown) + 2) + "|"]
    for name, found in outcome["medians"].items():
        times = " | ".join(f"{found[stage]:.1f} s" for stage in shown)
        ratio = found["whole process"] / outcome["medians"][LOCAL]["whole process"]
        lines.append(f"| {name} | {times} | **{ratio:.2f} ×** |")
    return ["\n".join(lines)]


def main(folder: Path, *, quick: bool, out: Path | None) -> None:
    """Measure, write the JSON and print the table."""
    outcome = corpora.outcome(measure(folder, QUICK if quick else PAPERS), quick=quick)
    outcome["versions"] |= {name: version(name) for name in ("distributed", "openvino", "torch")}
    if out or not quick:
        (out or RESULTS).write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")
    print("\n\n".join(tables(outcome)))
