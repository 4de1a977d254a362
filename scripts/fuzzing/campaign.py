"""Many workers, watched: one that crashes or no longer moves is a finding, and another goes on behind it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from fuzzing.checking import PATIENCE, WAITING, Figures
from fuzzing.worker import Job

_CHUNK = 4_000  # inputs of one process
_STUCK = 600.0  # seconds without a new input; a worker's own alarms come first, unless a library does not let them
_BEGUN_IN = 300.0  # seconds, at least, for a process that has not begun
SLOW = {"parquet": 100}  # one in so many inputs: each starts a process
_SCRIPTS = Path(__file__).parents[1]


@dataclass(slots=True)
class Result:
    """Hold what a campaign found for one reader."""

    reader: str
    figures: Figures = field(default_factory=Figures)
    failures: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Campaign:
    """Say what is to be read: `inputs` of chance for each reader, then its bombs and runs, of `size` bytes."""

    readers: tuple[str, ...]
    inputs: int
    seed: int = 0
    bomb_size: int = 20_000_000
    run_size: int = 50_000
    runs: int = 1_000_000  # at most
    folder: Path = Path("build/fuzz")
    workers: int = 0
    stuck: float = _STUCK
    patience: float = PATIENCE
    waiting: float = WAITING
    plugin: str = ""
    paths: tuple[str, ...] = ()
    told: Callable[[str], object] | None = None

    def run(self) -> dict[str, Result]:
        """Return what was found, by reader."""
        self.folder.mkdir(parents=True, exist_ok=True)
        results = {reader: Result(reader) for reader in self.readers}
        with ThreadPoolExecutor(self.workers or os.cpu_count() or 1) as pool:
            for job, found in pool.map(self._done, self._jobs()):
                result = results[job.reader]
                if self.told:
                    failures = sum("failure" in line for line in found)
                    self.told(f"{job.reader}, {job.kind} from {job.first:,}: {failures} failures")
                for line in found:
                    if "failure" in line:
                        result.failures.append(line["failure"])
                    else:
                        result.figures.add(Figures(**line["figures"]))
        return results

    def _jobs(self) -> Iterator[Job]:
        many = 1_000_000
        for reader in self.readers:
            if self.bomb_size:
                yield Job(
                    reader, self.seed, 0, many, "bombs", self.bomb_size, "", self.plugin, self.patience, self.waiting
                )
            if self.run_size:
                yield Job(
                    reader, self.seed, 0, self.runs, "runs", self.run_size, "", self.plugin, self.patience, self.waiting
                )
            inputs = -(-self.inputs // SLOW.get(reader, 1))
            for first in range(0, inputs, _CHUNK):
                last = min(inputs, first + _CHUNK)
                yield Job(reader, self.seed, first, last, "chance", 0, "", self.plugin, self.patience, self.waiting)

    def _done(self, job: Job) -> tuple[Job, list[dict[str, Any]]]:
        folder = Path(tempfile.mkdtemp(dir=self.folder, prefix=".work-"))
        found: list[dict[str, Any]] = []
        job = replace(job, folder=str(folder.resolve()))
        try:
            while job.first < job.last:
                next_one = self._part(job, found)
                if next_one is None:
                    break
                job = replace(job, first=next_one)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return job, found

    def _part(self, job: Job, found: list[dict[str, Any]]) -> int | None:
        """Run one process for a job; return where to go on, or None when nothing is left."""
        progress = Path(job.folder) / "progress"
        progress.unlink(missing_ok=True)
        paths = [str(_SCRIPTS), str(_SCRIPTS.parent), *self.paths, os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
        output, errors = (Path(job.folder) / name for name in ("output", "errors"))
        command = [sys.executable, "-m", "fuzzing.worker", json.dumps(asdict(job))]
        with output.open("w") as written, errors.open("w") as complained:
            process = subprocess.Popen(command, stdout=written, stderr=complained, env=environment)
            stuck = self._watched(process, progress)
        said = errors.read_text(errors="replace")[-2_000:]
        lines = [json.loads(line) for line in output.read_text().splitlines(keepends=True) if line.endswith("\n")]
        found += lines
        done = next((line.pop("done") for line in lines if "done" in line), None)
        if done is not None:
            return done if done < job.last else None
        at = self._number(progress)
        if at is None:
            raise RuntimeError(f"a worker for {job.reader} could not begin: {said}")
        what = (
            f"not moving for {self.stuck:.0f} s"
            if stuck
            else f"ended with status {process.returncode}: {said.strip()[-300:]}"
        )
        name = f"{job.kind} {at}"
        found.append(
            {
                "failure": {
                    "reader": job.reader,
                    "input": name,
                    "kind": "hang" if stuck else "crash",
                    "detail": what,
                    "file": "",
                }
            }
        )
        return at + 1

    def _watched(self, process: subprocess.Popen[bytes], progress: Path) -> bool:
        """Wait for the end of a process; tell whether it had to be killed, as it no longer moved."""
        last, since = None, time.monotonic()
        while True:
            try:
                process.wait(0.2)
                return False
            except subprocess.TimeoutExpired:
                now = self._number(progress)
            if now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > (self.stuck if now is not None else max(self.stuck, _BEGUN_IN)):
                process.kill()
                process.wait()
                return True

    @staticmethod
    def _number(progress: Path) -> int | None:
        try:
            written = progress.read_bytes()
        except FileNotFoundError:
            return None
        return int.from_bytes(written, "big") - 1 if written else None


def table(results: Sequence[Result]) -> str:
    """Return the figures for people."""
    widths = (18, 9, 7, 11, 11, 8, 7, 9, 9)
    names = ("reader", "inputs", "MB", "papers", "rejected", "errors", "CPU s", "slowest", "failures")
    rows = [names]
    for result in results:
        figures = result.figures
        rows.append((
            result.reader, f"{figures.inputs:,}", f"{figures.bytes / 1e6:,.0f}", f"{figures.papers:,}",
            f"{figures.rejected:,}", f"{figures.errors:,}", f"{figures.seconds:,.0f}", f"{figures.slowest:.2f} s",
            f"{len(result.failures)}",
        ))  # fmt: skip
    return "\n".join(
        row[0].ljust(widths[0]) + "".join(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    )
