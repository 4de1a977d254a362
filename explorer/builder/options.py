"""What a build is asked for, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from explorer.embedder import Embedder


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """Say what a library is to be made of.

    `model` is a name, a folder or an Embedder, None for the default; `vectors` is a .npy file with ready (n, d) vectors
    in the order of the records; `replace` allows to overwrite a library made of something else.
    """

    inputs: tuple[Path, ...]
    model: str | Path | Embedder | None = None
    seed: int = 42
    vectors: Path | None = None
    replace: bool = False


@dataclass(slots=True)
class BuildReport:
    """Tell what a build did: `unchanged` when the library was there already; rejected as (file, line, reason).

    `seconds` are those that each stage took; what is done beside them is not in it.
    """

    papers: int = 0
    repeated: int = 0
    unchanged: bool = False
    rejected: list[tuple[str, int, str]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
