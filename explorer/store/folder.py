"""A library folder as readers and as its one writer see it."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Sequence
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

from explorer.errors import LibraryDamaged, LibraryExists, LibraryLocked, LibraryNotFound
from explorer.store.arrays import read_row, view_array
from explorer.store.database import PaperDatabase
from explorer.store.manifest import FileEntry, Manifest

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MANIFEST = "manifest.json"
_WORK = ".work"
_LOCK = ".lock"
_OURS = re.compile(r"[a-z]+-[0-9a-f]{8}\.(?:sqlite|npy|jsonl)|\.manifest-[0-9a-f]{8}")
_SHAPES = {"vectors": None, "neighbors": None, "similarities": None, "layout": 2}


class LibraryFolder:
    """Read one committed state of a library. All files are opened at once: a later commit changes nothing here.

    Raises LibraryNotFound, ForeignLibrary, or LibraryDamaged when a file is missing or of another size than it was.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files: dict[str, BinaryIO] = {}
        for attempt in range(3):
            self.manifest = read_manifest(path)
            try:
                self._open()
                return
            except FileNotFoundError as error:
                self.close()
                # Another commit may have come between the manifest and its files: then there is a newer manifest.
                if attempt == 2 or read_manifest(path).generation == self.manifest.generation:
                    raise LibraryDamaged(f"{error.filename} is missing") from None

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
        rows = read_row(self._files["neighbors"], self._entry("neighbors"), row)
        similarities = read_row(self._files["similarities"], self._entry("similarities"), row)
        if any(not 0 <= neighbor < self.manifest.papers for neighbor in rows):
            raise LibraryDamaged(f"{self._entry('neighbors').name} names rows that do not exist")
        return list(zip(rows, similarities, strict=True))

    def array(self, role: str) -> NDArray[Any]:
        """Return the array of `role` ("vectors", "neighbors", "similarities", "layout"), memory-mapped and checked."""
        return view_array(self._files[role], self._entry(role))

    def _entry(self, role: str) -> FileEntry:
        return self.manifest.files[role]

    def _open(self) -> None:
        files = self.manifest.files
        rows = self.manifest.papers
        if {"papers", *_SHAPES} - files.keys():
            raise LibraryDamaged(f"{self.path / _MANIFEST} does not name all files")
        for role, entry in files.items():
            path = self.path / entry.name
            status = path.stat()
            if not stat.S_ISREG(status.st_mode) or status.st_size != entry.size:
                raise LibraryDamaged(f"{path} is {status.st_size} bytes long and not {entry.size}")
            if role in _SHAPES:
                if len(entry.shape) != 2 or entry.shape[0] != rows or _SHAPES[role] not in (None, entry.shape[1]):
                    raise LibraryDamaged(f"{path} has shape {entry.shape} in a library of {rows} papers")
                self._files[role] = path.open("rb")
        self.database = PaperDatabase(self.path / files["papers"].name)


def read_manifest(path: Path) -> Manifest:
    """Return the manifest of the library at `path`. Raises LibraryNotFound, ForeignLibrary or LibraryDamaged."""
    file = path / _MANIFEST
    try:
        return Manifest.from_json(file.read_text(encoding="utf-8"), str(file))
    except UnicodeDecodeError:
        raise LibraryDamaged(f"{file} is not text") from None
    except (FileNotFoundError, NotADirectoryError):
        if (path / _WORK).is_dir():
            raise LibraryNotFound(f"{path} holds an unfinished build: run the same 'explorer build' again") from None
        raise LibraryNotFound(f"{path} holds no library: make one with 'explorer build INPUT -l {path}'") from None


class Workshop:
    """Hold a library's folder for its one writer: a lock, a work folder, and the commit.

    Use as a context manager. Raises LibraryLocked when another process writes, LibraryExists when the folder holds
    something else than a library. The work folder survives a failure, so the next try finds finished shards in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.work = path / _WORK
        self.shards = self.work / "shards"

    def __enter__(self) -> Workshop:
        from filelock import FileLock, Timeout

        self._refuse_foreign_folder()
        self.path.mkdir(parents=True, exist_ok=True)
        # The kernel's lock: it ends with its process, however that ends.
        self._lock = FileLock(self.path / _LOCK)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise LibraryLocked(f"{self.path} is being written by another process: wait for it, or end it") from None
        self._clear_work()
        self.shards.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._clear_work()
        for folder in (self.shards, self.work):
            with suppress(OSError):  # shards are in it: the next try takes them up
                folder.rmdir()
        self._lock.release()

    def current(self) -> Manifest | None:
        """Return the manifest of the last committed state, or None."""
        try:
            return read_manifest(self.path)
        except LibraryNotFound:
            return None

    def commit(self, manifest: Manifest, staged: Sequence[str]) -> None:
        """Make `staged` files of the work folder the library's next state, then clear away what came before.

        The files get names of the manifest's generation; nothing refers to them until the manifest is replaced.
        """
        for name in staged:
            (self.work / name).replace(self.path / name)
        _flush_folder(self.path)
        temporary = self.path / f".manifest-{manifest.generation}"
        with temporary.open("w", encoding="utf-8") as file:
            file.write(manifest.to_json())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path / _MANIFEST)
        _flush_folder(self.path)
        self._sweep(manifest)

    def _clear_work(self) -> None:
        """Remove what an earlier try staged; only its shards can be taken up again."""
        if self.work.is_dir():
            for file in self.work.iterdir():
                if file.is_file():
                    file.unlink()

    def _sweep(self, manifest: Manifest) -> None:
        named = {entry.name for entry in manifest.files.values()}
        for file in self.path.iterdir():
            if _OURS.fullmatch(file.name) and file.name not in named:
                with suppress(OSError):  # Windows keeps files that a reader has open; the next commit tries again
                    file.unlink()
        shutil.rmtree(self.work, ignore_errors=True)

    def _refuse_foreign_folder(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise LibraryExists(f"{self.path} is a file: name a folder for the library")
        if not self.path.is_dir() or (self.path / _MANIFEST).exists() or (self.path / _WORK).exists():
            return
        others = sorted(file.name for file in self.path.iterdir() if file.name != _LOCK)
        if others:
            raise LibraryExists(
                f"{self.path} is not a library and holds other files ({others[0]}): name another folder"
            )


def describe_file(path: Path) -> FileEntry:
    """Force a completed file to disk and return its name, size and checksum."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
        return FileEntry(path.name, path.stat().st_size, file_digest(file, "sha256").hexdigest())


def _flush_folder(path: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
