"""One process that checks a range of inputs: what it dies of is known by the number that it wrote down before.

python -m fuzzing.worker '{"reader": "csv", "seed": 0, "first": 0, "last": 1000, ...}'
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time
from typing import Any

from fuzzing import bombs
from fuzzing.mutations import made

_GROWTH = 200 * 1024  # kilobytes that reading one input may need
_ADDRESSES = 1024**3  # bytes of address space beyond those at the start
_MINIMIZING = 5.0  # seconds
_HEAVY = ("zstandard",)
_SAVED = 2  # inputs of each failure


@dataclass(frozen=True, slots=True)
class Job:
    """Name a range of inputs: numbers of chance, or of bombs and runs. `folder` is for what is found."""

    reader: str
    seed: int
    first: int
    last: int
    kind: str  # "chance", "bombs", "runs"
    size: int
    folder: str
    plugin: str = ""
    patience: float = 10.0
    waiting: float = 60.0


def inputs(job: Job) -> list[Callable[[], Any]]:
    """Return what makes the inputs of a job, whatever its range."""
    if job.kind == "bombs":
        return list(bombs.bombs(job.reader, job.size))
    return list(bombs.runs(job.reader, job.size))


def one_input(job: Job, number: int) -> tuple[str, list[bytes], str]:
    """Return the name, the bytes and the suffix of one input; a run has two lengths."""
    if job.kind == "chance":
        data, suffix = made(job.reader, job.seed, number)
        return f"{job.seed}:{number}", [data], suffix
    thing = inputs(job)[number]()
    if job.kind == "bombs":
        return thing.name, [thing.data], thing.suffix
    return thing.name, [thing.short, thing.long], ""


def main() -> None:
    """Check the inputs of the job that is given; print a line for each failure, and the figures at the end."""
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", ResourceWarning)
    job = Job(**json.loads(sys.argv[1]))
    checker = _checker(job)
    progress = os.open(Path(job.folder) / "progress", os.O_RDWR | os.O_CREAT)
    numbers = range(job.first, job.last) if job.kind == "chance" else range(job.first, min(job.last, len(inputs(job))))
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    done, known = job.last, Counter[str]()
    for number, (name, contents, suffix) in _each(job, numbers, progress):
        before = _peak()
        if len(contents) == 2:
            failure = checker.check_growth(name, *contents)
        else:
            failure = checker.check(name, contents[0], suffix)
        grown = _peak() - before
        told = asdict(failure) if failure else None
        if (told is None or told["kind"] == "slow") and grown > _GROWTH:
            told = {"kind": "memory", "detail": f"{grown / 1024:,.0f} MB more for {len(contents[-1]):,} bytes"}
        if told is not None:
            known[_what(told)] += 1
            if known[_what(told)] <= _SAVED and not suffix and len(contents) == 1:
                contents[-1] = _minimal(checker, contents[-1], told)
            _tell(job, number, name, told, _saved(job, number, contents[-1], suffix, known[_what(told)]))
        if grown > _GROWTH or (told and told["kind"] == "hang"):  # the next one deserves a fresh process
            done = number + 1
            break
    print(json.dumps({"figures": asdict(checker.figures), "done": done}), flush=True)


def _each(job: Job, numbers: range, progress: int) -> Iterator[tuple[int, tuple[str, list[bytes], str]]]:
    makers = None if job.kind == "chance" else inputs(job)
    parent = os.getppid()
    for number in numbers:
        if os.getppid() != parent:  # whoever asked is gone
            sys.exit(1)
        if makers is None:
            made_input = one_input(job, number)
        else:
            thing = makers[number]()
            made_input = (
                (thing.name, [thing.data], thing.suffix)
                if job.kind == "bombs"
                else (thing.name, [thing.short, thing.long], "")
            )
            del thing
        os.pwrite(progress, (number + 1).to_bytes(8, "big"), 0)
        _reset_peak()
        yield number, made_input


def _checker(job: Job) -> Any:
    if job.plugin:
        importlib.import_module(job.plugin)
    from explorer.readers import registered
    from fuzzing.checking import Checker

    for heavy in (*_HEAVY, *(("pyarrow.parquet",) if job.reader == "parquet" else ())):
        with suppress(ImportError):  # what it needs is not what an input needs
            importlib.import_module(heavy)
    reader = next(reader for reader in registered() if reader.name == job.reader)
    folder = Path(tempfile.mkdtemp(dir=job.folder))
    checker = Checker(reader, folder, job.patience, job.waiting)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + _ADDRESSES, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return checker


def _reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    """Return the largest resident memory since it was last reset, in kilobytes."""
    status = Path("/proc/self/status").read_text()
    return int(status[status.index("VmHWM:") + 6 :].split(None, 1)[0])


def _minimal(checker: Any, data: bytes, told: dict[str, str]) -> bytes:
    """Return a smaller input that fails in the same way, within some seconds."""
    if told["kind"] not in {"raised", "unclean", "unraisable"} or len(data) > 300_000:
        return data
    figures, checker.figures = checker.figures, type(checker.figures)()
    end = process_time() + _MINIMIZING
    size = max(1, len(data) // 2)
    what = _what(told)
    while size and process_time() < end:
        at = 0
        while at < len(data) and process_time() < end:
            smaller = data[:at] + data[at + size :]
            failure = checker.check("", smaller, measured=False)
            if failure and _what(asdict(failure)) == what:
                data = smaller
            else:
                at += size
        size //= 2
    checker.figures = figures
    return data


def _what(told: dict[str, str]) -> str:
    """Return what failures have in common that are one: the kind and, of an error, where it was raised."""
    return told["kind"] + (told["detail"].rpartition(" (")[2] if told["kind"] == "raised" else "")


def _saved(job: Job, number: int, data: bytes, suffix: str, nth: int) -> str:
    """Save an input, unless there are some like it or it is large: it can be made again by its number."""
    if nth > _SAVED or len(data) > 1_000_000:
        return ""
    file = Path(job.folder).parent / f"{job.reader}-{job.kind}-{job.seed}-{number}{suffix or '.bin'}"
    file.write_bytes(data)
    return str(file.name)


def _tell(job: Job, number: int, name: str, told: dict[str, str], file: str) -> None:
    failure = {"reader": job.reader, "input": f"{job.kind} {number}: {name}", **told, "file": file}
    print(json.dumps({"failure": failure}), flush=True)


if __name__ == "__main__":
    main()
