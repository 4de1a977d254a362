"""Inputs, the libraries that trials start from, and what an undisturbed run makes of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

from explorer import Library
from faulting.content import content_of
from faulting.papers import paper_id, write_papers

JOBS = Path(__file__).with_name("jobs.py")
_PATIENCE = 300  # seconds until a job counts as hanging


@dataclass
class Campaign:
    """Hold what a campaign is given, and the failures it finds."""

    folder: Path
    share: float = 1.0
    seed: int = 0
    failures: list[str] = field(default_factory=list)

    def number(self, whole: int) -> int:
        """Return how many trials to make where a whole campaign makes so many."""
        return max(1, round(whole * self.share))

    def dice(self, name: str) -> Random:
        """Return the chance of one kind of trial, the same for the same seed."""
        return Random(f"{self.seed} {name}")

    def fail(self, what: str) -> None:
        """Record a failure, and tell of it at once."""
        print(f"FAILED {what}", file=sys.stderr, flush=True)
        self.failures.append(what)


@dataclass(frozen=True)
class Outcome:
    """Hold how a job ended: its exit status, seconds, and what it said."""

    status: int
    seconds: float
    said: dict[str, Any]
    errors: str

    @property
    def end(self) -> str:
        """Return "done", the name of the explorer's error, or "crash"."""
        return "done" if self.status == 0 else str(self.said.get("error", "crash"))


@dataclass(frozen=True)
class Operation:
    """Describe what is done to a library: the job that makes the state before, if any, and the job itself."""

    job: dict[str, Any]
    before: dict[str, Any] | None = None
    model: str = "words"


class World:
    """Hold a folder with inputs for one operation on `count` papers."""

    def __init__(self, folder: Path, operation: Operation, count: int, seed: int) -> None:
        self.folder = folder
        self.names = ["warm", "after"]  # what is done undisturbed: the first time, code is compiled
        self.operation = operation
        self._trials = 0
        folder.mkdir(parents=True)
        write_papers(folder / "all.jsonl", range(count), seed)
        write_papers(folder / "first.jsonl", range(count * 9 // 10), seed)
        write_papers(folder / "more.jsonl", range(count * 9 // 10, count), seed)
        write_papers(folder / "other.jsonl", range(count // 2, count), seed)
        self.ids = [paper_id(number) for number in range(0, count, 20)]

    def start(self, order: dict[str, Any], library: Path, **more: Any) -> subprocess.Popen[str]:
        """Start a job on `library`."""
        whole = {"model": self.operation.model, **order, **more, "library": str(library), "log": str(self.log(library))}
        if "inputs" in whole:
            whole["inputs"] = [str(self.folder / name) for name in whole["inputs"]]
        if "ids" in whole:
            whole["ids"] = self.ids
        # What root alone may do is no right of most users'.
        plain = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if is_root() and whole.get("plain") else []
        return subprocess.Popen(
            [*plain, sys.executable, "-P", str(JOBS), json.dumps(whole)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder,
        )  # fmt: skip

    def run(self, order: dict[str, Any], library: Path, **more: Any) -> Outcome:
        """Do a job on `library` and wait for its end."""
        begun = time.monotonic()
        process = self.start(order, library, **more)
        try:
            output, errors = process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Outcome(-1, time.monotonic() - begun, {}, f"hung for {_PATIENCE} s")
        said = json.loads(output) if output.strip() else {}
        return Outcome(process.returncode, time.monotonic() - begun, said, errors)

    def fresh(self, where: Path | None = None) -> Path:
        """Return a new folder, maybe in another one, with the library as it is before the operation, or none."""
        self._trials += 1
        library = (where or self.folder) / f"library-{self._trials}"
        if self.before is not None:
            shutil.copytree(self.before, library)
        return library

    @property
    def jobs(self) -> set[str]:
        """The jobs that this version can do."""
        return {"read", "map", "build"} | {job for job in ("add", "remove") if hasattr(Library, job)}

    def log(self, library: Path) -> Path:
        """Return the file to which the embedder's calls are written."""
        return self.folder / f"{library.name}.log"

    def begun(self, library: Path) -> int:
        """Return how often the embedder was asked, over all jobs on this library."""
        log = self.log(library)
        return len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0

    @cached_property
    def before(self) -> Path | None:
        """The library that the operation is done to."""
        if self.operation.before is None:
            return None
        library = self.folder / "before"
        _require_done(self.run(self.operation.before, library))
        return library

    @cached_property
    def undisturbed(self) -> Outcome:
        """How the operation goes where nothing disturbs it; a first time, for what is compiled, does not count."""
        for name in self.names:
            library = self.fresh().rename(self.folder / name) if self.before is not None else self.folder / name
            outcome = self.run(self.operation.job, library)
            _require_done(outcome)
        self.after = library
        return outcome

    @cached_property
    def contents(self) -> dict[str, dict[str, Any] | None]:
        """What a library is before the operation and after it."""
        assert self.undisturbed
        return {
            "before": None if self.before is None else content_of(self.before),
            "after": content_of(self.after),
        }


def operations() -> dict[str, Operation]:
    """Return the operations that this version has."""
    first, everything = {"job": "build", "inputs": ["first.jsonl"]}, {"job": "build", "inputs": ["all.jsonl"]}
    known = {
        "build": Operation(everything),
        "replace": Operation({**everything, "replace": True}, {"job": "build", "inputs": ["other.jsonl"]}),
        "add": Operation({"job": "add", "inputs": ["more.jsonl"]}, first),
        "remove": Operation({"job": "remove", "ids": []}, everything),
    }
    return {name: operation for name, operation in known.items() if hasattr(Library, operation.job["job"])}


def family(pid: int) -> set[tuple[int, str]]:
    """Return the processes that a process has started, and those have: number and time of start."""
    found: set[tuple[int, str]] = set()
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return found
    for child in children:
        if (started := started_at(child)) is not None:
            found |= {(child, started), *family(child)}
    return found


def started_at(pid: int) -> str | None:
    """Return when a process was started, None when it is gone or only a remainder that nobody has collected."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _require_done(outcome: Outcome) -> None:
    if outcome.status:
        raise RuntimeError(f"an undisturbed job failed: {outcome.said} {outcome.errors}")
