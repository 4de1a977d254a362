"""What can be asked of a library that lives, and what is reported."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from explorer.builder import InputOptions, ReadReport


@dataclass(frozen=True, slots=True)
class AddOptions:
    """Say what is to be added: files, and maybe a .npy file with ready (n, d) vectors in the order of their records.

    With `known_only`, papers that the library lacks are left out, and what is read is believed rather than what is
    there.
    """

    inputs: tuple[Path, ...]
    vectors: Path | None = None
    reading: InputOptions = field(default_factory=InputOptions)
    known_only: bool = False


@dataclass(slots=True)
class GrowthReport(ReadReport):
    """Tell what became of a library: `papers` is how many it has now.

    `added` papers are new, `changed` ones have another text than before, `updated` ones other metadata; `removed` went,
    `unknown` were to be updated and are not there; `unchanged` when nothing was written. `seconds` are by stages.
    """

    added: int = 0
    changed: int = 0
    updated: int = 0
    removed: int = 0
    unknown: int = 0
    unchanged: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
