"""An engine's workers and the folder of shards that they share: who they are, what they have made of what was asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any, Protocol, TypeVar

from explorer import __version__
from explorer.engine import Engine, LocalEngine
from explorer.errors import EngineUnavailable
from explorer.store import Workshop, find_shard

_PATIENCE = 60.0  # seconds until a file that another machine has written must be seen here


class Shard(Protocol):
    """Say what file is to be made."""

    @property
    def key(self) -> str:
        """Return the file's name, 32 hexadecimal digits: all that decides what is in it decides its name."""

    @property
    def papers(self) -> int:
        """Return of how many papers it is."""


Asked = TypeVar("Asked", bound=Shard)


class Workers:
    """Have files made in a workshop's folder of shards, by this process or by the workers of an engine."""

    def __init__(self, workshop: Workshop, engine: Engine | None = None) -> None:
        self._workshop = workshop
        self._engine = engine or LocalEngine()
        self._are_known = False

    @property
    def are_here(self) -> bool:
        """Tell whether this process does the work."""
        return self._engine.is_here

    @property
    def folder(self) -> str:
        """Return the folder of shards, as workers are to find it."""
        return str(self._workshop.shards.absolute())

    def introduce(self) -> None:
        """Ask the workers who they are, once. Raises EngineUnavailable when one of them cannot take part."""
        import numpy as np

        if self._are_known or self.are_here:
            return
        mark = token_hex(16)
        file = self._workshop.keep_shard(mark, np.ones((1, 1), dtype=np.float32))
        try:
            found = self._engine.everywhere(introduced, Mark(self.folder, mark))
        finally:
            file.unlink(missing_ok=True)
        for worker, (version, sees) in found.items():
            if version != __version__:
                raise EngineUnavailable(f"the worker {worker} has explorer {version}, this is {__version__}: update it")
            if not sees:
                raise EngineUnavailable(
                    f"the worker {worker} does not see {self._workshop.path}: what several machines make must be in "
                    "a folder that all of them share, under the same name"
                )
        self._are_known = True

    def everywhere(self, work: Callable[[Any], Any], asked: Any) -> dict[str, Any]:
        """Return what `work` returns on every worker, by the worker's name. Raises EngineUnavailable."""
        return self._engine.everywhere(work, asked)

    def files(self, work: Callable[[Asked], Any], shards: Iterable[Asked], done: Callable[[int], object]) -> list[Path]:
        """Return the files of shards, in order; `work` makes one that is not there. Raises what it raises.

        Raises EngineUnavailable, also when a file is not seen that a worker has made.
        """
        keys: list[str] = []
        sizes: dict[str, int] = {}

        def missing() -> Iterator[Asked]:
            for shard in shards:
                keys.append(shard.key)
                if self._workshop.find_shard(shard.key) is None:
                    sizes[shard.key] = shard.papers
                    yield shard
                else:
                    done(shard.papers)

        for key in self._engine.run(work, missing()):
            done(sizes[key])
        return [self._seen(key) for key in keys]

    def _seen(self, key: str) -> Path:
        """Return the file of a shard that a worker has made; file systems that are shared may show it late."""
        end = time.monotonic() + _PATIENCE
        while (found := self._workshop.find_shard(key)) is None:
            if time.monotonic() > end:
                raise EngineUnavailable(
                    f"a worker has written {key}.npy to {self._workshop.shards}, where it is not seen whole from here: "
                    "is that folder shared? Run the same command again: what is there is not made anew"
                )
            time.sleep(0.2)
        return found


@dataclass(frozen=True, slots=True)
class Mark:
    """Name a shard by which workers show that they see the folder."""

    folder: str
    key: str


def introduced(mark: Mark) -> tuple[str, bool]:
    """Return of a worker: its version, and whether it sees the folder that holds the mark."""
    return __version__, find_shard(Path(mark.folder), mark.key) is not None
