"""The steps at which a process touches a folder, counted, and something done at one of them.

Python tells of each before it happens: opening, renaming, removing, making folders, connecting to a database.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

_STEPS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "sqlite3.connect", "shutil.copyfile"}


class Steps:
    """Count the steps in `folder` from now on; at number `at`, from 1, call `then`."""

    def __init__(self, folder: Path, at: int = 0, then: Callable[[], None] = lambda: None) -> None:
        self.count = 0
        self.paths: set[str] = set()
        self._folder = str(folder.absolute())
        self._at = at
        self._then = then
        self._is_on = True
        sys.addaudithook(self._heard)  # for good, so it can be switched off

    def stop(self) -> None:
        """Count no more."""
        self._is_on = False

    def _heard(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self._is_on or event not in _STEPS:
            return
        names = [name for name in map(_name, arguments[:2]) if self._folder in name]
        if names:
            self.count += 1
            self.paths.update(names)
            if self.count == self._at:
                self._then()


def end_at_once() -> None:
    """End this process as SIGKILL does."""
    os.kill(os.getpid(), signal.SIGKILL)


def find_no_room() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _name(argument: object) -> str:
    return os.fsdecode(argument) if isinstance(argument, str | bytes | os.PathLike) else ""
