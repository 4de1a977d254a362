"""Parquet: tables as data sets come in. The columns are guessed from their names, or said by the user.

The library that reads it has crashed on damaged files and asked for all memory. So it runs in a process of its own,
with a limit, which writes rows as lines of JSON; whatever happens to it is an error here. That process runs `main`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any

from explorer.errors import InvalidInput
from explorer.papers import shortened
from explorer.readers.containers.columns import are_ours, choose
from explorer.readers.containers.tables import our_paper, paper_of
from explorer.readers.registry import Reader, Record, Rejected, register
from explorer.readers.source import Source

_START = "import sys; sys.path.append(sys.argv[1]); from explorer.readers.parquet import main; main()"
_MEMORY = 4 * 1024**3  # bytes of addresses
_PATIENCE = 60.0  # seconds without a row
_LONGEST = 16 * 1024 * 1024  # characters of a row
_BATCH = 64  # rows
_PIECE = 1024 * 1024  # bytes copied at a time


def _read(source: Source) -> Iterator[Record]:
    first = source.read(_PIECE)
    if not first:
        return
    if find_spec("pyarrow") is None:
        raise InvalidInput(f'{source.name}: reading Parquet needs pyarrow: pip install "paper-explorer[parquet]"')
    with TemporaryDirectory(prefix="explorer-", ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "table.parquet"
        with file.open("wb") as copy:  # its index is at its end, and a source is read once and forward
            while first:
                copy.write(first)
                first = source.read(_PIECE)
        with _process(file) as process:
            yield from _records(source, process)


def _records(source: Source, process: _Process) -> Iterator[Record]:
    try:
        names = process.answer()["columns"]
        columns = choose(names, source.columns)
        source.chosen = {field: names[positions[0]] for field, positions in columns.items()}
        wanted = sorted({position for positions in columns.values() for position in positions})
        process.ask({"columns": wanted})
        while (answer := process.answer()).get("end") is None:
            yield _record(answer, columns, wanted, ours=are_ours(names))
    except InvalidInput as error:
        raise InvalidInput(f"{source.name}: {error}") from None


def _record(
    answer: dict[str, Any], columns: Mapping[str, Sequence[int]], wanted: Sequence[int], *, ours: bool
) -> Record:
    number = answer["row"]
    if "problem" in answer:
        return Rejected(number, answer["problem"], "row")
    cells = dict(zip(wanted, answer["cells"], strict=True))
    values = {field: next(filter(None, map(cells.get, positions)), None) for field, positions in columns.items()}
    try:
        return our_paper(values) if ours else paper_of(values)
    except InvalidInput as error:
        return Rejected(number, str(error), "row")


# --- this side


class _Process:
    """Ask the other process, and tell its death or silence as damage of the file."""

    def __init__(self, file: Path) -> None:
        command = [sys.executable, "-P", "-W", "ignore", "-c", _START, str(Path(__file__).parents[2]), str(file)]
        environment = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(  # noqa: S603 -- this interpreter, with a constant program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
        self._waiting_since: float | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def ask(self, question: dict[str, Any]) -> None:
        """Send one line."""
        assert self._process.stdin is not None  # noqa: S101 -- it was asked for
        with suppress(OSError):  # it died: the missing answer tells
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Return the next line. Raises InvalidInput when there is none, or it says what is wrong."""
        assert self._process.stdout is not None  # noqa: S101 -- it was asked for
        self._waiting_since = time.monotonic()
        line = self._process.stdout.readline(8 * _LONGEST)
        self._waiting_since = None
        try:
            answer = dict(json.loads(line))
        except (ValueError, TypeError):
            raise InvalidInput("damaged: the process that reads Parquet ended or was stuck") from None
        if "error" in answer:
            raise InvalidInput(f"damaged, or no Parquet: {answer['error']}")
        return answer

    def end(self) -> None:
        """End the process, done or not."""
        self._ended.set()
        self._process.kill()
        with suppress(OSError, ValueError):
            self._process.communicate()

    def _watch(self) -> None:
        while not self._ended.wait(min(1.0, _PATIENCE)):
            since = self._waiting_since
            if since is not None and time.monotonic() - since > _PATIENCE:
                self._process.kill()
                return


@contextmanager
def _process(file: Path) -> Iterator[_Process]:
    process = _Process(file)
    try:
        yield process
    finally:
        process.end()


# --- the other side


def main() -> None:
    """Write the names of the columns of a file, read which are wanted, and write its rows, each as a line of JSON.

    Ends when standard input does.
    """
    _limit()
    questions: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(questions,), daemon=True).start()
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no part of the answer

    def write(line: dict[str, Any]) -> None:
        answer.write(json.dumps(line, default=str).encode() + b"\n")
        answer.flush()

    try:
        _write_rows(sys.argv[2], questions, write)
    except BrokenPipeError:
        return
    except Exception as error:  # whatever it is, the file is to blame
        write({"error": shortened(" ".join(f"{type(error).__name__}: {error}".split()))})


def _write_rows(path: str, questions: SimpleQueue[bytes], write: Callable[[dict[str, Any]], None]) -> None:
    import pyarrow
    import pyarrow.parquet

    pyarrow.set_cpu_count(1)
    with pyarrow.parquet.ParquetFile(path, pre_buffer=False, buffer_size=_PIECE) as table:
        names = [str(name) for name in table.schema_arrow.names]
        write({"columns": names})
        wanted = json.loads(questions.get())["columns"]
        number = 0
        for group in range(table.num_row_groups):
            end = number + table.metadata.row_group(group).num_rows
            try:
                for row in _rows(table, group, [names[position] for position in wanted]):
                    number += 1
                    write(_line(number, row))
            except (OSError, ValueError, pyarrow.ArrowException) as error:
                problem = f"rows {number + 1} to {end} cannot be read: {shortened(' '.join(str(error).split()))}"
                write({"row": number + 1, "problem": problem})
                number = max(number, end)
        write({"end": number})


def _rows(table: Any, group: int, wanted: list[str]) -> Iterator[list[Any]]:
    batches = table.iter_batches(batch_size=_BATCH, row_groups=[group], columns=wanted, use_threads=False)
    for batch in batches:
        columns = [_values(batch.column(name)) for name in wanted]
        yield from map(list, zip(*columns, strict=True))


def _values(column: Any) -> list[Any]:
    """Return the values of a column; of texts that are not UTF-8, their bytes."""
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        return list(column.cast("binary").to_pylist())


def _line(number: int, row: list[Any]) -> dict[str, Any]:
    cells = [_plain(cell) for cell in row]
    if sum(len(cell) for cell in cells if isinstance(cell, str)) > _LONGEST:
        return {"row": number, "problem": f"longer than {_LONGEST:,} characters"}
    return {"row": number, "cells": cells}


def _plain(value: Any) -> Any:
    """Return a cell as JSON has it: bytes as text, dates as ISO 8601."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(item) for item in value[:100_000]]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


def _limit() -> None:
    """Keep a damaged file from filling the memory, where the system can."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _listen(questions: SimpleQueue[bytes]) -> None:
    """Take questions; end this process when standard input ends, as it does when the parent does, however that went."""
    with suppress(OSError, ValueError):
        for line in sys.stdin.buffer:
            questions.put(line)
    os._exit(1)


register(
    Reader(
        name="parquet",
        description="Parquet with a column of titles or abstracts (needs the extra 'parquet')",
        suffixes=(".parquet", ".pq"),
        recognizes=lambda head: head.startswith("PAR1"),
        read=_read,
        is_generic=True,
        takes_columns=True,
    )
)
