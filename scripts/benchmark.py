"""Measure the explorer beside the obvious script (`scripts/reference.py`), whole processes, interleaved, in one run.

    .venv/bin/python scripts/benchmark.py             all cases, written to artifacts/benchmarks/
    .venv/bin/python scripts/benchmark.py --quick     fewer repetitions
    .venv/bin/python scripts/benchmark.py --only find-similar-id

A time says little away from its machine; a ratio of medians of one run does. Every case runs all its contestants once
unmeasured (compiled code may be kept, results may not), then in turns. The last lines are the table of the README.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from explorer.embedder import find_model

PROJECT = Path(__file__).parents[1]
RESULTS = PROJECT / "artifacts" / "benchmarks"
DIGEST = PROJECT.parent / "shared" / "data" / "digests" / "cs.CV_2020-10-07.md"
SAMPLE = PROJECT / "explorer" / "sample" / "digest.md"
EXPLORER = Path(sys.executable).with_name("explorer")
PACKAGES = ("sentence-transformers", "torch", "transformers", "faiss-cpu", "umap-learn", "numba", "plotly", "numpy")


@dataclass(frozen=True)
class Case:
    """Name a piece of work and the commands that do it; the first is what the ratios are of."""

    name: str
    title: str
    commands: dict[str, list[str]]
    repetitions: int
    before: Callable[[], None] = lambda: None


def find_similar_id(work: Path, source: Path, repetitions: int) -> Case:
    """Ask for the papers most like the first of the library: a process from nothing to its answer."""
    reference = reference_command()
    first = "2010.02893" if source == DIGEST else "0000.00101"
    run([*reference, "build", str(source), str(work / "reference"), *model()])
    run([str(EXPLORER), "build", str(source), "-l", str(work / "library")])
    commands = {
        "obvious script": [*reference, "similar", first, str(work / "reference"), *model()],
        "explorer": [str(EXPLORER), "find-similar", first, "-l", str(work / "library")],
        "import numpy": [sys.executable, "-c", "import numpy"],
    }
    return Case("find-similar-id", "`find-similar ID`, cold process", commands, repetitions)


def build(work: Path, source: Path, repetitions: int) -> Case:
    """Make everything of a digest: vectors, index, layout, map."""

    def clear() -> None:
        shutil.rmtree(work / "built", ignore_errors=True)
        shutil.rmtree(work / "reference-built", ignore_errors=True)

    commands = {
        "obvious script": [*reference_command(), "build", str(source), str(work / "reference-built"), *model()],
        "explorer": [str(EXPLORER), "demo", str(source), "-l", str(work / "built")],
    }
    return Case("build", "library and map of a digest, second run", commands, repetitions, clear)


CASES: dict[str, Callable[[Path, Path, int], Case]] = {"find-similar-id": find_similar_id, "build": build}


def reference_command() -> list[str]:
    return [sys.executable, "-W", "ignore", str(PROJECT / "scripts" / "reference.py")]


def model() -> list[str]:
    return ["--model", str(find_model().folder)]


def run(command: list[str]) -> tuple[float, float]:
    """Run one process; return its seconds and its peak memory in MB. Raises RuntimeError with its errors."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"{command} failed:\n{errors.read().decode(errors='replace')}")
    return seconds, usage.ru_maxrss / 1024


def measure(case: Case) -> dict[str, object]:
    """Run a case's commands in turns and return medians, all measurements and ratios to the first."""
    seconds: dict[str, list[float]] = {name: [] for name in case.commands}
    memory: dict[str, float] = dict.fromkeys(case.commands, 0.0)
    for repetition in range(case.repetitions + 1):
        for name, command in case.commands.items():
            case.before()
            elapsed, peak = run(command)
            if repetition:  # the first round warms the disk cache and what compiles
                seconds[name].append(round(elapsed, 4))
                memory[name] = max(memory[name], round(peak, 1))
            turn = f"{case.name} {repetition}/{case.repetitions}"
            print(f"{turn} {name}: {elapsed:.3f} s, {peak:.0f} MB", file=sys.stderr)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    reference = next(iter(medians.values()))
    return {
        "title": case.title,
        "median_s": medians,
        "faster_than_obvious_script": {name: round(reference / median, 2) for name, median in medians.items()},
        "peak_mb": memory,
        "all_s": seconds,
    }


def machine() -> dict[str, object]:
    """Say what this was measured on."""
    cpu = platform.processor()
    flags: list[str] = []
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        found = dict(line.split(":", 1) for line in lines if ":" in line)
        cpu = next((value.strip() for key, value in found.items() if key.strip() == "model name"), cpu)
        known = next((value.split() for key, value in found.items() if key.strip() == "flags"), [])
        flags = [flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16") if flag in known]
    return {"cpu": cpu, "cores": os.cpu_count(), "flags": flags, "python": platform.python_version()}


def table(results: dict[str, dict[str, dict[str, float]]]) -> Iterator[str]:
    """Yield the table of the README."""
    yield "| work, whole process | obvious script | explorer | faster | peak memory |"
    yield "| --- | --- | --- | --- | --- |"
    for result in results.values():
        medians, peaks = result["median_s"], result["peak_mb"]
        ratio = medians["obvious script"] / medians["explorer"]
        times = f"{medians['obvious script']:.2f} s | {medians['explorer']:.2f} s | **{ratio:.1f} ×**"
        yield f"| {result['title']} | {times} | {peaks['obvious script']:.0f} → {peaks['explorer']:.0f} MB |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=CASES, action="append")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, help="Default: artifacts/benchmarks/main-job.json, of a whole run only.")
    arguments = parser.parse_args()
    source = DIGEST if DIGEST.exists() else SAMPLE
    results = {}
    with tempfile.TemporaryDirectory() as work:
        for name in arguments.only or CASES:
            results[name] = measure(CASES[name](Path(work), source, 2 if arguments.quick else 5))
    outcome = {
        "input": f"{source.name}, {'the shipped sample' if source == SAMPLE else 'a real digest of 55 papers'}",
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "versions": {name: version(name) for name in PACKAGES},
        "results": results,
    }
    if arguments.out or not (arguments.only or arguments.quick):  # what the README quotes is a whole run
        out = arguments.out or RESULTS / "main-job.json"
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")
    print("\n".join(table(results)))


if __name__ == "__main__":
    main()
