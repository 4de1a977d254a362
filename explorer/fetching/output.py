"""The file that a fetch fills, and beside it how far it came.

Papers are appended and flushed to the disk first, then the state is replaced, which says how long the file is. So a
run that is cut off between the two leaves papers that the state does not know: they are cut off, and fetched again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from explorer.errors import InvalidInput
from explorer.papers import Paper
from explorer.wholefiles import whole_file

_FORMAT = 1


@dataclass(slots=True)
class State:
    """Hold how far a fetch came.

    `todo` are spans of time, first the one in work, of which `offset` results were taken; `gaps` are spans that were
    not given whole; `reached` is where the last span ends that was ever planned. Times are "YYYYMMDDhhmm", UTC.
    """

    query: dict[str, object]
    size: int = 0
    papers: int = 0
    offset: int = 0
    reached: str = ""
    todo: list[list[str]] = field(default_factory=list)
    gaps: list[list[str]] = field(default_factory=list)


class Output:
    """Append papers to a file, each once. Use as a context manager; one process at a time can."""

    def __init__(self, path: Path, query: dict[str, object]) -> None:
        self.path = path
        self.state = State(query)
        self.seen: set[str] = set()
        self._state_path = path.with_name(f".{path.name}.fetch.json")  # hidden: a folder of papers is read whole
        self._stack = ExitStack()

    def __enter__(self) -> Output:
        try:
            with self._stack:
                self._open()
                self._stack = self._stack.pop_all()
        except OSError as error:
            raise InvalidInput(f"{self.path} cannot be written: {error}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def append(self, papers: Iterable[Paper]) -> None:
        """Append `papers`, then save the state. Raises InvalidInput when the file cannot be written."""
        papers = list(papers)
        try:
            for paper in papers:
                self._file.write(_line(paper))
            self._file.flush()
            os.fsync(self._file.fileno())
            self.state.papers += len(papers)
            self.state.size = self._file.tell()
            self.seen.update(paper.id for paper in papers)
            self._save()
        except OSError as error:
            raise InvalidInput(
                f"{self.path} cannot be written: {error}; give the same command again to go on"
            ) from error

    def _open(self) -> None:
        from filelock import FileLock, Timeout

        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._stack.enter_context(FileLock(self.path.with_name(f".{self.path.name}.lock")).acquire(timeout=0))
        except Timeout:
            raise InvalidInput(f"{self.path} is being written by another process: wait for it, or end it") from None
        exists = self.path.exists()
        if exists and not self._state_path.exists() and self.path.stat().st_size:
            raise InvalidInput(f"{self.path} exists, and no fetch made it: name another file with -o, or remove it")
        if exists and self._state_path.exists():
            self.state = self._load()
        else:
            self._save()  # before the file: what no state belongs to is somebody else's
        self._file = self._stack.enter_context(self.path.open("r+b" if exists else "w+b"))
        self._check()
        self._file.seek(self.state.size)
        self._file.truncate()
        self._save()

    def _load(self) -> State:
        damaged = f"{self._state_path} is damaged: remove it and {self.path.name}, and fetch again"
        try:
            content = json.loads(self._state_path.read_text(encoding="utf-8"))
            if content.pop("format") != _FORMAT:
                raise InvalidInput(f"{self._state_path} was written by another version of the explorer: {_NEW}")
            state = State(**content)
            _check_types(state)
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
            raise InvalidInput(damaged) from None
        if state.query != self.state.query:
            raise InvalidInput(f"{self.path} holds what another fetch asked for ({_asked(state.query)}): {_NEW}")
        return state

    def _check(self) -> None:
        """Read the papers that the state knows of. Raises InvalidInput when they are not there."""
        papers = 0
        while self._file.tell() < self.state.size and (line := self._file.readline()):
            with suppress(ValueError, TypeError, KeyError, RecursionError):
                paper_id = json.loads(line)["id"]
                self.seen.add(Paper.from_record({"id": paper_id, "title": "any"}).id)
                papers += 1
        if self._file.tell() != self.state.size or papers != self.state.papers:
            raise InvalidInput(f"{self.path} was changed since it was fetched: {_NEW}")

    def _save(self) -> None:
        with whole_file(self._state_path) as file:
            file.write(json.dumps({"format": _FORMAT, **asdict(self.state)}).encode())


_NEW = "name another file with -o, or remove it and fetch again"


def _line(paper: Paper) -> bytes:
    """Return a paper as the explorer reads it; the version stands in the id, where arXiv writes it, too."""
    record: dict[str, Any] = {
        "id": f"{paper.id}v{paper.version}" if paper.version else paper.id,
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": paper.authors,
        "date": paper.date,
        "categories": paper.categories,
        "url": paper.url,
        "doi": paper.doi,
        "version": paper.version,
    }
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def _check_types(state: State) -> None:
    """Raise ValueError when a field of a state is not what it should be: people edit files."""
    from datetime import datetime

    numbers = (state.size, state.papers, state.offset)
    if not all(type(number) is int and number >= 0 for number in numbers) or not isinstance(state.query, dict):
        raise ValueError("numbers")
    for start, end in [*state.todo, *state.gaps, [state.reached or "199101010000"] * 2]:
        datetime.strptime(start, "%Y%m%d%H%M")
        datetime.strptime(end, "%Y%m%d%H%M")


def _asked(query: dict[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in query.items() if value)[:200]
