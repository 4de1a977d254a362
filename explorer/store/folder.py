"""A library folder as readers see it: one committed state."""

from __future__ import annotations

import math
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from explorer.errors import LibraryDamaged, LibraryInaccessible, LibraryNotFound
from explorer.store.arrays import StoredRows, file_size, read_row, read_values, view_array
from explorer.store.database import PaperDatabase
from explorer.store.files import open_file
from explorer.store.manifest import FileEntry, Manifest, is_own_name
from explorer.store.roles import FINITE, OF_ROWS, ROLES, SAME_SHAPES, SEARCHED, Role
from explorer.store.terms import StoredTerms

if TYPE_CHECKING:
    from array import array

    from numpy.typing import NDArray

    Values = array[Any]

MANIFEST = "manifest.json"
WORK = ".paper-explorer-work"
LOCK = ".paper-explorer.lock"
_LONGEST_MANIFEST = 16 * 1024 * 1024  # bytes
_TRIES = 100  # to open a state while commits follow each other


class LibraryFolder:
    """Read one committed state of a library. All files are opened at once: a later commit changes nothing here.

    Nothing in the folder is trusted. Raises LibraryNotFound, LibraryInaccessible, ForeignLibrary, or LibraryDamaged
    when a file is missing or not what it must be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files: dict[str, BinaryIO] = {}
        for attempt in range(_TRIES):
            self.manifest = read_manifest(path)
            try:
                self._open()
                return
            except FileNotFoundError as error:
                self.close()
                # Another commit may have come between the manifest and its files: then there is a newer manifest.
                if attempt == _TRIES - 1 or read_manifest(path).generation == self.manifest.generation:
                    raise LibraryDamaged(f"{error.filename} is missing") from None
            except OSError as error:
                self.close()
                raise LibraryInaccessible(f"{path} cannot be read: {error}") from error

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            file.close()
        self._files.clear()
        if hasattr(self, "database"):
            self.database.close()

    def __del__(self) -> None:
        """Close all files: people in notebooks do not."""
        self.close()

    def neighbors(self, row: int) -> list[tuple[int, float]]:
        """Return the stored nearest rows of `row` with their cosines, nearest first. Needs no NumPy."""
        rows, similarities = self._lists(row, "neighbors", "similarities")
        return list(zip(rows, similarities, strict=True))

    def related(self, row: int) -> list[tuple[int, float, float]]:
        """Return the stored related rows of `row` with scores and cosines, highest score first. Needs no NumPy."""
        return list(zip(*self._lists(row, "related", "scores", "cosines"), strict=True))

    def twins(self) -> dict[int, tuple[int, int]]:
        """Return for rows with near-duplicates the first row of their group, and of those with the very same text."""
        values = iter(read_values(self._files["twins"], self._entry("twins")))
        twins = {row: (near, same) for row, near, same in zip(values, values, values, strict=True)}
        if any(not 0 <= one < self.manifest.papers for row, groups in twins.items() for one in (row, *groups)):
            raise self._wrong_rows("twins")
        return twins

    def duplicates(self) -> list[list[int]]:
        """Return the groups of near-duplicates: their rows, ascending."""
        groups: dict[int, list[int]] = {}
        for row, (first, _) in sorted(self.twins().items()):
            groups.setdefault(first, []).append(row)
        return list(groups.values())

    def array(self, role: str) -> NDArray[Any]:
        """Return the array of `role` (of `ROLES`, or `SEARCHED` where there is an index), memory-mapped and checked."""
        import numpy as np

        values = view_array(self._files[role], self._entry(role))
        if role in OF_ROWS and values.size and not 0 <= values.min() <= values.max() < self.manifest.papers:
            raise self._wrong_rows(role)
        if role in FINITE and not np.isfinite(values).all():
            raise self._not_finite(role)
        return values

    def labels(self) -> str:
        """Return what is known of the topics, JSON text: who wrote the folder is not known, so it must be checked."""
        from hashlib import sha256

        file, entry = self._files["labels"], self._entry("labels")
        file.seek(0)
        content = file.read(entry.size + 1)
        if sha256(content).hexdigest() != entry.sha256:
            raise LibraryDamaged(f"{entry.name} was altered: its checksum does not match")
        return content.decode(errors="replace")

    def terms(self) -> StoredTerms:
        """Return the counts of the papers' terms, to be read where they are needed."""
        return StoredTerms(self._files, self.manifest)

    def vectors(self) -> StoredRows:
        """Return the vectors, to be read block by block."""
        return self.rows("vectors")

    def rows(self, role: str) -> StoredRows:
        """Return the array of a role, to be read where it is needed."""
        below = self.manifest.papers if role in OF_ROWS else None
        return StoredRows(self._files[role], self._entry(role), below)

    def require_whole(self, role: str) -> None:
        """Read all of a file. Raises LibraryDamaged when it was altered: a next state must not be made of that."""
        from hashlib import file_digest

        entry = self._entry(role)
        with (self.path / entry.name).open("rb") as file:
            if file_digest(file, "sha256").hexdigest() != entry.sha256:
                raise LibraryDamaged(f"{entry.name} was altered: its checksum does not match")

    def _lists(self, row: int, *roles: str) -> list[Values]:
        """Return row `row` of arrays, the first of which names rows."""
        rows, *others = (read_row(self._files[role], self._entry(role), row) for role in roles)
        if row in rows or any(not 0 <= other < self.manifest.papers for other in rows):
            raise self._wrong_rows(roles[0])
        for role, values in zip(roles[1:], others, strict=True):
            if not all(map(math.isfinite, values)):
                raise self._not_finite(role)
        return [rows, *others]

    def _not_finite(self, role: str) -> LibraryDamaged:
        return LibraryDamaged(f"{self._entry(role).name} holds numbers that are not finite")

    def _wrong_rows(self, role: str) -> LibraryDamaged:
        return LibraryDamaged(f"{self._entry(role).name} names rows that do not exist, or the paper itself")

    def _entry(self, role: str) -> FileEntry:
        return self.manifest.files[role]

    def _open(self) -> None:
        files = self.manifest.files
        if {"papers", "labels", *self._roles()} - files.keys():
            raise LibraryDamaged(f"{self.path / MANIFEST} does not name all files")
        for entry in files.values():
            status = (self.path / entry.name).stat()
            if not stat.S_ISREG(status.st_mode) or status.st_size != entry.size:
                raise LibraryDamaged(f"{self.path / entry.name} is {status.st_size} bytes long and not {entry.size}")
        self._require_shapes()
        for role in ("labels", *self._roles()):
            self._files[role] = open_file(self.path / files[role].name)
        papers = self.path / files["papers"].name
        open_file(papers).close()  # SQLite does not say why it cannot open a file
        self.database = PaperDatabase(papers, self.manifest.papers)

    def _roles(self) -> dict[str, Role]:
        """Return the arrays that this library has to have."""
        return {**ROLES, **SEARCHED} if self.manifest.has_index else ROLES

    def _require_shapes(self) -> None:
        """Raise LibraryDamaged unless every array has the shape and element type of its role, and the size of that."""
        for role, kind in self._roles().items():
            entry = self._entry(role)
            if not kind.fits(entry.shape, entry.dtype, self.manifest.papers) or entry.size != file_size(entry):
                raise LibraryDamaged(
                    f"{self.path / entry.name} cannot hold {role}: {entry.shape} {entry.dtype} in {entry.size} bytes"
                )
        if self._entry("sample").shape[1] != self._entry("vectors").shape[1]:
            raise LibraryDamaged(f"{self.path}: vectors and sample are of different widths")
        for roles in SAME_SHAPES:
            if len({self._entry(role).shape for role in roles}) > 1:
                raise LibraryDamaged(f"{self.path}: {' and '.join(roles)} are of different shapes")


def is_library(path: Path) -> bool:
    """Tell whether the folder at `path` has been committed to; whether it can be read is another question."""
    try:
        return (path / MANIFEST).exists()
    except (OSError, ValueError):
        return False


def read_manifest(path: Path) -> Manifest:
    """Return the manifest of the library at `path`.

    Raises LibraryNotFound, LibraryInaccessible, ForeignLibrary or LibraryDamaged.
    """
    file = path / MANIFEST
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LONGEST_MANIFEST:
            raise LibraryDamaged(f"{file} is no manifest")
        return Manifest.from_json(file.read_text(encoding="utf-8"), str(file))
    except UnicodeDecodeError:
        raise LibraryDamaged(f"{file} is not text") from None
    except (FileNotFoundError, NotADirectoryError):
        if (path / WORK).is_dir():
            raise LibraryNotFound(f"{path} holds an unfinished build: run the same 'explorer build' again") from None
        raise LibraryNotFound(f"{path} holds no library: make one with 'explorer build INPUT -l {path}'") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise LibraryInaccessible(f"{path} cannot be read: {error}") from error


def own_files(path: Path) -> list[str]:
    """Return the names in the folder at `path` that only files of a library have, sorted."""
    return sorted(file.name for file in path.iterdir() if is_own_name(file.name))


def new_generation() -> str:
    """Return a name for a state of a library, which its files bear. Never eight digits: those could be a date."""
    import secrets

    while (name := secrets.token_hex(4)).isdecimal():
        pass
    return name
