"""Files that appear whole or not at all, as what people name to be written must. Imports nothing of the package."""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_CANNOT = {errno.EINVAL, errno.ENOTSUP}  # what file systems say that have nothing to force to disk for a folder
_ABANDONED = 24 * 3600  # seconds after which a file that nobody completed is one of a process that was killed


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file beside `path` for writing. It is forced to disk and gets that name only when the block ends well.

    What has the name is replaced. What killed processes left beside it is removed after a day. Raises OSError.
    """
    _remove_abandoned(path)
    beside = path.with_name(f".{path.name[:100]}-{os.urandom(8).hex()}.part")
    try:
        with beside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        with suppress(PermissionError):  # one may be allowed to write to a folder and not to read it
            flush_folder(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def flush_folder(path: Path) -> None:
    """Force to disk which files a folder has, where the system can do that."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
    finally:
        os.close(descriptor)


def _remove_abandoned(path: Path) -> None:
    ours = re.compile(rf"\.{re.escape(path.name[:100])}-[0-9a-f]{{16}}\.part")
    with suppress(OSError):
        for left in path.parent.iterdir():
            if ours.fullmatch(left.name) and time.time() - left.lstat().st_mtime > _ABANDONED:
                left.unlink(missing_ok=True)
