"""The next state of a library, file by file, until it is committed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer import __version__
from explorer.store import FileEntry, Manifest, Workshop, describe_file, load_array, new_generation, write_array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_VERSIONED = ("sentence-transformers", "torch", "openvino", "faiss-cpu", "umap-learn", "graspologic-native", "numpy")


class NextState:
    """Collect the files of a generation that nothing refers to yet. Files of the state before can be kept as they are.

    `before` is its manifest, where there is a state before.
    """

    def __init__(self, workshop: Workshop, before: Manifest | None = None) -> None:
        self.workshop = workshop
        self.generation = new_generation()
        self.files: dict[str, FileEntry] = {}
        self._before = before

    def path(self, role: str, suffix: str = "npy") -> Path:
        """Return where the new file of a role is written."""
        return self.workshop.work / f"{role}-{self.generation}.{suffix}"

    def store(self, role: str, values: NDArray[np.generic], dtype: str) -> None:
        """Write an array (n, width)."""
        self.files[role] = write_array(self.path(role), values, dtype)

    def store_text(self, role: str, suffix: str, parts: Iterable[str]) -> None:
        """Write a text file."""
        path = self.path(role, suffix)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.writelines(parts)
        self.add(role, suffix)

    def add(self, role: str, suffix: str) -> None:
        """Take up the complete file of a role that something else has written to its path."""
        self.files[role] = describe_file(self.path(role, suffix))

    def keep(self, *roles: str) -> None:
        """Let files of the state before be files of this one, too."""
        assert self._before is not None  # noqa: S101 -- only what grows keeps
        self.files |= {role: self._before.files[role] for role in roles}

    def drop(self, *roles: str) -> None:
        """Remove files of roles that have been written."""
        for role in roles:
            self.file(role).unlink()
            del self.files[role]

    def file(self, role: str) -> Path:
        """Return the file of a role that has been written, or is kept."""
        name = self.files[role].name
        return (self.workshop.work if self.generation in name else self.workshop.path) / name

    def array(self, role: str) -> NDArray[Any]:
        """Return the array of a role that has been written, or is kept, memory-mapped and checked."""
        return load_array(self.file(role))

    def commit(self, **said: Any) -> None:
        """Commit; `said` are the fields of the manifest that differ from those before."""
        assert self._before is not None  # noqa: S101
        self.workshop.commit(
            replace(self._before, **said, generation=self.generation, files=self.files, versions=versions())
        )


def now() -> str:
    """Return the time, as manifests say it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Return the versions of what computes."""
    found = {"paper-explorer": __version__}
    for name in _VERSIONED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
