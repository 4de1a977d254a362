"""Workers that are this process; and what a library holds, to be compared with what others made."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from explorer.engine import ENGINES, LocalEngine
from explorer.store import LibraryFolder


class Pretended(LocalEngine):
    """Workers that are this process, and do as they are told."""

    is_here = False

    def __init__(self, second: dict[str, Any] | None = None, after: Callable[[Any], None] | None = None) -> None:
        """`second` says what the second of two workers answers to which question, if not what the first does."""
        super().__init__()
        self._second, self._after = second or {}, after
        self.done: list[Any] = []

    def run(self, work: Callable[[Any], Any], shards: Iterable[Any]) -> Iterator[Any]:
        for shard in shards:
            self.done.append(shard)
            yield work(shard)
            if self._after is not None:
                self._after(shard)

    def everywhere(self, work: Callable[[Any], Any], shard: Any) -> dict[str, Any]:
        return {"one": work(shard), "two": self._second.get(work.__name__) or work(shard)}


def pretend(monkeypatch: pytest.MonkeyPatch, pretended: Pretended) -> Pretended:
    monkeypatch.setitem(ENGINES, "dask", lambda address: pretended)
    return pretended


def arrays(library: Path) -> dict[str, bytes]:
    """Return the content of all arrays, but for the names of files."""
    folder = LibraryFolder(library)
    found = {
        role: folder.array(role).tobytes()
        for role, entry in folder.manifest.files.items()
        if entry.name.endswith("npy")
    }
    folder.close()
    return found


@contextmanager
def one_killed(cluster: Any, library: Path, files: int) -> Iterator[None]:
    """Kill one of a cluster's workers by SIGKILL when a build has made so many shards."""
    shards = library / ".paper-explorer-work" / "shards"
    killed: list[int] = []

    def kill() -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end and not killed:
            if shards.is_dir() and len(list(shards.glob("*.npy"))) >= files:
                victim = next(iter(cluster.workers.values())).pid
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)
            time.sleep(0.001)

    killer = threading.Thread(target=kill)
    killer.start()
    yield
    killer.join()
    assert killed
