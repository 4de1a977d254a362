"""Shards of work to whoever does them: this process, or the workers of a Dask cluster. Knows neither papers nor FAISS.

Work is a function that can be imported by its name; a shard is a small value that it is called with. What it makes that
is large it leaves in a folder which all workers share, whole or not at all, under a name that its content decides. So
any worker may do any shard, or do it again, and it does not matter which of them is killed. Scheduling, retries and
transport are Dask's. Another engine is one more entry in `ENGINES`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import TracebackType
from typing import Any, Protocol, TypeVar

from explorer.errors import EngineUnavailable

Shard = TypeVar("Shard")
Result = TypeVar("Result")

_PATIENCE = 10.0  # seconds that a scheduler has to answer
_ALONE = 60.0  # seconds that a cluster may be without any worker
_LOOK = 5.0  # seconds between two looks whether it has some
_AHEAD = 4  # shards handed out for each thread of a worker
_AGAIN = 2  # times that a shard is tried again which a worker could not do
_INSTALL = "the engine 'dask' needs the extra of that name: pip install 'paper-explorer[dask]'"


class Engine(Protocol):
    """Do shards of work. Use as a context manager."""

    is_here: bool
    """Whether work is done in this process: then functions and shards need not be such as can be sent."""

    def __enter__(self) -> Engine:
        """Begin. Raises EngineUnavailable."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End; workers that were there before stay."""

    def run(self, work: Callable[[Shard], Result], shards: Iterable[Shard]) -> Iterator[Result]:
        """Yield what `work` returns for each shard, in their order. Raises what it raises, and EngineUnavailable."""

    def everywhere(self, work: Callable[[Shard], Result], shard: Shard) -> dict[str, Result]:
        """Return what `work` returns for a shard on every worker that there is now, by the worker's name."""


class LocalEngine:
    """Do one shard after the other in this process."""

    is_here = True

    def __init__(self, address: str | None = None) -> None:
        if address is not None:
            raise EngineUnavailable("an address is that of a Dask scheduler: add --engine dask")

    def __enter__(self) -> LocalEngine:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End."""

    def run(self, work: Callable[[Shard], Result], shards: Iterable[Shard]) -> Iterator[Result]:
        """Yield what `work` returns for each shard."""
        return map(work, shards)

    def everywhere(self, work: Callable[[Shard], Result], shard: Shard) -> dict[str, Result]:
        """Return what `work` returns here."""
        return {"this process": work(shard)}


class DaskEngine:
    """Hand shards to the workers of a Dask cluster: that at `address`, else one process for each core of this machine.

    A worker that dies costs its shards a second try elsewhere; a cluster without workers is waited for a minute.
    """

    is_here = False

    def __init__(self, address: str | None = None) -> None:
        self._address = address
        self._client: Any = None
        self._cluster: Any = None

    def __enter__(self) -> DaskEngine:
        """Connect. Raises EngineUnavailable where nobody answers."""
        try:
            from distributed import LocalCluster
        except ImportError:
            raise EngineUnavailable(_INSTALL) from None
        try:
            if self._address is None:
                self._cluster = LocalCluster(threads_per_worker=1, dashboard_address="127.0.0.1:0")
            self._client = _connected(self._cluster or self._address)
            self._client.wait_for_workers(1, timeout=_ALONE)
        except (OSError, ValueError, TimeoutError) as error:
            self._close()
            raise EngineUnavailable(
                f"no Dask cluster with a worker answers at {self._address or 'this machine'} ({error}): start one with "
                "'dask scheduler' and 'dask worker ADDRESS', or leave --address out for one on this machine"
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the cluster; one that was made here ends."""
        self._close()

    def run(self, work: Callable[[Shard], Result], shards: Iterable[Shard]) -> Iterator[Result]:
        """Yield what `work` returns for each shard, in their order; some shards are handed out ahead."""
        left = iter(shards)
        ahead = max(1, _AHEAD * self._threads())
        pending = deque(self._handed_out(work, shard) for shard in islice(left, ahead))
        while pending:
            result: Result = self._result(pending.popleft())
            pending.extend(self._handed_out(work, shard) for shard in islice(left, 1))
            yield result

    def everywhere(self, work: Callable[[Shard], Result], shard: Shard) -> dict[str, Result]:
        """Return what `work` returns for a shard on every worker, by its address. Raises EngineUnavailable."""
        found: dict[str, Any] = self._client.run(work, shard, on_error="return")
        for worker, result in found.items():
            if isinstance(result, BaseException):
                raise EngineUnavailable(f"the worker {worker} cannot do its part: {type(result).__name__}: {result}")
        return found

    def _handed_out(self, work: Callable[..., Any], shard: Any) -> Any:
        return self._client.submit(work, shard, pure=False, retries=_AGAIN)

    def _result(self, future: Any) -> Any:
        """Wait for a result while there are workers. Raises what the work raised."""
        from distributed import CancelledError
        from distributed.comm.core import CommClosedError
        from distributed.scheduler import KilledWorker

        waited = 0.0
        while True:
            try:
                return future.result(timeout=_LOOK)
            except KilledWorker as error:
                raise EngineUnavailable(f"a shard took several workers down with it: {error}") from error
            except (CancelledError, CommClosedError, OSError, TimeoutError) as error:
                if future.status == "error":  # it is the work that raised it
                    raise
                waited = 0.0 if self._threads() else waited + _LOOK
                is_lost = future.status in {"cancelled", "lost"} or self._client.status != "running"
                if is_lost or waited > _ALONE:
                    raise EngineUnavailable(
                        "the Dask cluster went away, or has had no worker for a minute; shards that are done are kept: "
                        "run the same command again"
                    ) from error

    def _threads(self) -> int:
        return sum(self._client.nthreads().values()) if self._client.status == "running" else 0

    def _close(self) -> None:
        for each in (self._client, self._cluster):
            if each is not None:
                each.close()


def _connected(to: Any) -> Any:
    """Return a client of a cluster. Raises what the client raises, after it has been closed.

    One that could not begin would close itself when it is collected as garbage; and where that happens while another
    begins, both wait for one lock of `distributed` without end.
    """
    from distributed import Client

    class Closing(Client):
        def start(self, **kwargs: Any) -> None:
            try:
                super().start(**kwargs)  # type: ignore[no-untyped-call]
            except BaseException:
                self.close()  # type: ignore[no-untyped-call]
                raise

    return Closing(to, timeout=_PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]


ENGINES: dict[str, Callable[[str | None], Engine]] = {"local": LocalEngine, "dask": DaskEngine}


def engine_named(name: str, address: str | None = None) -> Engine:
    """Return an engine that has not begun yet. Raises EngineUnavailable for a name that none has."""
    if name not in ENGINES:
        raise EngineUnavailable(f"there is no engine {name!r}: choose one of {', '.join(ENGINES)}")
    return ENGINES[name](address)
