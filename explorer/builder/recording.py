"""Records as they are read: papers are handed on, what cannot be one is counted and written down."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from explorer.builder.intake import Inputs
from explorer.builder.options import ReadReport, Rejection
from explorer.papers import Paper
from explorer.readers import Rejected


class Recorder:
    """Go through the records of inputs. Every rejected one is a line of JSON in `path`; `report` counts them.

    `records` is how many there were so far; a file that was rejected as a whole is none. `before` is a file of those
    that were rejected earlier, which come first. Use as a context manager.
    """

    def __init__(self, path: Path, inputs: Inputs, report: ReadReport, before: Path | None = None) -> None:
        path.unlink(missing_ok=True)
        if before is not None:
            shutil.copyfile(before, path)
        self._file = path.open("a", encoding="utf-8", newline="\n")
        self._inputs = inputs
        self._report = report
        self.records = 0

    def __enter__(self) -> Recorder:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Complete the file."""
        self._report.notes = self._inputs.notes
        self._file.close()

    def papers(self, done: Callable[[int], object]) -> Iterator[tuple[int, str, Paper]]:
        """Yield the papers, each with the position of its record, rejected ones counted too, and its file's name."""
        for file, record in self._inputs.records():
            if isinstance(record, Rejected):
                self._write(Rejection(file, record.line, record.reason, record.unit))
                self.records += record.unit != "file"
            else:
                self.records += 1
                yield self.records - 1, file, record
            done(1)

    def reject(self, file: str, reason: str) -> None:
        """Reject what was read as a paper."""
        self._write(Rejection(file, self.records, reason, "record"))

    def _write(self, rejection: Rejection) -> None:
        self._report.reject(rejection)
        self._file.write(json.dumps(asdict(rejection)) + "\n")
