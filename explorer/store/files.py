"""Single files and folders: made anew and never through a link, read without waiting, forced to disk."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from explorer.errors import LibraryDamaged
from explorer.store.manifest import FileEntry
from explorer.wholefiles import flush_folder


def new_file(path: Path) -> BinaryIO:
    """Open a file for writing that did not exist: what has its name is taken away first, so no link is followed."""
    path.unlink(missing_ok=True)
    return path.open("xb")


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading. Raises OSError, and LibraryDamaged for a pipe or device, which could be waited for."""
    file: BinaryIO = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 -- it is the caller who closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise LibraryDamaged(f"{path} is no file")
    return file


def describe_file(path: Path) -> FileEntry:
    """Force a completed file to disk and return its name, size and checksum."""
    from hashlib import file_digest

    with path.open("rb+") as file:
        os.fsync(file.fileno())
        return FileEntry(path.name, path.stat().st_size, file_digest(file, "sha256").hexdigest())


def write_file(path: Path, content: bytes) -> None:
    """Make a file of `content` and force it to disk; what has its name is replaced, a link too."""
    with new_file(path) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def make_folder(path: Path) -> None:
    """Make a folder and those it is in, and force to disk that they exist."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        with suppress(OSError):  # one may be allowed to make a folder in another, and not to open that
            flush_folder(folder.parent)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
