"""Measure the explorer beside the obvious script (`scripts/reference.py`), interleaved, in one run.

    .venv/bin/python scripts/benchmark.py             all cases, written to artifacts/benchmarks/ (about 20 minutes)
    .venv/bin/python scripts/benchmark.py --quick     fewer repetitions and papers, five minutes
    .venv/bin/python scripts/benchmark.py --only find-similar-id
    .venv/bin/python scripts/benchmark.py --only map  the page, written to artifacts/benchmarks/map.json
    .venv/bin/python scripts/benchmark.py --only growth  additions, reading, written to artifacts/benchmarks/growth.json
    .venv/bin/python scripts/benchmark.py --only scale  to a million papers, written to artifacts/benchmarks/scale.json
    .venv/bin/python scripts/benchmark.py --only engine  by workers, written to artifacts/benchmarks/engine.json

A time says little away from its machine; a ratio of medians of one run does. Every case runs all its contestants in
turns. Compiled code and the prepared model may be kept between turns, results may not: what is built is removed. The
last lines are the tables of the README. Needs the extras `fast` and `offline`.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import engines
import growing
import mapping
import scaling
from measuring import machine, note, run

from explorer.embedder import find_model

PROJECT = Path(__file__).parents[1]
RESULTS = PROJECT / "artifacts" / "benchmarks"
DATA = PROJECT.parent / "shared" / "data"
DIGEST = DATA / "digests" / "cs.CV_2020-10-07.md"
CORPUS = DATA / "corpora" / "arxiv-100k.jsonl.gz"
VECTORS = DATA / "corpora" / "arxiv-100k.vectors.f16.npy"
SAMPLE = PROJECT / "explorer" / "sample" / "digest.md"
EXPLORER = Path(sys.executable).with_name("explorer")
PACKAGES = (
    "sentence-transformers", "torch", "transformers", "openvino", "faiss-cpu", "umap-learn", "numba", "plotly", "numpy",
)  # fmt: skip
OBVIOUS, OURS, BARE = "obvious script", "explorer", "import numpy"
QUERY = "estimating depth with a single camera"

# What the obvious script's `build` would leave of papers whose vectors are given.
_REFERENCE_LIBRARY = """
import sys, pathlib, faiss, numpy as np, pandas as pd
folder, source, vectors = map(pathlib.Path, sys.argv[1:])
folder.mkdir()
rows = np.load(vectors).astype(np.float32)
rows /= np.linalg.norm(rows, axis=1, keepdims=True)
index = faiss.IndexFlatIP(rows.shape[1])
index.add(rows)
np.save(folder / "vectors.npy", rows)
faiss.write_index(index, str(folder / "index.faiss"))
papers = pd.read_json(source, lines=True, dtype={"id": str})[["id", "title", "abstract"]]
papers.to_json(folder / "papers.json", orient="records")
"""
_READY_VECTORS = """
import sys, numpy as np
np.save(sys.argv[2], np.load(sys.argv[1], mmap_mode="r")[:int(sys.argv[3])])
"""
# Of the sample, over and over, each a little different.
_MADE_VECTORS = """
import json, sys, numpy as np
from explorer.embedder import find_model, load
texts, count = json.loads(sys.argv[1]), int(sys.argv[3])
embedded = load(find_model()).embed(texts)
noise = np.random.default_rng(0).normal(scale=0.01, size=(count, embedded.shape[1]))
np.save(sys.argv[2], (embedded[np.arange(count) % len(embedded)] + noise).astype(np.float16))
"""


@dataclass(frozen=True)
class Case:
    """Name a piece of work and the commands that do it; the first is what the ratios are of."""

    title: str
    commands: dict[str, list[str]]
    repetitions: int
    before: Callable[[], dict[str, str]] = dict
    warm_up: bool = True


@dataclass
class Bench:
    """Hold what the cases share: a work folder, and the papers, real where they are there."""

    work: Path
    quick: bool
    made: set[str] = field(default_factory=set)

    @property
    def repetitions(self) -> int:
        """Return how often each contestant runs."""
        return 1 if self.quick else 5

    @property
    def many(self) -> int:
        """Return how many papers many are."""
        return 20_000 if self.quick else 100_000

    @property
    def few(self) -> int:
        """Return how many papers the digest has."""
        return self.digest.read_text(encoding="utf-8").count("\n### ")

    @property
    def digest(self) -> Path:
        """Return the digest of some 55 papers."""
        return DIGEST if DIGEST.exists() else SAMPLE

    def first_id(self, papers: Path) -> str:
        """Return the id of the first paper in a file."""
        found = re.search(r"/pdf/(\d{4}\.\d{5})|\"id\": ?\"([^\"]+)\"", papers.read_text(encoding="utf-8")[:20_000])
        assert found is not None
        return found[1] or found[2]

    def records(self, count: int) -> Iterator[dict[str, Any]]:
        """Yield real papers, or the sample's over and over under other ids."""
        if CORPUS.exists():
            with gzip.open(CORPUS, "rt", encoding="utf-8") as lines:
                yield from (json.loads(line) for line in itertools.islice(lines, count))
            return
        from explorer import readers

        papers = [paper for paper in readers.read(SAMPLE) if not isinstance(paper, readers.Rejected)]
        for number in range(count):
            paper = papers[number % len(papers)]
            yield {"id": f"s{number:07}", "title": paper.title, "abstract": f"{paper.abstract} (copy {number})"}

    def as_digest(self, count: int) -> Path:
        """Write `count` papers in the one format that the obvious script reads."""
        path = self.work / f"digest-{count}.md"
        if not path.exists():
            blocks = ["# ArXiv cs.CV --Wed, 7 Oct 2020\n"]
            for number, record in enumerate(self.records(count), 1):
                title, abstract = (" ".join(record[name].split()) for name in ("title", "abstract"))
                link = f"https://arxiv.org/pdf/{1000 + number // 90000}.{number % 90000 + 10000}.pdf"
                blocks.append(f"### {number}.{title}  [ :arrow_down: ]({link})\n> {abstract}\n")
            path.write_text("\n".join(blocks), encoding="utf-8")
        return path

    def as_lines(self, count: int) -> tuple[Path, list[str]]:
        """Write `count` papers as JSON lines; return the file and the options that name their ready vectors."""
        path, vectors = self.work / f"papers-{count}.jsonl", self.work / f"vectors-{count}.npy"
        if not path.exists():
            with path.open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(record) + "\n" for record in self.records(count))
            if VECTORS.exists() and CORPUS.exists():
                run([sys.executable, "-c", _READY_VECTORS, str(VECTORS), str(vectors), str(count)])
            else:
                texts = [f"{record['title']}. {record['abstract']}" for record in self.records(60)]
                run([sys.executable, "-c", _MADE_VECTORS, json.dumps(texts), str(vectors), str(count)])
        return path, ["--vectors", str(vectors), "--model", "sentence-transformers/all-MiniLM-L6-v2"]

    def libraries(self, count: int) -> tuple[str, Path, Path]:
        """Make both contestants' libraries of `count` papers; return an id in both and where they are.

        Above 5,000 papers the obvious script's is written from the same ready vectors: it would take an hour.
        """
        ours, theirs = self.work / f"library-{count}", self.work / f"reference-{count}"
        if count <= 5_000:
            source, extra = self.digest, []
        else:
            source, extra = self.as_lines(count)
        if f"{count}" not in self.made:
            note(f"making libraries of {count} papers ...")
            run([str(EXPLORER), "build", str(source), "-l", str(ours), *extra])
            if count <= 5_000:
                run([*reference(), "build", str(source), str(theirs), *model()])
            else:
                # In a process of its own: what this one holds would be counted as theirs.
                run([sys.executable, "-c", _REFERENCE_LIBRARY, str(theirs), str(source), extra[1]])
            self.made.add(f"{count}")
        return self.first_id(source), ours, theirs


def ask_by_id(bench: Bench, count: int) -> Case:
    """Ask for the papers most like the first of a library: a process from nothing to its answer."""
    paper_id, ours, theirs = bench.libraries(count)
    commands = {
        OBVIOUS: [*reference(), "similar", paper_id, str(theirs), *model()],
        OURS: [str(EXPLORER), "find-similar", paper_id, "-l", str(ours)],
        BARE: [sys.executable, "-c", "import numpy"],
    }
    return Case(f"`find-similar ID`, cold process, {count:,} papers", commands, bench.repetitions)


def ask_by_text(bench: Bench, count: int) -> Case:
    """Ask by a text: a process from nothing to its answer, the model prepared."""
    _, ours, theirs = bench.libraries(count)
    commands = {
        OBVIOUS: [*reference(), "text", QUERY, str(theirs), *model()],
        OURS: [str(EXPLORER), "find-similar", QUERY, "-l", str(ours)],
        BARE: [sys.executable, "-c", "import numpy"],
    }
    return Case(f'`find-similar "free text"`, cold process, {count:,} papers', commands, bench.repetitions)


def build(bench: Bench) -> Case:
    """Make everything of a digest: vectors, index, layout, map."""
    commands, clear = _builders(bench, bench.digest)
    title = f"library and map of {bench.few} papers, second run"
    return Case(title, commands, bench.repetitions, clear, warm_up=not bench.quick)


def build_first(bench: Bench) -> Case:
    """Make the same as after an installation: nothing is compiled yet; for the explorer also with no model prepared."""
    commands, clear = _builders(bench, bench.digest)

    def forget() -> dict[str, str]:
        clear()
        for name in ("numba", "cache"):
            shutil.rmtree(bench.work / name, ignore_errors=True)
        return {"NUMBA_CACHE_DIR": str(bench.work / "numba")}

    commands["explorer, no model prepared"] = [
        "env", f"EXPLORER_CACHE={bench.work / 'cache'}", *commands[OURS],
    ]  # fmt: skip
    title = f"library and map of {bench.few} papers, first run after install"
    return Case(title, commands, bench.repetitions, forget, warm_up=False)


def build_thousand(bench: Bench) -> Case:
    """Make everything of a thousand papers."""
    count = 200 if bench.quick else 1_000
    commands, clear = _builders(bench, bench.as_digest(count))
    return Case(f"library and map of {count:,} papers", commands, bench.repetitions, clear, warm_up=False)


def _builders(bench: Bench, source: Path) -> tuple[dict[str, list[str]], Callable[[], dict[str, str]]]:
    ours, theirs = bench.work / "built", bench.work / "reference-built"

    def clear() -> dict[str, str]:
        shutil.rmtree(ours, ignore_errors=True)
        shutil.rmtree(theirs, ignore_errors=True)
        return {}

    commands = {
        OBVIOUS: [*reference(), "build", str(source), str(theirs), *model()],
        OURS: [str(EXPLORER), "demo", str(source), "-l", str(ours)],
    }
    return commands, clear


CASES: dict[str, Callable[[Bench], Case]] = {
    "find-similar-id": lambda bench: ask_by_id(bench, bench.few),
    "find-similar-id-many": lambda bench: ask_by_id(bench, bench.many),
    "find-similar-text": lambda bench: ask_by_text(bench, bench.few),
    "find-similar-text-many": lambda bench: ask_by_text(bench, bench.many),
    "build": build,
    "build-first": build_first,
    "build-1000": build_thousand,
}


def reference() -> list[str]:
    return [sys.executable, "-W", "ignore", str(PROJECT / "scripts" / "reference.py")]


def model() -> list[str]:
    return ["--model", str(find_model().folder)]


def measure(name: str, case: Case) -> dict[str, Any]:
    """Run a case's commands in turns and return medians, all measurements and ratios to the first."""
    seconds: dict[str, list[float]] = {contestant: [] for contestant in case.commands}
    memory: dict[str, float] = dict.fromkeys(case.commands, 0.0)
    for repetition in range(0 if case.warm_up else 1, case.repetitions + 1):
        for contestant, command in case.commands.items():
            elapsed, peak, _ = run(command, case.before())
            if repetition:  # the first round warms the disk cache and what compiles
                seconds[contestant].append(round(elapsed, 4))
                memory[contestant] = max(memory[contestant], round(peak, 1))
            note(f"{name} {repetition}/{case.repetitions} {contestant}: {elapsed:.3f} s, {peak:.0f} MB")
    medians = {contestant: statistics.median(values) for contestant, values in seconds.items()}
    return {
        "title": case.title,
        "median_s": medians,
        "faster_than_obvious_script": {each: round(medians[OBVIOUS] / value, 2) for each, value in medians.items()},
        "times_import_numpy": {each: round(value / medians[BARE], 2) for each, value in medians.items()}
        if BARE in medians
        else {},
        "peak_mb": memory,
        "all_s": seconds,
    }


def encoding(bench: Bench) -> dict[str, Any]:
    """Measure how fast abstracts become vectors, all runtimes in turns; then each alone, for its memory."""
    count, rounds = (64, 1) if bench.quick else (512, 5)
    texts = bench.work / "texts.json"
    texts.write_text(json.dumps([f"{each['title']}. {each['abstract']}" for each in bench.records(count)]))
    script = [sys.executable, "-W", "ignore", str(PROJECT / "scripts" / "encoding.py"), str(texts)]
    note(f"encoding {count} abstracts in {rounds} rounds ...")
    outcome: dict[str, Any] = json.loads(run([*script, str(rounds)])[2])
    for name, result in outcome["results"].items():
        result["peak_mb"] = round(run([*script, "0", name])[1], 1)
        note(f"encoding {name}: {result['texts_per_s']} texts/s, {result['peak_mb']:.0f} MB")
    return outcome


def stages(bench: Bench) -> dict[str, Any]:
    """Split the explorer's builds by stage; above 5,000 papers with ready vectors."""
    found = {}
    sources: dict[int, tuple[Path, list[str], int]] = {
        bench.few: (bench.digest, [], bench.repetitions),
        1_000: (bench.as_digest(1_000), [], bench.repetitions),
        10_000: (*bench.as_lines(10_000), 1),
    }
    for count, (source, extra, repetitions) in sources.items():
        all_seconds: list[float] = []
        all_stages: list[dict[str, float]] = []
        peak = 0.0
        for _ in range(repetitions):
            shutil.rmtree(bench.work / "staged", ignore_errors=True)
            command = [str(EXPLORER), "build", str(source), "-l", str(bench.work / "staged"), "--json", *extra]
            elapsed, memory, printed = run(command)
            all_seconds.append(elapsed)
            all_stages.append(json.loads(printed)["seconds"])
            peak = max(peak, memory)
        found[f"{count}"] = {
            "median_s": round(statistics.median(all_seconds), 3),
            "stages_s": {stage: statistics.median(each[stage] for each in all_stages) for stage in all_stages[0]},
            "peak_mb": round(peak, 1),
            "vectors": "given" if extra else "embedded",
            "repetitions": repetitions,
        }
        note(f"stages of {count} papers: {found[f'{count}']}")
    return found


def searching(bench: Bench) -> dict[str, Any]:
    """Measure questions to an open library by ranking, and what its related papers cost."""
    _, ours, _ = bench.libraries(bench.many)
    note(f"questions to an open library of {bench.many:,} papers ...")
    script = [sys.executable, str(PROJECT / "scripts" / "searching.py"), str(ours), "1" if bench.quick else "5"]
    outcome: dict[str, Any] = json.loads(run(script)[2])
    return outcome


def tables(outcome: dict[str, Any]) -> list[str]:
    """Return the tables of the README, of what was measured."""
    makers = {"results": _processes, "encoding": _encoding, "stages": _stages, "searching": _searching}
    return ["\n".join(make(outcome[name])) for name, make in makers.items() if outcome.get(name)]


def _processes(results: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield "| work, whole process | obvious script | explorer | faster | peak memory |"
    yield "| --- | --- | --- | --- | --- |"
    for result in results.values():
        medians, peaks = result["median_s"], result["peak_mb"]
        for contestant in medians:
            if contestant.startswith(OURS):
                title = result["title"] + contestant.removeprefix(OURS)
                times = f"{medians[OBVIOUS]:.2f} s | {medians[contestant]:.2f} s"
                ratio = f"**{medians[OBVIOUS] / medians[contestant]:.1f} ×**"
                yield f"| {title} | {times} | {ratio} | {peaks[OBVIOUS]:.0f} → {peaks[contestant]:.0f} MB |"


def _encoding(outcome: dict[str, Any]) -> Iterator[str]:
    yield "| abstracts to vectors | texts/s | faster | cosine, mean (least) | of the machine's peak | peak memory |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, result in outcome["results"].items():
        cosine = f"{result['cosine_mean']:.5f} ({result['cosine_min']:.5f})"
        share = f"{result['share_of_peak']:.0%}"
        ratio = f"**{result['faster_than_reference']:.1f} ×**"
        yield f"| {name} | {result['texts_per_s']:.0f} | {ratio} | {cosine} | {share} | {result['peak_mb']:.0f} MB |"


def _stages(found: dict[str, dict[str, Any]]) -> Iterator[str]:
    names: Iterable[str] = next(iter(found.values()))["stages_s"]
    yield f"| `explorer build`, papers | {' | '.join(names)} | whole process | peak memory |"
    yield f"| --- | {' | '.join('---' for _ in names)} | --- | --- |"
    for count, result in found.items():
        title = f"{int(count):,}" + (", vectors given" if result["vectors"] == "given" else "")
        seconds = " | ".join(f"{value:.2f} s" for value in result["stages_s"].values())
        yield f"| {title} | {seconds} | {result['median_s']:.2f} s | {result['peak_mb']:.0f} MB |"


def _searching(found: dict[str, Any]) -> Iterator[str]:
    yield "| open library, papers | dense | lexical | fused | words counted | graph | related papers |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    dense, lexical = (f"{found['median_ms'][ranking]:.1f} ms" for ranking in ("dense", "lexical"))
    fused = f"{found['median_ms']['fused']:.1f} ms (**{found['times_dense']['fused']:.2f} ×** dense)"
    seconds = " | ".join(f"{value:.1f} s" for value in found["seconds"].values())
    yield f"| {found['papers']:,} | {dense} | {lexical} | {fused} | {seconds} |"


_SECTIONS: dict[str, Callable[[Bench], dict[str, Any]]] = {
    "encoding": encoding,
    "stages": stages,
    "searching": searching,
}


_OTHERS: dict[str, Any] = {"map": mapping, "growth": growing, "scale": scaling, "engine": engines}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=[*CASES, *_SECTIONS, *_OTHERS], action="append")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, help="Default: artifacts/benchmarks/main-job.json, of a whole run only.")
    arguments = parser.parse_args()
    chosen = arguments.only or [*CASES, *_SECTIONS]
    os.environ["HF_HUB_OFFLINE"] = "1"
    if len(chosen) == 1 and chosen[0] in _OTHERS:  # a measurement of its own, with a file of its own
        with tempfile.TemporaryDirectory() as work:
            _OTHERS[chosen[0]].main(Path(work), quick=arguments.quick, out=arguments.out)
        return
    with tempfile.TemporaryDirectory() as work:
        bench = Bench(Path(work), arguments.quick)
        run([str(EXPLORER), "model", "prepare"])
        outcome: dict[str, Any] = {
            "input": f"{bench.digest.name}, {'the shipped sample' if bench.digest == SAMPLE else 'a real digest'}",
            "many": "arXiv records with ready vectors" if CORPUS.exists() else "the shipped sample, over and over",
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine(),
            "versions": {name: version(name) for name in PACKAGES},
            "quick": arguments.quick,
            "results": {name: measure(name, make(bench)) for name, make in CASES.items() if name in chosen},
        }
        outcome |= {name: make(bench) for name, make in _SECTIONS.items() if name in chosen}
    if arguments.out or not (arguments.only or arguments.quick):  # what the README quotes is a whole run
        out = arguments.out or RESULTS / "main-job.json"
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")
    print("\n\n".join(tables(outcome)))


if __name__ == "__main__":
    main()
