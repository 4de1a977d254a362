"""A library folder as its one writer sees it: a lock, a work folder, shards that survive, and the commit."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from explorer.errors import LibraryDamaged, LibraryError, LibraryExists, LibraryInaccessible, LibraryLocked
from explorer.store.files import make_folder, write_file
from explorer.store.folder import LOCK, MANIFEST, WORK, read_manifest
from explorer.store.manifest import Manifest, is_own_name
from explorer.store.shards import HALF_SHARD_NAME, SHARD_NAME, find_shard, keep_shard
from explorer.wholefiles import flush_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Workshop:
    """Hold a library's folder for its one writer: a lock, a work folder, and the commit.

    Use as a context manager. Raises LibraryLocked when another process writes, LibraryExists when the folder holds
    something else than a library, LibraryInaccessible for what the system refuses, a full disk included. The work
    folder survives a failure, so the next try finds finished shards in it. Only files with names of a library's own
    are ever removed, and nothing is written through a link.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.work = path / WORK
        self.shards = self.work / "shards"

    def __enter__(self) -> Workshop:
        from filelock import FileLock, Timeout

        with _refusals(self.path):
            require_own_folder(self.path)
            make_folder(self.path)
            # The kernel's lock: it ends with its process, however that ends.
            self._lock = FileLock(self.path / LOCK)
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                raise LibraryLocked(
                    f"{self.path} is being written by another process: wait for it, or end it"
                ) from None
        try:
            with _refusals(self.path):
                self._clear_away()
                self.shards.mkdir(parents=True, exist_ok=True)
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._clear_away()
        self._remove_empty_folders()
        self._lock.release()
        if isinstance(error, OSError | sqlite3.Error):
            raise LibraryInaccessible(f"{self.path} cannot be written: {error}") from error

    def find_shard(self, name: str) -> Path | None:
        """Return the file of the vectors that were kept as `name`, None unless it is there and whole."""
        return find_shard(self.shards, name)

    def keep_shard(self, name: str, vectors: NDArray[np.float32]) -> Path:
        """Keep (n, d) vectors as `name`, 32 hexadecimal digits, until the next commit; return their file."""
        return keep_shard(self.shards, name, vectors)

    def commit(self, manifest: Manifest) -> None:
        """Make the manifest's files, which are in the work folder, the library's next state; clear away the last one.

        Files that stay as they are may be in the library already. Nothing refers to the others until the manifest is
        replaced. Raises LibraryDamaged when one is missing.
        """
        content = manifest.to_json().encode()
        temporary = self.work / MANIFEST
        try:
            self._move_files(manifest)
            flush_folder(self.path)
            write_file(temporary, content)
            temporary.replace(self.path / MANIFEST)
        except BaseException:
            with suppress(OSError):
                self._take_back(manifest, content)
            raise
        flush_folder(self.path)
        _remove_own_files(self.path, keep={entry.name for entry in manifest.files.values()})
        _remove_named(self.shards, SHARD_NAME)

    def _move_files(self, manifest: Manifest) -> None:
        for entry in manifest.files.values():
            with suppress(FileNotFoundError):
                (self.work / entry.name).replace(self.path / entry.name)
            try:
                size = (self.path / entry.name).stat().st_size
            except FileNotFoundError:
                raise LibraryDamaged(f"{self.path / entry.name} is missing") from None
            if size != entry.size:
                raise LibraryDamaged(f"{self.path / entry.name} is {size} bytes long and not {entry.size}")

    def _take_back(self, manifest: Manifest, content: bytes) -> None:
        """Remove the files of a commit that failed, unless it was done: Ctrl-C may come right after it."""
        with suppress(FileNotFoundError):
            if (self.path / MANIFEST).read_bytes() == content:
                return
        (self.work / MANIFEST).unlink(missing_ok=True)
        for entry in manifest.files.values():
            if manifest.generation in entry.name:
                (self.path / entry.name).unlink(missing_ok=True)

    def _clear_away(self) -> None:
        """Remove what a writer leaves that was killed or had no room: all but whole shards and the committed state."""
        _remove_own_files(self.work)
        _remove_named(self.work, re.escape(MANIFEST))
        _remove_named(self.shards, HALF_SHARD_NAME)
        with suppress(LibraryError):  # without a manifest that can be read, nobody knows what is of use
            committed = {entry.name for entry in read_manifest(self.path).files.values()}
            _remove_own_files(self.path, keep=committed)

    def _remove_empty_folders(self) -> None:
        for folder in (self.shards, self.work):
            with suppress(OSError):  # shards are in it: the next try takes them up
                folder.rmdir()


def tidy(path: Path) -> None:
    """Remove what a killed writer left beside the committed state; nothing where another writes, or none may."""
    try:
        committed = {entry.name for entry in read_manifest(path).files.values()}
        names = {file.name for file in path.iterdir()}
    except (LibraryError, OSError):
        return
    if WORK in names or any(is_own_name(name) for name in names - committed):
        with suppress(LibraryError), Workshop(path):
            pass


def require_own_folder(path: Path) -> None:
    """Raise LibraryExists unless `path` is free, empty, or has files that only a library has.

    It also refuses links to where a writer would write.
    """
    try:
        names = sorted(file.name for file in path.iterdir())
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise LibraryExists(f"{path} is, or is in, a file: name a folder for the library") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise LibraryInaccessible(f"{path} cannot be read: {error}") from error
    if names and not any(is_own_name(name) or name in {WORK, LOCK} for name in names):
        raise LibraryExists(f"{path} is not a library and holds other files ({names[0]}): name another folder")
    for inner in (path / WORK, path / WORK / "shards", path / LOCK):
        if inner.is_symlink():
            raise LibraryExists(f"{inner} is a link to elsewhere, where nothing may be written: remove it")
    with suppress(FileNotFoundError):
        status = (path / LOCK).lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            raise LibraryExists(f"{path / LOCK} is not a file of this folder alone: remove it")


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """Tell what the system refuses."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise LibraryInaccessible(f"{path} cannot be written: {error}") from error


def _remove_own_files(folder: Path, keep: Collection[str] = ()) -> None:
    """Remove the files of `folder` that are named like a library's, `keep` excepted."""
    for name in _names(folder):
        if is_own_name(name) and name not in keep:
            with suppress(OSError):  # Windows keeps files that a reader has open; the next commit tries again
                (folder / name).unlink()


def _remove_named(folder: Path, pattern: str) -> None:
    for name in _names(folder):
        if re.fullmatch(pattern, name):
            with suppress(OSError):
                (folder / name).unlink()


def _names(folder: Path) -> list[str]:
    return os.listdir(folder) if folder.is_dir() else []  # noqa: PTH208 -- names are all that is needed
