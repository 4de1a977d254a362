"""What a build is asked for, and what it reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from explorer.embedder import Embedder

_LISTED = 1_000  # rejected records that a report keeps


@dataclass(frozen=True, slots=True)
class InputOptions:
    """Say how files are read: which column of a table is which field, and whether a bad record is an error."""

    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    strict: bool = False


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """Say what a library is to be made of.

    `inputs` are files, folders, and "-" for standard input. `model` is a name, a folder or an Embedder, None for the
    default; `vectors` is a .npy file with ready (n, d) vectors in the order of the records; `replace` allows to
    overwrite a library made of something else; `index` says how neighbors are looked for, one of `index.INDEX_CHOICES`;
    `engine` who does work that is done in shards, one of `engine.ENGINES`, at `address` if that is elsewhere; `memory`
    is how many bytes of memory it may take, None for what is there. That changes how it is made, never what comes out.
    """

    inputs: tuple[Path, ...]
    model: str | Path | Embedder | None = None
    seed: int = 42
    vectors: Path | None = None
    replace: bool = False
    reading: InputOptions = field(default_factory=InputOptions)
    index: str = "auto"
    engine: str = "local"
    address: str | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """Name one record that could not become a paper: its file, its line (or what `unit` counts), and why.

    Where the unit is "file", it is the whole file, and the line is 0.
    """

    file: str
    line: int
    reason: str
    unit: str = "line"

    def __str__(self) -> str:
        """Return it as compilers do, "file:line: reason"."""
        if self.unit == "line" and self.line:
            return f"{self.file}:{self.line}: {self.reason}"
        place = f", {self.unit} {self.line:,}" if self.line else ""
        return f"{self.file}{place}: {self.reason}"


@dataclass(slots=True)
class ReadReport:
    """Tell what was read. `repeated` records were of papers that were there; `merged` of these added something.

    Of the rejected records, `rejected` has the first 1,000, `rejected_count` says how many there were.
    """

    papers: int = 0
    repeated: int = 0
    merged: int = 0
    without_abstract: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    rejected_count: int = 0
    notes: tuple[str, ...] = ()

    def reject(self, rejection: Rejection) -> None:
        """Count one more."""
        self.rejected_count += 1
        if len(self.rejected) < _LISTED:
            self.rejected.append(rejection)


@dataclass(slots=True)
class BuildReport(ReadReport):
    """Tell what a build did: `unchanged` when the library was there already.

    `seconds` are those that each stage took; what is done beside them is not in it.
    """

    unchanged: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
